/* Sending and receiving on sockets, with control messages.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "auth/user-namespace.h"
#include "kernel/process.h"
#include "syscalls/handlers.h"
#include "syscalls/socket-arguments.h"

#define MAX_CONTROL 20480 /* net.core.optmem_max of old: what one message may carry */
#define MAX_MESSAGES 1024 /* UIO_MAXIOV, of sendmmsg and recvmmsg */

/* The kernel's struct user_msghdr. */
typedef struct
{
  guint64 name;
  gint32 namelen;
  guint32 pad0;
  guint64 iov;
  guint64 iovlen;
  guint64 control;
  guint64 controllen;
  guint32 flags;
  guint32 pad1;
} AbiMsghdr;

G_STATIC_ASSERT (sizeof (AbiMsghdr) == 56);

/* --- sending --- */

static gint64
try_send (SentrySocket *s, gpointer data)
{
  return s->ops->send (s, data);
}

/* Streams go on until everything is sent, as write does; what was sent before a pause is
 * remembered. */
static gint64
send_all (SentryTask *task, SentrySocket *s, SentryMsg *msg)
{
  gboolean nonblock = (msg->flags & MSG_DONTWAIT) != 0;
  gint64 r;

  if (task->call.entered && task->call.done > 0)
    {
      sentry_iter_advance (msg->iter, task->call.done);
      msg->n_files = 0;
    }
  do
    {
      r = sentry_socket_wait (task, s, POLLOUT | POLLWRNORM, s->sndtimeo, nonblock, try_send, msg);
      if (r > 0)
        task->call.done += r;
    }
  while (r > 0 && s->type == SOCK_STREAM && msg->iter->remaining > 0);
  if (r == -EPIPE && !(msg->flags & MSG_NOSIGNAL) && s->type == SOCK_STREAM)
    sentry_task_send_self (task, SIGPIPE);
  if (r == -SENTRY_EPAUSE)
    return r;
  return task->call.done > 0 ? (gint64) task->call.done : r;
}

/* SCM_RIGHTS: descriptors become references; cleared by msg_clear. */
static int
take_rights (SentryTask *task, const gint32 *fds, gsize n, SentryMsg *msg)
{
  if (n > SENTRY_SCM_MAX_FD - msg->n_files)
    return -EINVAL;
  for (gsize i = 0; i < n; i++)
    {
      SentryFile *f = sentry_task_file (task, fds[i]);

      if (f == NULL)
        return -EBADF;
      msg->files[msg->n_files++] = f;
    }
  return 0;
}

/* scm_check_creds: a claim must be true, or the claimer privileged. */
static int
take_credentials (SentryTask *task, const struct ucred *claim, SentryMsg *msg)
{
  const SentryCred *c = task->cred;
  guint32 uid = sentry_user_namespace_uid_from (c->user_ns, claim->uid);
  guint32 gid = sentry_user_namespace_gid_from (c->user_ns, claim->gid);

  if (uid == SENTRY_ID_INVALID || gid == SENTRY_ID_INVALID)
    return -EINVAL;
  if (claim->pid != sentry_task_tgid (task) && !sentry_task_capable (task, CAP_SYS_ADMIN))
    return -EPERM;
  if (uid != c->ruid && uid != c->euid && uid != c->suid && !sentry_task_capable (task, CAP_SETUID))
    return -EPERM;
  if (gid != c->rgid && gid != c->egid && gid != c->sgid && !sentry_task_capable (task, CAP_SETGID))
    return -EPERM;
  msg->cred = (SentryScmCred){ claim->pid, uid, gid };
  return 0;
}

static int
take_one_control (SentryTask *task, const struct cmsghdr *head, const guint8 *data, gsize len,
                  SentryMsg *msg)
{
  if (head->cmsg_level != SOL_SOCKET)
    return 0;
  switch (head->cmsg_type)
    {
    case SCM_RIGHTS:
      return take_rights (task, (const gint32 *) data, len / sizeof (gint32), msg);
    case SCM_CREDENTIALS:
      return len == sizeof (struct ucred)
                 ? take_credentials (task, (const struct ucred *) data, msg)
                 : -EINVAL;
    default:
      return -EINVAL;
    }
}

