/* Sockets: making, naming, connecting them, and their options.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/un.h>

#include "auth/user-namespace.h"
#include "kernel/process.h"
#include "syscalls/socket-arguments.h"
#include "syscalls/handlers.h"

SentryScmCred
sentry_task_scm_cred (SentryTask *task)
{
  return (SentryScmCred){ sentry_task_tgid (task), task->cred->euid, task->cred->egid };
}

SentrySocket *
sentry_task_socket (SentryTask *task, gint64 fd, int *ret_errno)
{
  SentryFile *f = sentry_task_file_io (task, fd);
  SentrySocket *s = f != NULL ? sentry_file_socket (f) : NULL;

  *ret_errno = f == NULL ? -EBADF : s == NULL ? -ENOTSOCK : 0;
  if (s == NULL)
    sentry_file_unref (f);
  return s;
}

/* --- addresses --- */

void
sentry_sockaddr_clear (SentrySockAddr *addr)
{
  if (addr->inode != NULL)
    sentry_inode_unref (addr->inode);
  addr->inode = NULL;
}

int
sentry_sockaddr_copy_in (SentryTask *task, guint64 ptr, gint32 len, SentrySockAddr *ret_addr)
{
  memset (ret_addr, 0, sizeof *ret_addr);
  if (len < 0 || (gsize) len > sizeof ret_addr->u)
    return -EINVAL;
  if (sentry_copy_in (sentry_task_usermem (task), ret_addr->u.bytes, ptr, len) < 0)
    return -EFAULT;
  ret_addr->len = len;
  return 0;
}

/* AF_UNIX: the family must be right, the length in range.  A path's name is cut at its NUL.  TRUE:
 * it names a path. */
static int
unix_check (SentrySockAddr *addr, gboolean *ret_is_path)
{
  const guint head = G_STRUCT_OFFSET (struct sockaddr_un, sun_path);

  *ret_is_path = FALSE;
  if (addr->len < head || addr->len > sizeof (struct sockaddr_un)
      || addr->u.sa.sa_family != AF_UNIX)
    return -EINVAL;
  if (addr->len == head || addr->u.bytes[head] == '\0')
    return 0;
  addr->u.bytes[addr->len] = '\0';
  addr->len = head + strlen ((char *) addr->u.bytes + head) + 1;
  *ret_is_path = TRUE;
  return 0;
}

static const char *
unix_path (const SentrySockAddr *addr)
{
  return (const char *) addr->u.bytes + G_STRUCT_OFFSET (struct sockaddr_un, sun_path);
}

/* Finds the inode behind a path name to connect or send to: write permission is needed. */
int
sentry_sockaddr_resolve (SentryTask *task, SentrySocket *s, SentrySockAddr *addr)
{
  const SentryMountNamespaceInterface *ops = sentry_mount_namespace_ops (task->mount_ns);
  gboolean is_path;
  SentryWalk walk;
  SentryPath path;
  int r;

  if (s->family != AF_UNIX)
    return 0;
  if (addr->len >= sizeof (sa_family_t) && addr->u.sa.sa_family == AF_UNSPEC
      && s->type == SOCK_DGRAM)
    return 0;
  r = unix_check (addr, &is_path);
  if (r < 0 || !is_path)
    return r;
  sentry_task_walk_init (task, AT_FDCWD, &walk);
  r = ops->lookup (task->mount_ns, &walk, unix_path (addr), SENTRY_LOOKUP_FOLLOW, &path);
  sentry_task_walk_clear (&walk);
  if (r < 0)
    return r;
  r = ops->access (task->mount_ns, &path, task->cred, SENTRY_MAY_WRITE);
  if (r == 0 && sentry_path_inode (&path)->type != S_IFSOCK)
    r = -ECONNREFUSED;
  if (r == 0)
    addr->inode = sentry_inode_ref (sentry_path_inode (&path));
  sentry_path_unref (&path);
  return r;
}

/* Makes the socket file that bind(2) leaves in the file system. */
static int
make_socket_file (SentryTask *task, SentrySockAddr *addr)
{
  const SentryMountNamespaceInterface *ops = sentry_mount_namespace_ops (task->mount_ns);
  SentryWalk walk;
  SentryPath path;
  int r;

  sentry_task_walk_init (task, AT_FDCWD, &walk);
  r = ops->mknod (task->mount_ns, &walk, unix_path (addr), S_IFSOCK | 0777, 0, 0, &path);
  sentry_task_walk_clear (&walk);
  if (r < 0)
    return r == -EEXIST ? -EADDRINUSE : r;
  addr->inode = sentry_inode_ref (sentry_path_inode (&path));
  sentry_path_unref (&path);
  return 0;
}

