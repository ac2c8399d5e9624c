/* What --strace=FILTER selects. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "syscalls/syscall-table.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean calls[SENTRY_N_SYSCALLS + 1]; /* the last one: every number outside the table */
  gboolean missing; /* no lines, only a list at the end of the calls that were refused */
} StraceFilter;

#define STRACE_ERROR (strace_error_quark ())
GQuark strace_error_quark (void);
enum
{
  STRACE_ERROR_FILTER,
};

/* "" or NULL: everything.  Else names and %classes with commas between them, a ! before the list to
 * turn it round; or "all", "none", "missing".  FALSE names the word that means nothing, and the
 * nearest that does. */
gboolean strace_filter_parse (StraceFilter *filter, const char *text, GError **error);

G_END_DECLS
