/* An ELF file's headers, parsed and checked. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <elf.h>
#include <glib.h>

G_BEGIN_DECLS

/* Linux reads at most this much of program headers. */
#define SENTRY_ELF_MAX_PHDRS (65536 / sizeof (Elf64_Phdr))

typedef struct
{
  guint64 vaddr, offset, filesz, memsz;
  int prot;
} SentryElfSegment;

/* What the loader needs to know: addresses are as linked, without load bias. */
typedef struct
{
  gboolean is_dyn; /* ET_DYN: goes anywhere */
  guint64 entry;
  guint64 phdr; /* address of the program headers in memory; 0: not in a segment */
  guint n_phdr;
  SentryElfSegment *segments; /* PT_LOAD, in file order; owned */
  guint n_segments;
  guint64 low, high; /* page-aligned hull of the segments */
  guint64 align;     /* largest power of two that a segment asks for; at least a page */
  guint64 start_code, end_code, start_data, end_data, brk;
  gboolean has_interp;
  guint64 interp_offset, interp_size;
  gboolean exec_stack; /* PT_GNU_STACK with PF_X */
} SentryElfImage;

/* The fixed header: 0, or -ENOEXEC.  Says where the program headers are. */
int sentry_elf_check_header (const Elf64_Ehdr *header, guint64 *ret_phdr_offset,
                             gsize *ret_phdr_size);
/* Pure: looks at nothing but its arguments.  `max` is the highest address that the image may reach,
 * as linked. 0, -ENOEXEC, -EINVAL, -ENOMEM. */
int sentry_elf_parse (const Elf64_Ehdr *header, const Elf64_Phdr *phdrs, guint64 max,
                      SentryElfImage *ret_image);
void sentry_elf_image_clear (SentryElfImage *image);

G_END_DECLS
