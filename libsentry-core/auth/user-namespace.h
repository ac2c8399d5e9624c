/* User namespaces and the rules of changing credentials, for the core.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "auth/sentry-cred.h"
#include "base/sentry-lock.h"

G_BEGIN_DECLS

#define SENTRY_SECBIT_NOROOT (1u << 0)
#define SENTRY_SECBIT_NO_SETUID_FIXUP (1u << 2)
#define SENTRY_SECBIT_KEEP_CAPS (1u << 4)
#define SENTRY_SECBIT_NO_CAP_AMBIENT_RAISE (1u << 6)

#define SENTRY_MAX_ID_EXTENTS 340

/* Ids first … first + count - 1 of the namespace are kernel_first … */
typedef struct
{
  guint32 first, kernel_first, count;
} SentryIdExtent;

typedef struct
{
  SentryIdExtent *extents; /* owned; NULL: nothing mapped yet */
  guint n_extents;
} SentryIdMap;

/* Life: unshare or clone makes one; credentials and other namespaces hold it; maps are written once
 * each. */
struct SentryUserNamespace
{
  SentryRef ref;
  SentryUserNamespace *parent;  /* I: owned; NULL for the root */
  SentryKuid owner;             /* I */
  SentryKgid group;             /* I */
  guint level;                  /* I: 0 for the root, at most 32 */
  SentryMutex lock;             /* CRED */
  SentryIdMap uid_map, gid_map; /* m, and immutable once set: readers load n_extents atomically */
};

/* Editing a fresh copy, before it is published. */
void sentry_cred_set_groups (SentryCred *cred, const SentryKgid *groups, guint n_groups);
void sentry_cred_fix_caps_after_setuid (SentryCred *cred, const SentryCred *old);
void sentry_cred_fix_caps_after_setfsuid (SentryCred *cred, const SentryCred *old);
/* As in_group, with egid instead of fsgid (setresgid and friends, kill). */
gboolean sentry_cred_in_egroup (const SentryCred *cred, SentryKgid gid);

G_END_DECLS
