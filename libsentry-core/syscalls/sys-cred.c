/* User and group ids, groups, capabilities. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/capability.h>

#include "auth/user-namespace.h"
#include "kernel/process.h"
#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

#define MAX_GROUPS 65536

static guint32
show_uid (SentryTask *task, SentryKuid uid)
{
  return sentry_user_namespace_uid_to (task->cred->user_ns, uid);
}

static guint32
show_gid (SentryTask *task, SentryKgid gid)
{
  return sentry_user_namespace_gid_to (task->cred->user_ns, gid);
}

gint64
sentry_sys_getuid (SentryTask *task, const SentrySyscallArgs *args)
{
  return show_uid (task, task->cred->ruid);
}

gint64
sentry_sys_geteuid (SentryTask *task, const SentrySyscallArgs *args)
{
  return show_uid (task, task->cred->euid);
}

gint64
sentry_sys_getgid (SentryTask *task, const SentrySyscallArgs *args)
{
  return show_gid (task, task->cred->rgid);
}

gint64
sentry_sys_getegid (SentryTask *task, const SentrySyscallArgs *args)
{
  return show_gid (task, task->cred->egid);
}

static gint64
copy_out_three (SentryTask *task, const SentrySyscallArgs *args, guint32 a, guint32 b, guint32 c)
{
  guint32 ids[3] = { a, b, c };

  for (int i = 0; i < 3; i++)
    if (sentry_copy_out_object (sentry_task_usermem (task), args->arg[i], &ids[i]) < 0)
      return -EFAULT;
  return 0;
}

gint64
sentry_sys_getresuid (SentryTask *task, const SentrySyscallArgs *args)
{
  return copy_out_three (task, args, show_uid (task, task->cred->ruid),
                         show_uid (task, task->cred->euid), show_uid (task, task->cred->suid));
}

gint64
sentry_sys_getresgid (SentryTask *task, const SentrySyscallArgs *args)
{
  return copy_out_three (task, args, show_gid (task, task->cred->rgid),
                         show_gid (task, task->cred->egid), show_gid (task, task->cred->sgid));
}

/* --- changes: a copy is edited, then published or dropped --- */

static gboolean
may (const SentryCred *cred, int cap)
{
  return sentry_cred_capable_in (cred, cred->user_ns, cap);
}

static gint64
publish_uids (SentryTask *task, SentryCred *new)
{
  sentry_cred_fix_caps_after_setuid (new, task->cred);
  sentry_task_set_cred (task, new);
  return 0;
}

/* -1 stays -1 (leave alone); other ids become kernel ids.  FALSE: not mapped. */
static gboolean
take_uid (SentryTask *task, guint32 arg, SentryKuid *ret_uid)
{
  *ret_uid = arg == G_MAXUINT32 ? SENTRY_ID_INVALID
                                : sentry_user_namespace_uid_from (task->cred->user_ns, arg);
  return arg == G_MAXUINT32 || *ret_uid != SENTRY_ID_INVALID;
}

static gboolean
take_gid (SentryTask *task, guint32 arg, SentryKgid *ret_gid)
{
  *ret_gid = arg == G_MAXUINT32 ? SENTRY_ID_INVALID
                                : sentry_user_namespace_gid_from (task->cred->user_ns, arg);
  return arg == G_MAXUINT32 || *ret_gid != SENTRY_ID_INVALID;
}

gint64
sentry_sys_setuid (SentryTask *task, const SentrySyscallArgs *args)
{
  const SentryCred *old = task->cred;
  SentryCred *new;
  SentryKuid uid;

  if (!take_uid (task, args->arg[0], &uid) || uid == SENTRY_ID_INVALID)
    return -EINVAL;
  if (!may (old, CAP_SETUID) && uid != old->ruid && uid != old->suid)
    return -EPERM;
  new = sentry_cred_copy (old);
  if (may (old, CAP_SETUID))
    new->ruid = new->suid = uid;
  new->euid = new->fsuid = uid;
  return publish_uids (task, new);
}

