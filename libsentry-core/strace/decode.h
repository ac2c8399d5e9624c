/* How strace shows arguments and results. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <signal.h>
#include "strace/names.h"
#include "syscalls/syscall-table.h"
#include "usermem/sentry-usermem.h"

G_BEGIN_DECLS

/* strace's own bounds. */
#define STRACE_MAX_STRING 32
#define STRACE_MAX_ELEMENTS 32

/* One call that is being shown.  Guest memory is read at most once for each thing, and bounded. */
typedef struct
{
  GString *out;
  SentryUserMem *um; /* NULL: pointers are shown as numbers */
  const SentrySyscallInfo *info;
  SentrySyscallArgs args;
  guint next;         /* the argument that comes next */
  guint shown;        /* arguments so far */
  gboolean separated; /* the comma before the next one is there */
  gboolean left;      /* the call has returned: `result` is there */
  gint64 result;
  guint64 entry[6]; /* INOUT integers as they were on entry */
} StraceCall;

/* Shows arguments from `next` on: on entry (left FALSE) up to the first that is known only
 * afterwards. */
void strace_show_args (StraceCall *c);
/* "3", "-1 ENOENT (…)", "? ERESTARTSYS (…)" and what belongs to it in parentheses. */
void strace_show_result (StraceCall *c);

/* --- pieces, for the decoders --- */

/* TRUE if the call failed or must be called again: its OUT arguments hold nothing. */
static inline gboolean
strace_failed (const StraceCall *c)
{
  return c->left && c->result < 0 && c->result > -4096;
}

gboolean strace_read (StraceCall *c, gpointer data, guint64 addr, gsize len);
void strace_show_pointer (StraceCall *c, guint64 addr); /* NULL or 0x… */
void strace_show_hex (StraceCall *c, guint64 v);        /* 0 or 0x… */
/* `len` bytes at a guest address as a C string, cut at STRACE_MAX_STRING. */
void strace_show_bytes (StraceCall *c, guint64 addr, guint64 len);
void strace_show_string (StraceCall *c, guint64 addr, gsize max);
void strace_append_quoted (GString *out, const char *bytes, gsize len, gboolean more);

/* A struct of fixed size: `data` is our copy. */
typedef struct
{
  gsize size;
  void (*show) (GString *out, gconstpointer data);
  gboolean scalar; /* one alone stands in brackets */
} StraceStruct;

/* NULL: this kind has no fixed struct. */
const StraceStruct *strace_struct (SentryArgKind kind);
/* One at a guest address; the address itself if it can't be read. */
void strace_show_struct (StraceCall *c, const StraceStruct *s, guint64 addr);
/* [a, b, …] */
void strace_show_array (StraceCall *c, const StraceStruct *s, guint64 addr, guint64 n);

void strace_append_timespec (GString *out, gconstpointer data);
void strace_append_sigset (GString *out, guint64 set);
void strace_append_siginfo (GString *out, const siginfo_t *info);
void strace_append_wstatus (GString *out, int status);
void strace_append_mode (GString *out, guint32 mode);
void strace_append_signal (GString *out, int sig);
void strace_append_int_struct (GString *out, gconstpointer data);

/* Kinds that need more than a struct; TRUE if the kind is one of theirs. */
gboolean strace_show_special (StraceCall *c, guint index);
gboolean strace_special_is_late (const StraceCall *c, guint index);
gboolean strace_special_is_absent (const StraceCall *c, guint index);
gboolean strace_show_socket (StraceCall *c, guint index);
gboolean strace_show_memory (StraceCall *c, guint index);

G_END_DECLS