/* The control buffer is copied in once, then taken apart. */
static int
take_control (SentryTask *task, const AbiMsghdr *h, SentryMsg *msg)
{
  g_autofree guint8 *buf = NULL;
  gsize at = 0;

  if (h->controllen == 0)
    return 0;
  if (h->controllen > MAX_CONTROL)
    return -ENOBUFS;
  buf = g_malloc (h->controllen);
  if (sentry_copy_in (sentry_task_usermem (task), buf, h->control, h->controllen) < 0)
    return -EFAULT;
  while (h->controllen - at >= sizeof (struct cmsghdr))
    {
      const struct cmsghdr *head = (const struct cmsghdr *) (buf + at);
      int r;

      if (head->cmsg_len < sizeof *head || head->cmsg_len > h->controllen - at)
        return -EINVAL;
      r = take_one_control (task, head, buf + at + sizeof *head, head->cmsg_len - sizeof *head,
                            msg);
      if (r < 0)
        return r;
      if (CMSG_ALIGN (head->cmsg_len) >= h->controllen - at)
        break;
      at += CMSG_ALIGN (head->cmsg_len);
    }
  return 0;
}

static SentryMsg *
msg_new (SentryTask *task, SentryIter *it, int flags)
{
  SentryMsg *msg = g_new0 (SentryMsg, 1);

  msg->iter = it;
  msg->flags = flags;
  msg->has_cred = TRUE;
  msg->cred = (SentryScmCred){ sentry_task_tgid (task), task->cred->ruid, task->cred->rgid };
  return msg;
}

/* `kept`: the files array as it was filled, since a send hands them over piece by piece. */
static void
msg_free (SentryMsg *msg, guint n_files)
{
  for (guint i = 0; i < n_files; i++)
    sentry_file_unref (msg->files[i]);
  sentry_sockaddr_clear (&msg->addr);
  sentry_iter_clear (msg->iter);
  g_free (msg);
}

static gint64
do_sendmsg (SentryTask *task, SentrySocket *s, guint64 ptr, int flags)
{
  SentryUserMem *um = sentry_task_usermem (task);
  SentryMsg *msg;
  SentryIter it;
  AbiMsghdr h;
  guint n_files;
  gint64 r;

  if (sentry_copy_in_object (um, &h, ptr) < 0)
    return -EFAULT;
  if (h.iovlen > MAX_MESSAGES)
    return -EMSGSIZE;
  r = sentry_iter_init_user_iov (&it, um, h.iov, h.iovlen);
  if (r < 0)
    return r;
  msg = msg_new (task, &it, flags);
  if (h.name != 0 && h.namelen != 0)
    {
      r = sentry_sockaddr_copy_in (
          task, h.name, MIN (h.namelen, (gint32) sizeof (struct sockaddr_storage)), &msg->addr);
      if (r == 0)
        r = sentry_sockaddr_resolve (task, s, &msg->addr);
    }
  if (r == 0)
    r = take_control (task, &h, msg);
  n_files = msg->n_files;
  if (r == 0)
    r = send_all (task, s, msg);
  msg_free (msg, n_files);
  return r;
}

gint64
sentry_sys_sendmsg (SentryTask *task, const SentrySyscallArgs *args)
{
  int err;
  gint64 r;
  SentrySocket *s = sentry_task_socket (task, args->arg[0], &err);

  if (s == NULL)
    return err;
  r = do_sendmsg (task, s, args->arg[1], (int) args->arg[2]);
  sentry_file_unref (&s->file);
  return r;
}