int
sentry_sockaddr_copy_out (SentryTask *task, const SentrySockAddr *addr, guint64 ptr,
                          guint64 len_ptr)
{
  SentryUserMem *um = sentry_task_usermem (task);
  gint32 room;
  guint32 len = addr->len;

  if (sentry_copy_in_object (um, &room, len_ptr) < 0)
    return -EFAULT;
  if (room < 0)
    return -EINVAL;
  if (sentry_copy_out (um, ptr, addr->u.bytes, MIN ((guint32) room, len)) < 0)
    return -EFAULT;
  return sentry_copy_out_object (um, len_ptr, &len);
}

/* --- making --- */

static int
check_type (int family, int type, int protocol)
{
  if (type & ~(0xf | SOCK_CLOEXEC | SOCK_NONBLOCK))
    return -EINVAL;
  if (family < 0 || family > 46 /* AF_MCTP and what came after it */)
    return -EAFNOSUPPORT;
  if ((type & 0xf) > SOCK_PACKET)
    return -EINVAL;
  if (family != AF_UNIX)
    return -EAFNOSUPPORT;
  if (protocol != 0 && protocol != AF_UNIX)
    return -EPROTONOSUPPORT;
  switch (type & 0xf)
    {
    case SOCK_STREAM:
    case SOCK_DGRAM:
    case SOCK_SEQPACKET:
    case SOCK_RAW: /* a datagram socket by another name (unix_create) */
      return 0;
    default:
      return -ESOCKTNOSUPPORT;
    }
}

static int
plain_type (int type)
{
  return (type & 0xf) == SOCK_RAW ? SOCK_DGRAM : type & 0xf;
}

static gint64
install (SentryTask *task, SentrySocket *s, int type)
{
  gint64 fd = sentry_fd_table_install (task->fds, &s->file, 0, sentry_task_nofile (task),
                                       (type & SOCK_CLOEXEC) != 0);

  sentry_file_unref (&s->file);
  return fd;
}

gint64
sentry_sys_socket (SentryTask *task, const SentrySyscallArgs *args)
{
  int type = (int) args->arg[1];
  SentrySocket *s;
  int r = check_type ((int) args->arg[0], type, (int) args->arg[2]);

  if (r == 0)
    r = sentry_unix_new (plain_type (type), type & SOCK_NONBLOCK, task->cred, &s);
  return r < 0 ? r : install (task, s, type);
}

gint64
sentry_sys_socketpair (SentryTask *task, const SentrySyscallArgs *args)
{
  int type = (int) args->arg[1];
  SentryScmCred scm = sentry_task_scm_cred (task);
  SentrySocket *s[2];
  gint32 fds[2] = { -1, -1 };
  gint64 r = check_type ((int) args->arg[0], type, (int) args->arg[2]);

  if (r == 0)
    r = sentry_unix_new_pair (plain_type (type), type & SOCK_NONBLOCK, task->cred, &scm, &s[0],
                              &s[1]);
  if (r < 0)
    return r;
  for (int i = 0; i < 2 && r == 0; i++)
    {
      fds[i] = sentry_fd_table_reserve (task->fds, 0, sentry_task_nofile (task));
      r = MIN (fds[i], 0);
    }
  if (r == 0)
    r = sentry_copy_out (sentry_task_usermem (task), args->arg[3], fds, sizeof fds);
  for (int i = 0; i < 2; i++)
    {
      if (r == 0)
        sentry_fd_table_fill (task->fds, fds[i], &s[i]->file, (type & SOCK_CLOEXEC) != 0);
      else if (fds[i] >= 0)
        sentry_fd_table_cancel (task->fds, fds[i]);
      sentry_file_unref (&s[i]->file);
    }
  return r;
}

/* --- names and connections --- */

