/* The lines of a trace: who wrote last, what is unfinished.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "strace/decode.h"
#include "strace/filter.h"

G_BEGIN_DECLS

/* One task that is traced. */
typedef struct
{
  gint32 tid;       /* T */
  gboolean in_call; /* T: a call was entered and has not returned */
  GString
      *head; /* m from strace_line_begin to strace_line_end, else T: the call as known on entry */
  GString *tail;    /* T: the rest */
  gboolean written; /* m: head stands on the terminal, and the line is open */
  gboolean cut;     /* m: head stands on a line of its own, as unfinished */
  StraceCall call;  /* T */
} Tracee;

void strace_lines_init (int fd, gboolean times);
/* The tracee of this key, made if need be. */
Tracee *strace_tracee (gconstpointer key, gint32 tid);
void strace_tracee_forget (gconstpointer key);
void strace_tracees_clear (void);

/* The call was entered, head is ready: it has the current line until another tracee writes. */
void strace_line_begin (Tracee *t);
/* The call blocks: shows what there is, so that a trace that hangs says where. */
void strace_line_blocked (Tracee *t);
/* The call returned: tail, then the result.  A cut line goes on as resumed. */
void strace_line_end (Tracee *t, const char *name, const char *result);
/* A line of its own. */
void strace_line_write (Tracee *t, const char *line);
/* Without prefix. */
void strace_line_raw (const char *line);

G_END_DECLS
