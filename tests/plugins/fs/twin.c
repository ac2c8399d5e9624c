/* A twin: a child on the host's tmpfs and a namespace of ours, asked the same.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "twin.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugins/fs/mount-namespace.h"
#include "plugins/fs/tmpfs.h"

struct Twin
{
  pid_t child;
  int fd;
  gboolean users;
  SentryMountNamespace *ns;
  TwinSide *side;
};

static gboolean
write_text (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean ok = fd >= 0 && write (fd, text, strlen (text)) == (gssize) strlen (text);

  if (fd >= 0)
    close (fd);
  return ok;
}

/* A tmpfs of its own as root directory; as an ordinary user inside a user namespace. */
static gboolean
enter_tmpfs (void)
{
  uid_t uid = getuid ();
  gid_t gid = getgid ();
  char map[64];

  if (unshare (uid == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) < 0)
    return FALSE;
  if (uid != 0)
    {
      g_snprintf (map, sizeof map, "0 %u 1", uid);
      if (!write_text ("/proc/self/setgroups", "deny") || !write_text ("/proc/self/uid_map", map))
        return FALSE;
      g_snprintf (map, sizeof map, "0 %u 1", gid);
      if (!write_text ("/proc/self/gid_map", map))
        return FALSE;
    }
  /* Mounted twice, so that the root of the namespace can be pivoted away from. */
  if (mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
      || mount ("none", "/tmp", "tmpfs", 0, "mode=755") < 0 || chdir ("/tmp") < 0
      || chroot (".") < 0)
    return FALSE;
  umask (022);
  return TRUE;
}

static void
serve (int fd)
{
  TwinCall call;
  TwinAnswer answer;
  char ok = enter_tmpfs ();

  if (write (fd, &ok, 1) != 1)
    _exit (1);
  while (recv (fd, &call, sizeof call, 0) == sizeof call)
    {
      twin_host_call (&call, &answer);
      if (send (fd, &answer, sizeof answer, 0) != sizeof answer)
        break;
    }
  _exit (0);
}

static SentryMountNamespace *
new_namespace (void)
{
  SentryMountNamespace *ns = g_object_new (SENTRY_FS_TYPE_MOUNT_NAMESPACE, NULL);
  const SentryMountPlan plan = { .root_fd = -1, .keep_fd = -1 };
  SentryFilesystem *tmpfs = g_object_new (SENTRY_TYPE_TMPFS_FILESYSTEM, NULL);
  GError *error = NULL;

  sentry_mount_namespace_ops (ns)->add_filesystem (ns, tmpfs);
  g_object_unref (tmpfs);
  sentry_mount_namespace_populate (ns, NULL, &plan, &error);
  g_assert_no_error (error);
  return ns;
}

Twin *
twin_new (const char **ret_why)
{
  Twin *t = g_new0 (Twin, 1);
  int fds[2];
  char ok = 0;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), ==, 0);
  t->users = getuid () == 0;
  t->child = fork ();
  g_assert_cmpint (t->child, >=, 0);
  if (t->child == 0)
    {
      close (fds[0]);
      serve (fds[1]);
    }
  close (fds[1]);
  t->fd = fds[0];
  if (read (t->fd, &ok, 1) != 1 || !ok)
    {
      *ret_why = "the host allows no mount namespace here";
      twin_free (t);
      return NULL;
    }
  t->ns = new_namespace ();
  t->side = twin_side_new (t->ns);
  return t;
}

void
twin_free (Twin *t)
{
  close (t->fd);
  waitpid (t->child, NULL, 0);
  if (t->side != NULL)
    twin_side_free (t->side);
  if (t->ns != NULL)
    sentry_mount_namespace_ops (t->ns)->destroy (t->ns);
  g_clear_object (&t->ns);
  g_free (t);
}

gboolean
twin_has_users (Twin *t)
{
  return t->users;
}

SentryMountNamespace *
twin_namespace (Twin *t)
{
  return t->ns;
}

gboolean
twin_call (Twin *t, const TwinCall *call, TwinAnswer *ret_answer)
{
  TwinAnswer host, ours;

  g_assert_cmpint (send (t->fd, call, sizeof *call, 0), ==, sizeof *call);
  g_assert_cmpint (recv (t->fd, &host, sizeof host, 0), ==, sizeof host);
  twin_side_call (t->side, call, &ours);
  if (ret_answer != NULL)
    *ret_answer = host;
  if (host.result == ours.result && strcmp (host.text, ours.text) == 0)
    return TRUE;
  g_test_message ("call %d '%s' '%s' number %ld flags %x mode %o", call->kind, call->a, call->b,
                  call->number, call->flags, call->mode);
  g_test_message ("  host: %ld (%s) %s", host.result,
                  host.result < 0 ? g_strerror (-host.result) : "", host.text);
  g_test_message ("  ours: %ld (%s) %s", ours.result,
                  ours.result < 0 ? g_strerror (-ours.result) : "", ours.text);
  return FALSE;
}

void
twin_expect (Twin *t, int line, gint64 result, const TwinCall *call)
{
  TwinAnswer answer;

  if (!twin_call (t, call, &answer))
    g_error ("line %d: host and ours differ", line);
  if (answer.result != result)
    g_error ("line %d: %ld instead of %ld", line, answer.result, result);
}
