/* ELF headers, hostile ones above all. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loader/elf-image.h"
#include "usermem/sentry-usermem.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define MAX_PHDRS 16

typedef struct
{
  Elf64_Ehdr header;
  Elf64_Phdr phdrs[MAX_PHDRS];
} Headers;

static void
add (Headers *h, guint32 type, guint32 flags, guint64 vaddr, guint64 offset, guint64 filesz,
     guint64 memsz)
{
  h->phdrs[h->header.e_phnum++] = (Elf64_Phdr){ .p_type = type,
                                                .p_flags = flags,
                                                .p_vaddr = vaddr,
                                                .p_offset = offset,
                                                .p_filesz = filesz,
                                                .p_memsz = memsz,
                                                .p_align = 4096 };
}

/* What a linker makes of a small program. */
static Headers
plain (void)
{
  Headers h = { .header = { .e_type = ET_DYN,
                            .e_machine = EM_X86_64,
                            .e_phentsize = sizeof (Elf64_Phdr),
                            .e_phoff = sizeof (Elf64_Ehdr),
                            .e_entry = 0x1040 } };

  memcpy (h.header.e_ident, ELFMAG, SELFMAG);
  add (&h, PT_INTERP, PF_R, 0x318, 0x318, 0x1c, 0x1c);
  add (&h, PT_LOAD, PF_R, 0, 0, 0x628, 0x628);
  add (&h, PT_LOAD, PF_R | PF_X, 0x1000, 0x1000, 0x150, 0x150);
  add (&h, PT_LOAD, PF_R | PF_W, 0x3de8, 0x2de8, 0x248, 0x2250);
  add (&h, PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0);
  return h;
}

static int
parse (const Headers *h, SentryElfImage *ret)
{
  guint64 offset;
  gsize size;
  int r = sentry_elf_check_header (&h->header, &offset, &size);

  memset (ret, 0, sizeof *ret);
  return r < 0 ? r : sentry_elf_parse (&h->header, h->phdrs, SENTRY_USER_MAX, ret);
}

static int
parse_only (const Headers *h)
{
  SentryElfImage image;
  int r = parse (h, &image);

  sentry_elf_image_clear (&image);
  return r;
}

static void
plain_image_is_understood (void)
{
  Headers h = plain ();
  SentryElfImage image;

  g_assert_cmpint (parse (&h, &image), ==, 0);
  g_assert_true (image.is_dyn);
  g_assert_true (image.has_interp);
  g_assert_false (image.exec_stack);
  g_assert_cmpuint (image.n_segments, ==, 3);
  g_assert_cmpuint (image.low, ==, 0);
  g_assert_cmpuint (image.high, ==, 0x7000);
  g_assert_cmpuint (image.phdr, ==, sizeof (Elf64_Ehdr));
  g_assert_cmpuint (image.start_code, ==, 0x1000);
  g_assert_cmpuint (image.end_code, ==, 0x1150);
  g_assert_cmpuint (image.start_data, ==, 0x3de8);
  g_assert_cmpuint (image.brk, ==, 0x3de8 + 0x2250);
  g_assert_cmpint (image.segments[1].prot, ==, PROT_READ | PROT_EXEC);
  sentry_elf_image_clear (&image);
  h.phdrs[4].p_flags |= PF_X;
  g_assert_cmpint (parse (&h, &image), ==, 0);
  g_assert_true (image.exec_stack);
  sentry_elf_image_clear (&image);
}

static void
foreign_headers_are_refused (void)
{
  Headers h = plain ();

  h.header.e_ident[0] = 0;
  g_assert_cmpint (parse_only (&h), ==, -ENOEXEC);
  h = plain ();
  h.header.e_type = ET_REL;
  g_assert_cmpint (parse_only (&h), ==, -ENOEXEC);
  h = plain ();
  h.header.e_machine = EM_AARCH64;
  g_assert_cmpint (parse_only (&h), ==, -ENOEXEC);
  h = plain ();
  h.header.e_phentsize++;
  g_assert_cmpint (parse_only (&h), ==, -ENOEXEC);
  h = plain ();
  h.header.e_phnum = 0;
  g_assert_cmpint (parse_only (&h), ==, -ENOEXEC);
  h.header.e_phnum = 65535;
  g_assert_cmpint (parse_only (&h), ==, -ENOEXEC);
}

