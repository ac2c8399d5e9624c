/* ELF images into memory. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loader/loader-private.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

gint64
sentry_exec_read_head (SentryFile *file, gpointer buf, gsize len)
{
  gsize done = 0;

  memset (buf, 0, len);
  while (done < len)
    {
      gint64 pos = done, n;
      SentryIter it;

      sentry_iter_init_kernel (&it, (char *) buf + done, len - done);
      n = sentry_file_read (file, &it, &pos);
      if (n < 0)
        return n;
      if (n == 0)
        break;
      done += n;
    }
  return done;
}

int
sentry_exec_read (SentryFile *file, gpointer buf, gsize len, guint64 offset)
{
  gsize done = 0;

  if (offset > G_MAXINT64 - len)
    return -EIO;
  while (done < len)
    {
      gint64 pos = offset + done, n;
      SentryIter it;

      sentry_iter_init_kernel (&it, (char *) buf + done, len - done);
      n = sentry_file_read (file, &it, &pos);
      if (n <= 0)
        return n < 0 ? n : -EIO;
      done += n;
    }
  return 0;
}

int
sentry_elf_read (SentryFile *file, guint64 max, SentryElfImage *ret_image)
{
  Elf64_Ehdr header;
  g_autofree Elf64_Phdr *phdrs = NULL;
  guint64 offset;
  gsize size;
  int r = sentry_exec_read (file, &header, sizeof header, 0);

  if (r == -EIO)
    return -ENOEXEC;
  if (r == 0)
    r = sentry_elf_check_header (&header, &offset, &size);
  if (r < 0)
    return r;
  phdrs = g_try_malloc (size);
  if (phdrs == NULL)
    return -ENOMEM;
  r = sentry_exec_read (file, phdrs, size, offset);
  if (r == -EIO)
    return -ENOEXEC;
  return r < 0 ? r : sentry_elf_parse (&header, phdrs, max, ret_image);
}

static int
map_piece (SentryMM *mm, SentryLimits *limits, guint64 start, guint64 end, int prot,
           SentryFile *file, guint64 offset)
{
  SentryMmapArgs args = { .addr = start,
                          .len = end - start,
                          .prot = prot,
                          .flags = MAP_PRIVATE | MAP_FIXED | (file == NULL ? MAP_ANONYMOUS : 0),
                          .file = file,
                          .offset = offset };
  gint64 r;

  if (end <= start)
    return 0;
  r = sentry_mm_mmap (mm, NULL, limits, &args);
  return r < 0 ? r : 0;
}

/* The file's part, then zeroes: the rest of its last page, and pages of their own. */
static int
map_segment (SentryMM *mm, SentryLimits *limits, SentryFile *file, const SentryElfSegment *s,
             guint64 bias)
{
  guint64 start = bias + s->vaddr, file_end = start + s->filesz, end = start + s->memsz;
  guint64 first = sentry_page_down (start), zero_from = first;
  int r = 0;

  if (s->filesz > 0)
    {
      zero_from = sentry_page_up (file_end);
      r = map_piece (mm, limits, first, zero_from, s->prot, file, s->offset - (start - first));
      if (r == 0 && s->memsz > s->filesz && (s->prot & PROT_WRITE)
          && sentry_zero_out_partial (sentry_mm_usermem (mm), file_end, zero_from - file_end)
                 < zero_from - file_end)
        r = -EFAULT;
    }
  if (r == 0 && s->memsz > s->filesz)
    r = map_piece (mm, limits, zero_from, sentry_page_up (end),
                   PROT_READ | PROT_WRITE | (s->prot & PROT_EXEC), NULL, 0);
  return r;
}

/* A free place for the whole image, aligned as its segments ask. */
static int
find_base (SentryMM *mm, const SentryElfImage *image, guint64 *ret_base)
{
  guint64 size = image->high - image->low, slack = image->align - SENTRY_PAGE_SIZE, base;

  if (slack > sentry_mm_task_size (mm) - size)
    return -ENOMEM;
  base = sentry_mm_unused_range (mm, size + slack);
  if (base == 0)
    return -ENOMEM;
  *ret_base = (base + slack) & ~(image->align - 1);
  return 0;
}

int
sentry_elf_map (SentryMM *mm, SentryLimits *limits, SentryFile *file, const SentryElfImage *image,
                guint64 base, SentryElfPlace *ret_place)
{
  guint64 bias = 0;
  int r = 0;

  if (image->is_dyn)
    {
      if (base == 0)
        r = find_base (mm, image, &base);
      bias = base - image->low;
    }
  for (guint i = 0; i < image->n_segments && r == 0; i++)
    r = map_segment (mm, limits, file, &image->segments[i], bias);
  if (r < 0)
    return r;
  ret_place->bias = bias;
  ret_place->entry = image->entry + bias;
  ret_place->phdr = image->phdr != 0 ? image->phdr + bias : 0;
  return ret_place->entry < sentry_mm_task_size (mm) ? 0 : -EINVAL;
}
