/* What the parts of the loader share. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "loader/elf-image.h"
#include "loader/loader.h"

G_BEGIN_DECLS

/* Linux's BINPRM_BUF_SIZE: what decides the format of a file. */
#define SENTRY_EXEC_HEAD 256
/* How many scripts may name each other before an image is reached. */
#define SENTRY_EXEC_MAX_SCRIPTS 5
#define SENTRY_MAX_ARG_STRLEN (32 * 4096)

/* Exactly `len` bytes at `offset`: 0, -EIO when the file ends before, or the file's error. */
int sentry_exec_read (SentryFile *file, gpointer buf, gsize len, guint64 offset);
/* Up to `len` bytes, the rest zeroed: the number read or an error. */
gint64 sentry_exec_read_head (SentryFile *file, gpointer buf, gsize len);

/* A "#!" line, pointing into `head` (which is changed).  0, or -ENOEXEC: no script, or no usable
 * interpreter. */
int sentry_script_parse (char head[SENTRY_EXEC_HEAD], const char **ret_interp,
                         const char **ret_arg);

/* Where an image was put. */
typedef struct
{
  guint64 bias, entry;
  guint64 phdr; /* in memory, 0 if nowhere */
} SentryElfPlace;

/* Reads and checks the headers of `file`. */
int sentry_elf_read (SentryFile *file, guint64 max, SentryElfImage *ret_image);
/* Maps the segments.  `base` for ET_DYN: the address of its lowest page; 0: a free place. */
int sentry_elf_map (SentryMM *mm, SentryLimits *limits, SentryFile *file,
                    const SentryElfImage *image, guint64 base, SentryElfPlace *ret_place);

/* The initial stack as bytes that end at `top`. */
typedef struct
{
  const char *file_name;
  char **argv, **envv;
  const guint64
      *auxv; /* pairs up to AT_NULL; values of AT_EXECFN, AT_RANDOM and AT_PLATFORM are filled in */
  gsize n_auxv;         /* words */
  guint64 random_shift; /* below 8192: Linux's arch_align_stack */
  guint8 random[16];
} SentryStackPlan;

typedef struct
{
  guint8 *bytes; /* g_free */
  gsize size;
  guint64 sp; /* where argc lies */
  guint64 arg_start, arg_end, env_start, env_end;
  guint64 *auxv; /* complete; g_free */
  gsize n_auxv;
} SentryStackImage;

/* Bytes that the strings and pointers need against what execve allows for a stack limit: 0 or
 * -E2BIG. */
int sentry_stack_check (const SentryStackPlan *plan, guint64 stack_limit);
int sentry_stack_build (const SentryStackPlan *plan, guint64 top, SentryStackImage *ret_image);
void sentry_stack_image_clear (SentryStackImage *image);

/* Maps parameter page and image.  *ret_ehdr: AT_SYSINFO_EHDR, 0 if there is no vDSO. */
int sentry_vdso_map (SentryMM *mm, SentryLimits *limits, guint64 *ret_ehdr);

G_END_DECLS