gint64
sentry_sys_sendto (SentryTask *task, const SentrySyscallArgs *args)
{
  int err;
  SentryMsg *msg;
  SentryIter it;
  gint64 r;
  SentrySocket *s = sentry_task_socket (task, args->arg[0], &err);

  if (s == NULL)
    return err;
  r = sentry_iter_init_user (&it, sentry_task_usermem (task), args->arg[1], args->arg[2]);
  if (r == 0)
    {
      msg = msg_new (task, &it, (int) args->arg[3]);
      if (args->arg[4] != 0)
        {
          r = sentry_sockaddr_copy_in (task, args->arg[4], (gint32) args->arg[5], &msg->addr);
          if (r == 0)
            r = sentry_sockaddr_resolve (task, s, &msg->addr);
        }
      if (r == 0)
        r = send_all (task, s, msg);
      msg_free (msg, 0);
    }
  sentry_file_unref (&s->file);
  return r;
}

/* Several messages in one call: the number sent, or the error of the first.  The count so far is
 * scratch[0]; a pause inside a message comes back to that message. */
gint64
sentry_sys_sendmmsg (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  guint64 n = MIN ((guint32) args->arg[2], MAX_MESSAGES);
  const guint64 stride = sizeof (AbiMsghdr) + 8;
  int err;
  gint64 r = 0;
  SentrySocket *s = sentry_task_socket (task, args->arg[0], &err);

  if (s == NULL)
    return err;
  while (task->call.scratch[0] < n)
    {
      guint64 ptr = args->arg[1] + task->call.scratch[0] * stride;
      guint32 sent;

      r = do_sendmsg (task, s, ptr, (int) args->arg[3]);
      if (r < 0)
        break;
      sent = r;
      task->call.done = 0;
      task->call.entered = FALSE;
      if (sentry_copy_out_object (um, ptr + sizeof (AbiMsghdr), &sent) < 0)
        {
          r = -EFAULT;
          break;
        }
      task->call.scratch[0]++;
    }
  sentry_file_unref (&s->file);
  if (r == -SENTRY_EPAUSE)
    return r;
  return task->call.scratch[0] > 0 ? (gint64) task->call.scratch[0] : r;
}

/* --- receiving --- */

static gint64
try_recv (SentrySocket *s, gpointer data)
{
  return s->ops->recv (s, data);
}

/* MSG_WAITALL goes on until the buffer is full; what came before a pause is remembered (and is in
 * the guest's buffer). */
static gint64
recv_all (SentryTask *task, SentrySocket *s, SentryMsg *msg)
{
  gboolean nonblock = (msg->flags & MSG_DONTWAIT) != 0;
  gboolean all = (msg->flags & MSG_WAITALL) && s->type == SOCK_STREAM && !(msg->flags & MSG_PEEK);
  gint64 r;

  if (task->call.entered)
    sentry_iter_advance (msg->iter, task->call.done);
  do
    {
      r = sentry_socket_wait (task, s, POLLIN | POLLRDNORM | POLLRDHUP, s->rcvtimeo, nonblock,
                              try_recv, msg);
      if (r > 0)
        task->call.done += r;
    }
  while (r > 0 && all && msg->iter->remaining > 0 && msg->n_files == 0);
  if (r == -SENTRY_EPAUSE)
    return r;
  return task->call.done > 0 ? (gint64) task->call.done : r;
}

/* The control buffer as it is being filled. */
typedef struct
{
  SentryTask *task;
  guint64 at;
  gsize room, used;
  int ret_flags;
} ControlOut;

static void
put_control (ControlOut *c, int type, gconstpointer data, gsize len)
{
  struct cmsghdr head = { .cmsg_level = SOL_SOCKET, .cmsg_type = type };
  SentryUserMem *um = sentry_task_usermem (c->task);
  gsize fits;

  if (c->room - c->used < sizeof head)
    {
      c->ret_flags |= MSG_CTRUNC;
      return;
    }
  fits = MIN (len, c->room - c->used - sizeof head);
  if (fits < len)
    c->ret_flags |= MSG_CTRUNC;
  head.cmsg_len = sizeof head + fits;
  if (sentry_copy_out_object (um, c->at + c->used, &head) < 0
      || sentry_copy_out (um, c->at + c->used + sizeof head, data, fits) < 0)
    return;
  c->used = MIN (c->room, c->used + CMSG_ALIGN (head.cmsg_len));
}