gint64
sentry_sys_bind (SentryTask *task, const SentrySyscallArgs *args)
{
  SentrySockAddr addr = { 0 };
  gboolean is_path = FALSE;
  int r;
  SentrySocket *s = sentry_task_socket (task, args->arg[0], &r);

  if (s == NULL)
    return r;
  r = sentry_sockaddr_copy_in (task, args->arg[1], args->arg[2], &addr);
  if (r == 0 && s->family == AF_UNIX)
    r = unix_check (&addr, &is_path);
  if (r == 0 && is_path)
    {
      SentrySockAddr name;

      /* A second bind must not leave a second file. */
      if (s->ops->getname (s, FALSE, &name) == 0 && name.len > sizeof (sa_family_t))
        r = -EINVAL;
      else
        r = make_socket_file (task, &addr);
    }
  if (r == 0)
    r = s->ops->bind != NULL ? s->ops->bind (s, &addr) : -EOPNOTSUPP;
  sentry_sockaddr_clear (&addr);
  sentry_file_unref (&s->file);
  return r;
}

gint64
sentry_sys_listen (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryScmCred scm = sentry_task_scm_cred (task);
  int r;
  SentrySocket *s = sentry_task_socket (task, args->arg[0], &r);

  if (s == NULL)
    return r;
  r = s->ops->listen != NULL ? s->ops->listen (s, (int) args->arg[1], &scm) : -EOPNOTSUPP;
  sentry_file_unref (&s->file);
  return r;
}

/* Runs `op` until it has an answer, sleeping on the socket; `timeout` in ns, 0: for ever. */
gint64
sentry_socket_wait (SentryTask *task, SentrySocket *s, guint32 events, gint64 timeout,
                    gboolean nonblock, gint64 (*op) (SentrySocket *s, gpointer data), gpointer data)
{
  gint64 deadline = 0, r = op (s, data);

  while (r == -EAGAIN && !nonblock && !(sentry_file_flags (&s->file) & O_NONBLOCK))
    {
      SentryIoWait w;
      int slept = 0;

      if (deadline == 0)
        deadline = sentry_task_call_deadline (task, timeout > 0 ? timeout : -1);
      sentry_io_wait_begin (&w, task, &s->file, events);
      r = op (s, data);
      if (r == -EAGAIN)
        slept = sentry_io_wait_sleep (&w, deadline);
      sentry_io_wait_end (&w);
      if (slept == -ETIMEDOUT)
        return -EAGAIN;
      /* A call with a time-out isn't restarted (socket(7)). */
      if (slept == -SENTRY_ERESTARTSYS && timeout > 0)
        return -EINTR;
      if (slept < 0)
        return slept;
    }
  return r;
}

typedef struct
{
  SentryTask *task;
  SentrySockAddr addr;
  SentryScmCred scm;
} ConnectArgs;

static gint64
try_connect (SentrySocket *s, gpointer data)
{
  ConnectArgs *c = data;

  return s->ops->connect (s, &c->addr, &c->scm);
}

gint64
sentry_sys_connect (SentryTask *task, const SentrySyscallArgs *args)
{
  ConnectArgs c = { .task = task, .scm = sentry_task_scm_cred (task) };
  int err;
  gint64 r;
  SentrySocket *s = sentry_task_socket (task, args->arg[0], &err);

  if (s == NULL)
    return err;
  r = sentry_sockaddr_copy_in (task, args->arg[1], args->arg[2], &c.addr);
  if (r == 0)
    r = sentry_sockaddr_resolve (task, s, &c.addr);
  if (r == 0)
    r = s->ops->connect != NULL
            ? sentry_socket_wait (task, s, POLLOUT, s->sndtimeo, FALSE, try_connect, &c)
            : -EOPNOTSUPP;
  sentry_sockaddr_clear (&c.addr);
  sentry_file_unref (&s->file);
  return r;
}

typedef struct
{
  SentryTask *task;
  SentrySocket *accepted;
} AcceptArgs;

static gint64
try_accept (SentrySocket *s, gpointer data)
{
  AcceptArgs *a = data;

  return s->ops->accept (s, a->task->cred, &a->accepted);
}

static gint64
finish_accept (SentryTask *task, SentrySocket *accepted, guint64 ptr, guint64 len_ptr, int flags)
{
  SentrySockAddr peer;
  gint64 r = 0;

  if (flags & SOCK_NONBLOCK)
    __atomic_fetch_or (&accepted->file.flags, O_NONBLOCK, __ATOMIC_RELAXED);
  if (ptr != 0)
    {
      if (accepted->ops->getname (accepted, TRUE, &peer) < 0)
        peer = (SentrySockAddr){ .len = sizeof (sa_family_t), .u.sa.sa_family = accepted->family };
      r = sentry_sockaddr_copy_out (task, &peer, ptr, len_ptr);
    }
  if (r < 0)
    {
      sentry_file_unref (&accepted->file);
      return r;
    }
  return install (task, accepted, flags);
}

