/* The messages between a sandbox process and the program that started it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One message is one packet of a SOCK_SEQPACKET pair: type, value, then `text` without its
 * terminating zero.  Both sides treat the other as hostile: a packet that isn't exactly so is an
 * error.  This small protocol is to be replaced by D-Bus peer-to-peer; nothing outside of control/
 * and its two callers knows it. */
typedef enum
{
  /* from the sandbox */
  SENTRY_CONTROL_STARTED = 1, /* guest code runs */
  SENTRY_CONTROL_EXITED,      /* value: the wait status of the guest's init */
  SENTRY_CONTROL_FAILED,      /* value: exit status that sentry is to end with; text: the message */
  SENTRY_CONTROL_PAUSED,      /* answers PAUSE: no guest code runs */
  /* to the sandbox */
  SENTRY_CONTROL_SIGNAL,  /* value: signal number for the guest's init; text: where it came from */
  SENTRY_CONTROL_DUMP,    /* write every task's state to the log */
  SENTRY_CONTROL_PAUSE,   /* stop every task */
  SENTRY_CONTROL_UNPAUSE, /* let them go on */
  SENTRY_CONTROL_LAST = SENTRY_CONTROL_UNPAUSE,
} SentryControlType;

#define SENTRY_CONTROL_TEXT_MAX 4000

typedef struct
{
  guint32 type; /* SentryControlType */
  gint32 value;
  char text[SENTRY_CONTROL_TEXT_MAX + 1]; /* always terminated */
} SentryControlMessage;

/* The two ends, close-on-exec.  0 or negative errno. */
int sentry_control_pair (int ret_fds[2]);
/* `text` may be NULL and is cut at the bound.  0 or negative errno; never a SIGPIPE.  Thread: any.
 */
int sentry_control_send (int fd, SentryControlType type, gint32 value, const char *text);
/* Waits for one message.  1; 0: the other side is gone; negative errno (-EPROTO: not a message). */
int sentry_control_receive (int fd, SentryControlMessage *ret_message);

G_END_DECLS
