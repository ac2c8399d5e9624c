/* Immutable credentials: making, copying, asking. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "auth/sentry-cred.h"

#include <string.h>

#include "auth/user-namespace.h"

#define MAX_GROUPS 65536

SentryCred *
sentry_cred_new_root (SentryUserNamespace *user_ns)
{
  return sentry_cred_new_user (user_ns, 0, 0, NULL, 0);
}

static int
compare_gid (gconstpointer a, gconstpointer b)
{
  SentryKgid x = *(const SentryKgid *) a, y = *(const SentryKgid *) b;

  return x < y ? -1 : x > y;
}

SentryCred *
sentry_cred_new_user (SentryUserNamespace *user_ns, SentryKuid uid, SentryKgid gid,
                      const SentryKgid *groups, guint n_groups)
{
  SentryCred *cred = g_new0 (SentryCred, 1);

  g_assert (n_groups <= MAX_GROUPS);
  sentry_ref_init (&cred->ref);
  cred->ruid = cred->euid = cred->suid = cred->fsuid = uid;
  cred->rgid = cred->egid = cred->sgid = cred->fsgid = gid;
  cred->cap_bounding = SENTRY_CAP_ALL;
  if (uid == 0)
    cred->cap_permitted = cred->cap_effective = SENTRY_CAP_ALL;
  cred->user_ns = sentry_user_namespace_ref (user_ns);
  sentry_cred_set_groups (cred, groups, n_groups);
  return cred;
}

void
sentry_cred_set_groups (SentryCred *cred, const SentryKgid *groups, guint n_groups)
{
  g_free (cred->groups);
  cred->groups = n_groups > 0 ? g_memdup2 (groups, n_groups * sizeof *groups) : NULL;
  cred->n_groups = n_groups;
  if (n_groups > 1)
    qsort (cred->groups, n_groups, sizeof *groups, compare_gid);
}

SentryCred *
sentry_cred_copy (const SentryCred *cred)
{
  SentryCred *copy = g_memdup2 (cred, sizeof *cred);

  sentry_ref_init (&copy->ref);
  copy->user_ns = sentry_user_namespace_ref (cred->user_ns);
  copy->groups = NULL;
  sentry_cred_set_groups (copy, cred->groups, cred->n_groups);
  return copy;
}

SentryCred *
sentry_cred_ref (const SentryCred *cred)
{
  SentryCred *mutable = (SentryCred *) cred;

  sentry_ref_get (&mutable->ref);
  return mutable;
}

void
sentry_cred_unref (const SentryCred *cred)
{
  SentryCred *mutable = (SentryCred *) cred;

  if (cred == NULL || !sentry_ref_put (&mutable->ref))
    return;
  sentry_user_namespace_unref (mutable->user_ns);
  g_free (mutable->groups);
  g_free (mutable);
}

gboolean
sentry_cred_in_group (const SentryCred *cred, SentryKgid gid)
{
  return cred->fsgid == gid
         || (cred->n_groups > 0
             && bsearch (&gid, cred->groups, cred->n_groups, sizeof gid, compare_gid) != NULL);
}

gboolean
sentry_cred_in_egroup (const SentryCred *cred, SentryKgid gid)
{
  return cred->egid == gid
         || (cred->n_groups > 0
             && bsearch (&gid, cred->groups, cred->n_groups, sizeof gid, compare_gid) != NULL);
}

/* Linux's cap_capable: a capability counts in cred's own namespace and below it; the owner of a
 * namespace has all of them in it, seen from its parent. */
gboolean
sentry_cred_capable_in (const SentryCred *cred, SentryUserNamespace *ns, int cap)
{
  for (SentryUserNamespace *at = ns; at != NULL; at = at->parent)
    {
      if (at == cred->user_ns)
        return (cred->cap_effective >> cap) & 1;
      if (at->parent == cred->user_ns && at->owner == cred->euid)
        return TRUE;
    }
  return FALSE;
}

gboolean
sentry_cred_capable (const SentryCred *cred, int cap)
{
  return cred->user_ns->parent == NULL && ((cred->cap_effective >> cap) & 1);
}

/* cap_emulate_setxuid of security/commoncap.c: what changing user ids does to capabilities. */
void
sentry_cred_fix_caps_after_setuid (SentryCred *new, const SentryCred *old)
{
  gboolean had_root = old->ruid == 0 || old->euid == 0 || old->suid == 0;
  gboolean has_root = new->ruid == 0 || new->euid == 0 || new->suid == 0;

  if (new->securebits & SENTRY_SECBIT_NO_SETUID_FIXUP)
    return;
  if (had_root && !has_root)
    {
      if (!(old->securebits & SENTRY_SECBIT_KEEP_CAPS))
        new->cap_permitted = new->cap_effective = 0;
      new->cap_ambient = 0;
    }
  if (old->euid == 0 && new->euid != 0)
    new->cap_effective = 0;
  if (old->euid != 0 && new->euid == 0)
    new->cap_effective = new->cap_permitted;
}

#define CAP_FS_MASK                                                                                \
  ((G_GUINT64_CONSTANT (1) << CAP_CHOWN) | (G_GUINT64_CONSTANT (1) << CAP_DAC_OVERRIDE)            \
   | (G_GUINT64_CONSTANT (1) << CAP_DAC_READ_SEARCH) | (G_GUINT64_CONSTANT (1) << CAP_FOWNER)      \
   | (G_GUINT64_CONSTANT (1) << CAP_FSETID) | (G_GUINT64_CONSTANT (1) << CAP_LINUX_IMMUTABLE)      \
   | (G_GUINT64_CONSTANT (1) << CAP_MKNOD) | (G_GUINT64_CONSTANT (1) << CAP_MAC_OVERRIDE))

void
sentry_cred_fix_caps_after_setfsuid (SentryCred *new, const SentryCred *old)
{
  if (new->securebits & SENTRY_SECBIT_NO_SETUID_FIXUP)
    return;
  if (old->fsuid == 0 && new->fsuid != 0)
    new->cap_effective &= ~CAP_FS_MASK;
  if (old->fsuid != 0 && new->fsuid == 0)
    new->cap_effective |= new->cap_permitted &CAP_FS_MASK;
}