/* scm_detach_fds: as many descriptors as there is room for become numbers; the rest are closed. */
static void
put_rights (ControlOut *c, SentryMsg *msg, gboolean cloexec)
{
  gsize space = c->room - c->used, max;
  gint32 fds[SENTRY_SCM_MAX_FD];
  guint n = 0;

  max = space >= sizeof (struct cmsghdr) ? (space - sizeof (struct cmsghdr)) / sizeof (gint32) : 0;
  for (; n < MIN (max, msg->n_files); n++)
    {
      fds[n] = sentry_fd_table_install (c->task->fds, msg->files[n], 0,
                                        sentry_task_nofile (c->task), cloexec);
      if (fds[n] < 0)
        break;
    }
  if (n < msg->n_files)
    c->ret_flags |= MSG_CTRUNC;
  if (n > 0)
    put_control (c, SCM_RIGHTS, fds, n * sizeof fds[0]);
}

static void
put_credentials (ControlOut *c, SentryMsg *msg)
{
  SentryUserNamespace *ns = c->task->cred->user_ns;
  struct ucred cred = { msg->has_cred ? msg->cred.pid : 0,
                        msg->has_cred ? sentry_user_namespace_uid_to (ns, msg->cred.uid) : 65534,
                        msg->has_cred ? sentry_user_namespace_gid_to (ns, msg->cred.gid) : 65534 };

  put_control (c, SCM_CREDENTIALS, &cred, sizeof cred);
}

static void
drop_received_files (SentryMsg *msg)
{
  for (guint i = 0; i < msg->n_files; i++)
    sentry_file_unref (msg->files[i]);
  msg->n_files = 0;
}

static gint64
finish_recvmsg (SentryTask *task, SentrySocket *s, SentryMsg *msg, const AbiMsghdr *h, guint64 ptr)
{
  SentryUserMem *um = sentry_task_usermem (task);
  ControlOut c = { .task = task, .at = h->control, .room = h->control != 0 ? h->controllen : 0 };
  gint32 namelen = 0;
  guint64 controllen;
  guint32 flags;

  if (h->name != 0)
    {
      if (h->namelen < 0)
        return -EINVAL;
      namelen = msg->addr.len;
      if (sentry_copy_out (um, h->name, msg->addr.u.bytes, MIN (h->namelen, namelen)) < 0)
        return -EFAULT;
    }
  if (s->passcred)
    put_credentials (&c, msg);
  if (msg->n_files > 0)
    put_rights (&c, msg, (msg->flags & MSG_CMSG_CLOEXEC) != 0);
  flags = msg->ret_flags | c.ret_flags | (msg->flags & MSG_CMSG_CLOEXEC);
  controllen = c.used;
  if ((h->name != 0
       && sentry_copy_out_object (um, ptr + G_STRUCT_OFFSET (AbiMsghdr, namelen), &namelen) < 0)
      || sentry_copy_out_object (um, ptr + G_STRUCT_OFFSET (AbiMsghdr, controllen), &controllen) < 0
      || sentry_copy_out_object (um, ptr + G_STRUCT_OFFSET (AbiMsghdr, flags), &flags) < 0)
    return -EFAULT;
  return 0;
}

static gint64
do_recvmsg (SentryTask *task, SentrySocket *s, guint64 ptr, int flags)
{
  SentryUserMem *um = sentry_task_usermem (task);
  SentryMsg *msg;
  SentryIter it;
  AbiMsghdr h;
  gint64 r, finished;

  if (sentry_copy_in_object (um, &h, ptr) < 0)
    return -EFAULT;
  if (h.iovlen > MAX_MESSAGES)
    return -EMSGSIZE;
  r = sentry_iter_init_user_iov (&it, um, h.iov, h.iovlen);
  if (r < 0)
    return r;
  msg = msg_new (task, &it, flags);
  msg->has_cred = FALSE;
  r = recv_all (task, s, msg);
  if (r >= 0)
    {
      finished = finish_recvmsg (task, s, msg, &h, ptr);
      r = finished < 0 ? finished : r;
    }
  drop_received_files (msg);
  msg_free (msg, 0);
  return r;
}