gint64
sentry_sys_setgid (SentryTask *task, const SentrySyscallArgs *args)
{
  const SentryCred *old = task->cred;
  SentryCred *new;
  SentryKgid gid;

  if (!take_gid (task, args->arg[0], &gid) || gid == SENTRY_ID_INVALID)
    return -EINVAL;
  if (!may (old, CAP_SETGID) && gid != old->rgid && gid != old->sgid)
    return -EPERM;
  new = sentry_cred_copy (old);
  if (may (old, CAP_SETGID))
    new->rgid = new->sgid = gid;
  new->egid = new->fsgid = gid;
  sentry_task_set_cred (task, new);
  return 0;
}

gint64
sentry_sys_setreuid (SentryTask *task, const SentrySyscallArgs *args)
{
  const SentryCred *old = task->cred;
  SentryKuid ruid, euid;
  SentryCred *new;

  if (!take_uid (task, args->arg[0], &ruid) || !take_uid (task, args->arg[1], &euid))
    return -EINVAL;
  if (!may (old, CAP_SETUID)
      && ((ruid != SENTRY_ID_INVALID && ruid != old->ruid && ruid != old->euid)
          || (euid != SENTRY_ID_INVALID && euid != old->ruid && euid != old->euid
              && euid != old->suid)))
    return -EPERM;
  new = sentry_cred_copy (old);
  if (ruid != SENTRY_ID_INVALID)
    new->ruid = ruid;
  if (euid != SENTRY_ID_INVALID)
    new->euid = euid;
  if (ruid != SENTRY_ID_INVALID || (euid != SENTRY_ID_INVALID && euid != old->ruid))
    new->suid = new->euid;
  new->fsuid = new->euid;
  return publish_uids (task, new);
}

gint64
sentry_sys_setregid (SentryTask *task, const SentrySyscallArgs *args)
{
  const SentryCred *old = task->cred;
  SentryKgid rgid, egid;
  SentryCred *new;

  if (!take_gid (task, args->arg[0], &rgid) || !take_gid (task, args->arg[1], &egid))
    return -EINVAL;
  if (!may (old, CAP_SETGID)
      && ((rgid != SENTRY_ID_INVALID && rgid != old->rgid && rgid != old->egid)
          || (egid != SENTRY_ID_INVALID && egid != old->rgid && egid != old->egid
              && egid != old->sgid)))
    return -EPERM;
  new = sentry_cred_copy (old);
  if (rgid != SENTRY_ID_INVALID)
    new->rgid = rgid;
  if (egid != SENTRY_ID_INVALID)
    new->egid = egid;
  if (rgid != SENTRY_ID_INVALID || (egid != SENTRY_ID_INVALID && egid != old->rgid))
    new->sgid = new->egid;
  new->fsgid = new->egid;
  sentry_task_set_cred (task, new);
  return 0;
}

static gboolean
one_of (guint32 id, guint32 a, guint32 b, guint32 c)
{
  return id == SENTRY_ID_INVALID || id == a || id == b || id == c;
}

gint64
sentry_sys_setresuid (SentryTask *task, const SentrySyscallArgs *args)
{
  const SentryCred *old = task->cred;
  SentryKuid id[3];
  SentryCred *new;

  for (int i = 0; i < 3; i++)
    if (!take_uid (task, args->arg[i], &id[i]))
      return -EINVAL;
  for (int i = 0; i < 3; i++)
    if (!may (old, CAP_SETUID) && !one_of (id[i], old->ruid, old->euid, old->suid))
      return -EPERM;
  new = sentry_cred_copy (old);
  new->ruid = id[0] != SENTRY_ID_INVALID ? id[0] : new->ruid;
  new->euid = id[1] != SENTRY_ID_INVALID ? id[1] : new->euid;
  new->suid = id[2] != SENTRY_ID_INVALID ? id[2] : new->suid;
  new->fsuid = new->euid;
  return publish_uids (task, new);
}

