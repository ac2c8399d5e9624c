/* ELF headers: everything is checked here, nothing is mapped.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loader/elf-image.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

#include "usermem/sentry-usermem.h"

/* As Linux: class, data encoding and version are not looked at, the size of a program header tells
 * enough. */
int
sentry_elf_check_header (const Elf64_Ehdr *header, guint64 *ret_phdr_offset, gsize *ret_phdr_size)
{
  if (memcmp (header->e_ident, ELFMAG, SELFMAG) != 0)
    return -ENOEXEC;
  if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
    return -ENOEXEC;
  if (header->e_machine != EM_X86_64 || header->e_phentsize != sizeof (Elf64_Phdr))
    return -ENOEXEC;
  if (header->e_phnum == 0 || header->e_phnum > SENTRY_ELF_MAX_PHDRS)
    return -ENOEXEC;
  *ret_phdr_offset = header->e_phoff;
  *ret_phdr_size = header->e_phnum * sizeof (Elf64_Phdr);
  return 0;
}

static int
prot_of (guint32 flags)
{
  return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0)
         | (flags & PF_X ? PROT_EXEC : 0);
}

/* Keeps the hull, and the addresses that /proc/PID/stat shows, up to date. */
static void
widen (SentryElfImage *image, const Elf64_Phdr *ph)
{
  guint64 start = ph->p_vaddr, file_end = start + ph->p_filesz, end = start + ph->p_memsz;

  image->low = MIN (image->low, sentry_page_down (start));
  image->high = MAX (image->high, sentry_page_up (end));
  if (ph->p_flags & PF_X)
    {
      image->start_code = MIN (image->start_code, start);
      image->end_code = MAX (image->end_code, file_end);
    }
  image->start_data = MAX (image->start_data, start);
  image->end_data = MAX (image->end_data, file_end);
  image->brk = MAX (image->brk, end);
  if (ph->p_align > image->align && (ph->p_align & (ph->p_align - 1)) == 0)
    image->align = ph->p_align;
}

static int
add_segment (SentryElfImage *image, const Elf64_Ehdr *header, const Elf64_Phdr *ph, guint64 max)
{
  SentryElfSegment *s = &image->segments[image->n_segments];

  if (ph->p_filesz > ph->p_memsz || ph->p_memsz > max || ph->p_vaddr > max - ph->p_memsz)
    return -EINVAL;
  /* A mapping can put a file page only at a page; empty parts have no file. */
  if (ph->p_filesz > 0
      && (ph->p_offset % SENTRY_PAGE_SIZE != ph->p_vaddr % SENTRY_PAGE_SIZE
          || ph->p_offset > G_MAXINT64 || ph->p_filesz > G_MAXINT64 - ph->p_offset))
    return -EINVAL;
  *s = (SentryElfSegment){ .vaddr = ph->p_vaddr,
                           .offset = ph->p_offset,
                           .filesz = ph->p_filesz,
                           .memsz = ph->p_memsz,
                           .prot = prot_of (ph->p_flags) };
  image->n_segments++;
  if (image->phdr == 0 && ph->p_offset <= header->e_phoff
      && header->e_phoff - ph->p_offset < ph->p_filesz)
    image->phdr = header->e_phoff - ph->p_offset + ph->p_vaddr;
  widen (image, ph);
  return 0;
}

static int
add_interp (SentryElfImage *image, const Elf64_Phdr *ph)
{
  if (image->has_interp)
    return 0;
  if (ph->p_filesz > PATH_MAX || ph->p_filesz < 2 || ph->p_offset > G_MAXINT64 - PATH_MAX)
    return -ENOEXEC;
  image->has_interp = TRUE;
  image->interp_offset = ph->p_offset;
  image->interp_size = ph->p_filesz;
  return 0;
}

static int
add_header (SentryElfImage *image, const Elf64_Ehdr *header, const Elf64_Phdr *ph, guint64 max)
{
  switch (ph->p_type)
    {
    case PT_LOAD:
      /* Nothing in memory: Linux maps nothing for it either. */
      return ph->p_memsz == 0 && ph->p_filesz == 0 ? 0 : add_segment (image, header, ph, max);
    case PT_INTERP:
      return add_interp (image, ph);
    case PT_GNU_STACK:
      image->exec_stack = (ph->p_flags & PF_X) != 0;
      return 0;
    default:
      return 0;
    }
}

static int
check_whole (const SentryElfImage *image, guint64 max)
{
  if (image->n_segments == 0 || image->high > max || image->high <= image->low)
    return -EINVAL;
  return 0;
}

int
sentry_elf_parse (const Elf64_Ehdr *header, const Elf64_Phdr *phdrs, guint64 max,
                  SentryElfImage *ret_image)
{
  SentryElfImage image = { .is_dyn = header->e_type == ET_DYN,
                           .entry = header->e_entry,
                           .n_phdr = header->e_phnum,
                           .low = G_MAXUINT64,
                           .start_code = G_MAXUINT64,
                           .align = SENTRY_PAGE_SIZE };
  int r = 0;

  image.segments = g_try_new0 (SentryElfSegment, header->e_phnum);
  if (image.segments == NULL)
    return -ENOMEM;
  for (guint i = 0; i < header->e_phnum && r == 0; i++)
    r = add_header (&image, header, &phdrs[i], max);
  for (guint i = 0; i < header->e_phnum && r == 0; i++)
    if (phdrs[i].p_type == PT_PHDR)
      {
        image.phdr = phdrs[i].p_vaddr;
        break;
      }
  if (r == 0)
    r = check_whole (&image, max);
  if (r < 0)
    sentry_elf_image_clear (&image);
  else
    *ret_image = image;
  return r;
}

void
sentry_elf_image_clear (SentryElfImage *image)
{
  g_clear_pointer (&image->segments, g_free);
  image->n_segments = 0;
}
