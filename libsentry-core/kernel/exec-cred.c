/* The credentials that a new program gets. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/task-private.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* security.capability, versions 2 and 3 (capabilities(7)). */
typedef struct
{
  guint64 permitted, inheritable;
  gboolean effective;
  gboolean present;
} FileCaps;

static gboolean
is_script (SentryFile *file)
{
  char head[2] = { 0 };
  gint64 pos = 0;
  SentryIter it;

  sentry_iter_init_kernel (&it, head, sizeof head);
  return sentry_file_read (file, &it, &pos) == 2 && head[0] == '#' && head[1] == '!';
}

static void
apply_set_ids (SentryTask *task, SentryFile *file, SentryCred *cred)
{
  SentryAttr attr;

  if (cred->no_new_privs || (file->path.mount->flags & MS_NOSUID)
      || sentry_mount_namespace_ops (task->mount_ns)->getattr (task->mount_ns, &file->path, &attr)
             < 0
      || !(attr.mode & (S_ISUID | S_ISGID)) || is_script (file))
    return;
  if (attr.mode & S_ISUID)
    cred->euid = attr.uid;
  if ((attr.mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
    cred->egid = attr.gid;
}

static guint32
le32 (const guint8 *p)
{
  return p[0] | p[1] << 8 | p[2] << 16 | (guint32) p[3] << 24;
}

static void
read_file_caps (SentryTask *task, SentryFile *file, SentryCred *cred, FileCaps *ret)
{
  guint8 v[24];
  gssize n;

  *ret = (FileCaps){ 0 };
  if (file->path.mount->flags & MS_NOSUID)
    return;
  n = sentry_mount_namespace_ops (task->mount_ns)
          ->getxattr (task->mount_ns, &file->path, cred, "security.capability", v, sizeof v);
  if (n < 20
      || ((le32 (v) & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_2
          && (le32 (v) & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_3))
    return;
  ret->present = TRUE;
  ret->effective = (le32 (v) & VFS_CAP_FLAGS_EFFECTIVE) != 0;
  ret->permitted = le32 (v + 4) | (guint64) le32 (v + 12) << 32;
  ret->inheritable = le32 (v + 8) | (guint64) le32 (v + 16) << 32;
}

/* Root's programs count as having every capability, unless SECBIT_NOROOT. */
static void
add_root_caps (const SentryCred *cred, FileCaps *caps)
{
  if (cred->securebits & (1u << SECURE_NOROOT))
    return;
  if (cred->euid != 0 && cred->ruid != 0)
    return;
  /* A file with capabilities that is set-user-ID root gives only those. */
  if (caps->present && cred->ruid != 0 && cred->euid == 0)
    return;
  caps->permitted = caps->inheritable = SENTRY_CAP_ALL;
  if (cred->euid == 0)
    caps->effective = TRUE;
}

static void
transform_caps (SentryCred *cred, const FileCaps *caps, gboolean drop_ambient)
{
  if (drop_ambient)
    cred->cap_ambient = 0;
  cred->cap_permitted = (cred->cap_inheritable & caps->inheritable)
                        | (caps->permitted & cred->cap_bounding) | cred->cap_ambient;
  cred->cap_effective = caps->effective ? cred->cap_permitted : cred->cap_ambient;
}

SentryCred *
sentry_task_exec_cred (SentryTask *task, SentryFile *file, gboolean *ret_secure,
                       gboolean *ret_setid)
{
  const SentryCred *old = task->cred;
  SentryCred *cred = sentry_cred_copy (old);
  FileCaps caps;
  gboolean setid, had_file_caps;

  apply_set_ids (task, file, cred);
  setid = cred->euid != old->ruid || cred->egid != old->rgid;
  read_file_caps (task, file, cred, &caps);
  had_file_caps = caps.present && (caps.permitted | caps.inheritable) != 0;
  if (cred->no_new_privs)
    caps = (FileCaps){ 0 };
  add_root_caps (cred, &caps);
  transform_caps (cred, &caps, had_file_caps || setid);
  cred->suid = cred->fsuid = cred->euid;
  cred->sgid = cred->fsgid = cred->egid;
  cred->securebits &= ~(1u << SECURE_KEEP_CAPS);
  *ret_setid = cred->euid != old->euid || cred->egid != old->egid;
  *ret_secure
      = setid
        || (cred->ruid != 0 && (caps.effective || (cred->cap_permitted & ~cred->cap_ambient) != 0));
  return cred;
}