gint64
sentry_sys_setresgid (SentryTask *task, const SentrySyscallArgs *args)
{
  const SentryCred *old = task->cred;
  SentryKgid id[3];
  SentryCred *new;

  for (int i = 0; i < 3; i++)
    if (!take_gid (task, args->arg[i], &id[i]))
      return -EINVAL;
  for (int i = 0; i < 3; i++)
    if (!may (old, CAP_SETGID) && !one_of (id[i], old->rgid, old->egid, old->sgid))
      return -EPERM;
  new = sentry_cred_copy (old);
  new->rgid = id[0] != SENTRY_ID_INVALID ? id[0] : new->rgid;
  new->egid = id[1] != SENTRY_ID_INVALID ? id[1] : new->egid;
  new->sgid = id[2] != SENTRY_ID_INVALID ? id[2] : new->sgid;
  new->fsgid = new->egid;
  sentry_task_set_cred (task, new);
  return 0;
}

/* setfsuid and setfsgid have no error: they return the old value, changed or not. */
gint64
sentry_sys_setfsuid (SentryTask *task, const SentrySyscallArgs *args)
{
  const SentryCred *old = task->cred;
  gint64 before = show_uid (task, old->fsuid);
  SentryCred *new;
  SentryKuid uid;

  if (!take_uid (task, args->arg[0], &uid) || uid == SENTRY_ID_INVALID || uid == old->fsuid)
    return before;
  if (uid != old->ruid && uid != old->euid && uid != old->suid && !may (old, CAP_SETUID))
    return before;
  new = sentry_cred_copy (old);
  new->fsuid = uid;
  sentry_cred_fix_caps_after_setfsuid (new, old);
  sentry_task_set_cred (task, new);
  return before;
}

gint64
sentry_sys_setfsgid (SentryTask *task, const SentrySyscallArgs *args)
{
  const SentryCred *old = task->cred;
  gint64 before = show_gid (task, old->fsgid);
  SentryCred *new;
  SentryKgid gid;

  if (!take_gid (task, args->arg[0], &gid) || gid == SENTRY_ID_INVALID || gid == old->fsgid)
    return before;
  if (gid != old->rgid && gid != old->egid && gid != old->sgid && !may (old, CAP_SETGID))
    return before;
  new = sentry_cred_copy (old);
  new->fsgid = gid;
  sentry_task_set_cred (task, new);
  return before;
}

gint64
sentry_sys_getgroups (SentryTask *task, const SentrySyscallArgs *args)
{
  const SentryCred *cred = task->cred;
  gint32 size = args->arg[0];

  if (size < 0)
    return -EINVAL;
  if (size == 0)
    return cred->n_groups;
  if (cred->n_groups > (guint) size)
    return -EINVAL;
  for (guint i = 0; i < cred->n_groups; i++)
    {
      guint32 gid = show_gid (task, cred->groups[i]);

      if (sentry_copy_out_object (sentry_task_usermem (task), args->arg[1] + i * 4, &gid) < 0)
        return -EFAULT;
    }
  return cred->n_groups;
}

gint64
sentry_sys_setgroups (SentryTask *task, const SentrySyscallArgs *args)
{
  guint32 n = args->arg[0];
  g_autofree guint32 *groups = NULL;
  SentryCred *new;

  if (!may (task->cred, CAP_SETGID))
    return -EPERM;
  if (n > MAX_GROUPS)
    return -EINVAL;
  groups = g_new (guint32, n + 1);
  if (sentry_copy_in (sentry_task_usermem (task), groups, args->arg[1], n * sizeof *groups) < 0)
    return -EFAULT;
  for (guint i = 0; i < n; i++)
    {
      groups[i] = sentry_user_namespace_gid_from (task->cred->user_ns, groups[i]);
      if (groups[i] == SENTRY_ID_INVALID)
        return -EINVAL;
    }
  new = sentry_cred_copy (task->cred);
  sentry_cred_set_groups (new, groups, n);
  sentry_task_set_cred (task, new);
  return 0;
}

/* --- capabilities --- */

