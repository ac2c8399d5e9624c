/* The messages between a sandbox process and the program that started it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "control/control-message.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define HEAD_SIZE G_STRUCT_OFFSET (SentryControlMessage, text)

int
sentry_control_pair (int ret_fds[2])
{
  return socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) == 0 ? 0 : -errno;
}

int
sentry_control_send (int fd, SentryControlType type, gint32 value, const char *text)
{
  SentryControlMessage m = { .type = type, .value = value };
  gsize len = text != NULL ? MIN (strlen (text), SENTRY_CONTROL_TEXT_MAX) : 0;
  ssize_t n;

  if (len > 0)
    memcpy (m.text, text, len);
  do
    n = send (fd, &m, HEAD_SIZE + len, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : 0;
}

int
sentry_control_receive (int fd, SentryControlMessage *ret_message)
{
  ssize_t n;

  do
    n = recv (fd, ret_message, HEAD_SIZE + SENTRY_CONTROL_TEXT_MAX, 0);
  while (n < 0 && errno == EINTR);
  if (n == 0 || (n < 0 && errno == ECONNRESET))
    return 0;
  if (n < 0)
    return -errno;
  if ((gsize) n < HEAD_SIZE || ret_message->type < SENTRY_CONTROL_STARTED
      || ret_message->type > SENTRY_CONTROL_LAST)
    return -EPROTO;
  ret_message->text[(gsize) n - HEAD_SIZE] = '\0';
  return 1;
}
