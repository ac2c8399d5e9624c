/* Credentials: who a task is. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <linux/capability.h>
#include "base/sentry-ref.h"

G_BEGIN_DECLS

typedef struct SentryUserNamespace SentryUserNamespace;

/* Kernel ids: unsigned, of the root user namespace.  SENTRY_ID_INVALID never belongs to anybody. */
typedef guint32 SentryKuid;
typedef guint32 SentryKgid;
#define SENTRY_ID_INVALID G_MAXUINT32

/* Immutable once published: a change copies it (sentry_cred_copy), edits the copy and swaps the
 * task's pointer. So a reference read once stays consistent for a whole system call or file. */
typedef struct SentryCred
{
  SentryRef ref;
  SentryKuid ruid, euid, suid, fsuid;
  SentryKgid rgid, egid, sgid, fsgid;
  guint64 cap_inheritable, cap_permitted, cap_effective, cap_bounding,
      cap_ambient; /* bit = CAP_* */
  guint32 securebits;
  gboolean no_new_privs;
  SentryUserNamespace *user_ns; /* owned */
  guint n_groups;               /* at most 65536 */
  SentryKgid *groups;           /* sorted; owned */
} SentryCred;

#define SENTRY_CAP_ALL ((G_GUINT64_CONSTANT (1) << (CAP_LAST_CAP + 1)) - 1)

/* Root with every capability in `user_ns`, no groups. */
SentryCred *sentry_cred_new_root (SentryUserNamespace *user_ns);
/* An ordinary user of `user_ns`: all ids equal, no capabilities unless uid is 0; bounding set full.
 */
SentryCred *sentry_cred_new_user (SentryUserNamespace *user_ns, SentryKuid uid, SentryKgid gid,
                                  const SentryKgid *groups, guint n_groups);
SentryCred *sentry_cred_copy (const SentryCred *cred);
SentryCred *sentry_cred_ref (const SentryCred *cred);
void sentry_cred_unref (const SentryCred *cred);

gboolean sentry_cred_in_group (const SentryCred *cred,
                               SentryKgid gid); /* fsgid or a supplementary group */
/* Linux's ns_capable: `cap` effective in `ns`, or owner of one of its ancestors below cred's. */
gboolean sentry_cred_capable_in (const SentryCred *cred, SentryUserNamespace *ns, int cap);
/* In the root user namespace of the sandbox. */
gboolean sentry_cred_capable (const SentryCred *cred, int cap);

SentryUserNamespace *sentry_user_namespace_new_root (void);
SentryUserNamespace *sentry_user_namespace_ref (SentryUserNamespace *ns);
void sentry_user_namespace_unref (SentryUserNamespace *ns);
/* Maps between what tasks of `ns` say and kernel ids.  _from: SENTRY_ID_INVALID if unmapped.  _to:
 * 65534 then. */
SentryKuid sentry_user_namespace_uid_from (SentryUserNamespace *ns, guint32 uid);
guint32 sentry_user_namespace_uid_to (SentryUserNamespace *ns, SentryKuid uid);
SentryKgid sentry_user_namespace_gid_from (SentryUserNamespace *ns, guint32 gid);
guint32 sentry_user_namespace_gid_to (SentryUserNamespace *ns, SentryKgid gid);

G_END_DECLS