/* The header's version decides how many 32-bit words follow; an unknown one is answered with ours.
 */
static int
copy_in_cap_header (SentryTask *task, guint64 addr, struct __user_cap_header_struct *ret_header,
                    guint *ret_words)
{
  SentryUserMem *um = sentry_task_usermem (task);
  guint32 ours = _LINUX_CAPABILITY_VERSION_3;

  if (sentry_copy_in_object (um, ret_header, addr) < 0)
    return -EFAULT;
  switch (ret_header->version)
    {
    case _LINUX_CAPABILITY_VERSION_1:
      *ret_words = 1;
      return 0;
    case _LINUX_CAPABILITY_VERSION_2:
    case _LINUX_CAPABILITY_VERSION_3:
      *ret_words = 2;
      return 0;
    default:
      return sentry_copy_out_object (um, addr, &ours) < 0 ? -EFAULT : -EINVAL;
    }
}

gint64
sentry_sys_capget (SentryTask *task, const SentrySyscallArgs *args)
{
  struct __user_cap_header_struct header;
  struct __user_cap_data_struct data[2];
  SentryCred *cred;
  SentryTask *target;
  guint words;
  int r = copy_in_cap_header (task, args->arg[0], &header, &words);

  if (r < 0)
    return args->arg[1] == 0 && r == -EINVAL ? 0 : r;
  if (header.pid < 0)
    return -EINVAL;
  target = header.pid == 0 ? sentry_task_ref (task) : sentry_task_find (task, header.pid);
  if (target == NULL)
    return -ESRCH;
  cred = sentry_task_get_cred (target);
  sentry_task_unref (target);
  if (cred == NULL)
    return -ESRCH;
  for (guint i = 0; i < words; i++)
    data[i] = (struct __user_cap_data_struct){ cred->cap_effective >> (32 * i),
                                               cred->cap_permitted >> (32 * i),
                                               cred->cap_inheritable >> (32 * i) };
  sentry_cred_unref (cred);
  if (args->arg[1] == 0)
    return 0;
  return sentry_copy_out (sentry_task_usermem (task), args->arg[1], data, words * sizeof data[0]);
}

/* cap_capset of security/commoncap.c. */
static int
check_capset (const SentryCred *old, guint64 effective, guint64 permitted, guint64 inheritable)
{
  if (!may (old, CAP_SETPCAP) && (inheritable & ~(old->cap_inheritable | old->cap_permitted)))
    return -EPERM;
  if (inheritable & ~(old->cap_inheritable | old->cap_bounding))
    return -EPERM;
  if (permitted & ~old->cap_permitted)
    return -EPERM;
  return effective & ~permitted ? -EPERM : 0;
}

gint64
sentry_sys_capset (SentryTask *task, const SentrySyscallArgs *args)
{
  struct __user_cap_header_struct header;
  struct __user_cap_data_struct data[2] = { { 0 } };
  guint64 effective, permitted, inheritable;
  SentryCred *new;
  guint words;
  int r = copy_in_cap_header (task, args->arg[0], &header, &words);

  if (r < 0)
    return r;
  if (header.pid != 0 && header.pid != task->tid)
    return -EPERM;
  if (sentry_copy_in (sentry_task_usermem (task), data, args->arg[1], words * sizeof data[0]) < 0)
    return -EFAULT;
  effective = (data[0].effective | (guint64) data[1].effective << 32) & SENTRY_CAP_ALL;
  permitted = (data[0].permitted | (guint64) data[1].permitted << 32) & SENTRY_CAP_ALL;
  inheritable = (data[0].inheritable | (guint64) data[1].inheritable << 32) & SENTRY_CAP_ALL;
  r = check_capset (task->cred, effective, permitted, inheritable);
  if (r < 0)
    return r;
  new = sentry_cred_copy (task->cred);
  new->cap_effective = effective;
  new->cap_permitted = permitted;
  new->cap_inheritable = inheritable;
  new->cap_ambient &= permitted &inheritable;
  sentry_task_set_cred (task, new);
  return 0;
}