static gint64
do_accept (SentryTask *task, const SentrySyscallArgs *args, int flags)
{
  AcceptArgs a = { .task = task };
  int err;
  gint64 r;
  SentrySocket *s;

  if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
    return -EINVAL;
  s = sentry_task_socket (task, args->arg[0], &err);
  if (s == NULL)
    return err;
  r = s->ops->accept != NULL
          ? sentry_socket_wait (task, s, POLLIN, s->rcvtimeo, FALSE, try_accept, &a)
          : -EOPNOTSUPP;
  sentry_file_unref (&s->file);
  return r < 0 ? r : finish_accept (task, a.accepted, args->arg[1], args->arg[2], flags);
}

gint64
sentry_sys_accept (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_accept (task, args, 0);
}

gint64
sentry_sys_accept4 (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_accept (task, args, (int) args->arg[3]);
}

static gint64
do_getname (SentryTask *task, const SentrySyscallArgs *args, gboolean peer)
{
  SentrySockAddr addr;
  int r;
  SentrySocket *s = sentry_task_socket (task, args->arg[0], &r);

  if (s == NULL)
    return r;
  r = s->ops->getname (s, peer, &addr);
  if (r == 0)
    r = sentry_sockaddr_copy_out (task, &addr, args->arg[1], args->arg[2]);
  sentry_file_unref (&s->file);
  return r;
}

gint64
sentry_sys_getsockname (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_getname (task, args, FALSE);
}

gint64
sentry_sys_getpeername (SentryTask *task, const SentrySyscallArgs *args)
{
  return do_getname (task, args, TRUE);
}

gint64
sentry_sys_shutdown (SentryTask *task, const SentrySyscallArgs *args)
{
  int r;
  SentrySocket *s = sentry_task_socket (task, args->arg[0], &r);

  if (s == NULL)
    return r;
  if ((gint32) args->arg[1] < SHUT_RD || (gint32) args->arg[1] > SHUT_RDWR)
    r = -EINVAL;
  else
    r = s->ops->shutdown != NULL ? s->ops->shutdown (s, (int) args->arg[1]) : -EOPNOTSUPP;
  sentry_file_unref (&s->file);
  return r;
}

/* --- options --- */

#define MAX_OPTION 4096

gint64
sentry_sys_setsockopt (SentryTask *task, const SentrySyscallArgs *args)
{
  int level = (int) args->arg[1], name = (int) args->arg[2];
  gint32 size = (gint32) args->arg[4];
  guint8 value[MAX_OPTION];
  int r;
  SentrySocket *s = sentry_task_socket (task, args->arg[0], &r);

  if (s == NULL)
    return r;
  if (size < 0)
    r = -EINVAL;
  else if (sentry_copy_in (sentry_task_usermem (task), value, args->arg[3], MIN (size, MAX_OPTION))
           < 0)
    r = -EFAULT;
  else
    r = level == SOL_SOCKET ? sentry_socket_set_option (s, name, value, MIN (size, MAX_OPTION))
                            : -EOPNOTSUPP;
  if (r == -ENOPROTOOPT && s->ops->setsockopt != NULL)
    r = s->ops->setsockopt (s, level, name, value, MIN (size, MAX_OPTION));
  sentry_file_unref (&s->file);
  return r;
}

gint64
sentry_sys_getsockopt (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  int level = (int) args->arg[1], name = (int) args->arg[2];
  guint8 value[MAX_OPTION];
  gint32 room;
  guint size;
  int r;
  SentrySocket *s = sentry_task_socket (task, args->arg[0], &r);

  if (s == NULL)
    return r;
  if (sentry_copy_in_object (um, &room, args->arg[4]) < 0)
    r = -EFAULT;
  else if (room < 0)
    r = -EINVAL;
  else
    {
      size = MIN (room, MAX_OPTION);
      r = level == SOL_SOCKET ? sentry_socket_get_option (s, name, value, &size) : -ENOPROTOOPT;
      if (r == -ENOPROTOOPT && s->ops->getsockopt != NULL)
        r = s->ops->getsockopt (s, level, name, value, &size);
      if (r == 0
          && (sentry_copy_out (um, args->arg[3], value, size) < 0
              || sentry_copy_out_object (um, args->arg[4], &size) < 0))
        r = -EFAULT;
    }
  sentry_file_unref (&s->file);
  return r;
}