static void
impossible_segments_are_refused (void)
{
  Headers h = plain ();

  h.phdrs[3].p_memsz = 1;
  g_assert_cmpint (parse_only (&h), ==, -EINVAL);
  h = plain ();
  h.phdrs[3].p_vaddr = G_MAXUINT64 - 0x1217;
  g_assert_cmpint (parse_only (&h), ==, -EINVAL);
  h = plain ();
  h.phdrs[3].p_memsz = G_MAXUINT64;
  g_assert_cmpint (parse_only (&h), ==, -EINVAL);
  h = plain ();
  h.phdrs[3].p_offset++;
  g_assert_cmpint (parse_only (&h), ==, -EINVAL);
  h = plain ();
  h.phdrs[1].p_offset = h.phdrs[1].p_filesz = G_GUINT64_CONSTANT (1) << 62;
  h.phdrs[1].p_memsz = G_GUINT64_CONSTANT (1) << 62;
  g_assert_cmpint (parse_only (&h), ==, -EINVAL);
  h = plain ();
  h.phdrs[0].p_filesz = 1;
  g_assert_cmpint (parse_only (&h), ==, -ENOEXEC);
  h.phdrs[0].p_filesz = 4097;
  g_assert_cmpint (parse_only (&h), ==, -ENOEXEC);
  h = plain ();
  for (guint i = 1; i < 4; i++)
    h.phdrs[i].p_type = PT_NOTE;
  g_assert_cmpint (parse_only (&h), ==, -EINVAL);
}

/* Whatever comes through has the properties that mapping relies on. */
static void
check_accepted (const SentryElfImage *image)
{
  g_assert_cmpuint (image->n_segments, >, 0);
  g_assert_cmpuint (image->low, <, image->high);
  g_assert_cmpuint (image->high, <=, SENTRY_USER_MAX);
  g_assert_cmpuint (image->align & (image->align - 1), ==, 0);
  g_assert_cmpuint (image->align, >=, SENTRY_PAGE_SIZE);
  for (guint i = 0; i < image->n_segments; i++)
    {
      const SentryElfSegment *s = &image->segments[i];

      g_assert_cmpuint (s->filesz, <=, s->memsz);
      g_assert_cmpuint (s->vaddr, >=, image->low);
      g_assert_cmpuint (s->vaddr + s->memsz, <=, image->high);
      g_assert_cmpuint (s->vaddr + s->memsz, >=, s->vaddr);
      if (s->filesz > 0)
        g_assert_cmpuint (s->offset % SENTRY_PAGE_SIZE, ==, s->vaddr % SENTRY_PAGE_SIZE);
    }
  if (image->has_interp)
    g_assert_cmpuint (image->interp_size, <=, 4096);
}

/* Flips of bytes, and of whole words to the numbers that overflow. */
static void
damage (Headers *h)
{
  static const guint64 words[] = { 0,
                                   1,
                                   4095,
                                   4096,
                                   G_MAXUINT32,
                                   G_MAXINT64,
                                   G_MAXUINT64,
                                   G_GUINT64_CONSTANT (0x7ffffffff000),
                                   G_GUINT64_CONSTANT (0x7fffffffe000) };
  guint8 *bytes = (guint8 *) h;
  gsize at;

  if (g_test_rand_bit ())
    {
      at = g_test_rand_int_range (0, sizeof *h);
      bytes[at] = g_test_rand_int ();
      return;
    }
  at = G_STRUCT_OFFSET (Headers, phdrs) + 8 * g_test_rand_int_range (0, 7 * 5);
  memcpy (bytes + at, &words[g_test_rand_int_range (0, G_N_ELEMENTS (words))], 8);
}

static void
damaged_headers_never_hurt (void)
{
  guint accepted = 0;

  for (guint round = 0; round < 200000; round++)
    {
      Headers h = plain ();
      SentryElfImage image;

      for (guint n = g_test_rand_int_range (1, 6); n > 0; n--)
        damage (&h);
      h.header.e_phnum = MIN (h.header.e_phnum, MAX_PHDRS);
      if (parse (&h, &image) < 0)
        continue;
      accepted++;
      check_accepted (&image);
      sentry_elf_image_clear (&image);
    }
  g_assert_cmpuint (accepted, >, 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/loader/elf/plain-image-is-understood", plain_image_is_understood);
  g_test_add_func ("/sentry/loader/elf/foreign-headers-are-refused", foreign_headers_are_refused);
  g_test_add_func ("/sentry/loader/elf/impossible-segments-are-refused",
                   impossible_segments_are_refused);
  g_test_add_func ("/sentry/loader/elf/damaged-headers-never-hurt", damaged_headers_never_hurt);
  return g_test_run ();
}
