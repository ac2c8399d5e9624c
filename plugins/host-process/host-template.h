/* Starts the template from which every guest host-process is forked.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Pairs of connected sockets: the sentry sends descriptors into one end, each guest process holds
 * the other. */
typedef struct
{
  pid_t pid; /* the template, traced by the calling thread and stopped; parked by the caller */
  int send[8], recv[8]; /* HIDDEN_SOCKETS pairs */
} SentryHostTemplate;

/* The thread that calls it is the parent of all guest processes: they die when it does, so it must
 * live as long as the process (the main thread).  `max_memory`: RLIMIT_AS of guest processes, 0 =
 * as the sentry's. */
gboolean sentry_host_template_start (SentryHostTemplate *ret_template, guint64 max_memory,
                                     GError **error);

extern const guint8 sentry_host_template_image[];
extern const gsize sentry_host_template_image_size;

G_END_DECLS