gint64
sentry_sys_recvmsg (SentryTask *task, const SentrySyscallArgs *args)
{
  int err;
  gint64 r;
  SentrySocket *s = sentry_task_socket (task, args->arg[0], &err);

  if (s == NULL)
    return err;
  r = do_recvmsg (task, s, args->arg[1], (int) args->arg[2]);
  sentry_file_unref (&s->file);
  return r;
}

gint64
sentry_sys_recvfrom (SentryTask *task, const SentrySyscallArgs *args)
{
  int err;
  SentryMsg *msg;
  SentryIter it;
  gint64 r;
  SentrySocket *s = sentry_task_socket (task, args->arg[0], &err);

  if (s == NULL)
    return err;
  r = sentry_iter_init_user (&it, sentry_task_usermem (task), args->arg[1], args->arg[2]);
  if (r == 0)
    {
      msg = msg_new (task, &it, (int) args->arg[3]);
      r = recv_all (task, s, msg);
      if (r >= 0 && args->arg[4] != 0)
        {
          int copied = sentry_sockaddr_copy_out (task, &msg->addr, args->arg[4], args->arg[5]);
          r = copied < 0 ? copied : r;
        }
      drop_received_files (msg);
      msg_free (msg, 0);
    }
  sentry_file_unref (&s->file);
  return r;
}

static int
recvmmsg_deadline (SentryTask *task, guint64 ptr, gint64 *ret_deadline)
{
  struct timespec ts;

  *ret_deadline = SENTRY_TIME_NEVER;
  if (ptr == 0)
    return 0;
  if (sentry_copy_in_object (sentry_task_usermem (task), &ts, ptr) < 0)
    return -EFAULT;
  if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= SENTRY_NSEC_PER_SEC)
    return -EINVAL;
  *ret_deadline = sentry_clock_now (sentry_kernel_timekeeper (task->kernel), CLOCK_MONOTONIC)
                  + MIN (ts.tv_sec, G_MAXINT32) * SENTRY_NSEC_PER_SEC + ts.tv_nsec;
  return 0;
}

/* The time-out is looked at after each message only, as Linux does (recvmmsg(2), BUGS). */
gint64
sentry_sys_recvmmsg (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryUserMem *um = sentry_task_usermem (task);
  guint64 n = MIN ((guint32) args->arg[2], MAX_MESSAGES);
  const guint64 stride = sizeof (AbiMsghdr) + 8;
  int flags = (int) args->arg[3], err;
  gint64 deadline, r;
  SentrySocket *s;

  r = recvmmsg_deadline (task, args->arg[4], &deadline);
  if (r < 0)
    return r;
  s = sentry_task_socket (task, args->arg[0], &err);
  if (s == NULL)
    return err;
  while (task->call.scratch[0] < n)
    {
      guint64 ptr = args->arg[1] + task->call.scratch[0] * stride;
      guint32 got;

      r = do_recvmsg (task, s, ptr, flags & ~MSG_WAITFORONE);
      if (r < 0)
        break;
      got = r;
      task->call.done = 0;
      task->call.entered = FALSE;
      if (sentry_copy_out_object (um, ptr + sizeof (AbiMsghdr), &got) < 0)
        {
          r = -EFAULT;
          break;
        }
      task->call.scratch[0]++;
      if (flags & MSG_WAITFORONE)
        flags |= MSG_DONTWAIT;
      if (sentry_clock_now (sentry_kernel_timekeeper (task->kernel), CLOCK_MONOTONIC) >= deadline)
        break;
    }
  sentry_file_unref (&s->file);
  if (r == -SENTRY_EPAUSE)
    return r;
  return task->call.scratch[0] > 0 ? (gint64) task->call.scratch[0] : r;
}
