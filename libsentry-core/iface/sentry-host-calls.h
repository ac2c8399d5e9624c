/* What each part needs of the host once the sandbox is locked down. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One allowed host system call; the filter is the union of every part's list.  A rule with n_args
 * conditions allows the call only when all hold; a call that any part needs unconditionally is
 * allowed unconditionally. */
typedef struct
{
  int nr; /* __NR_x */
  const char *why;
  struct
  {
    guint arg;    /* 0 … 5 */
    guint64 mask; /* compared bits */
    guint64 value;
  } args[3];
  guint n_args;
} SentryHostCall;

/* Ends a list. */
#define SENTRY_HOST_CALLS_END                                                                      \
  {                                                                                                \
    -1, NULL, { { 0, 0, 0 } }, 0                                                                   \
  }

G_END_DECLS
