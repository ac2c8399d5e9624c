/* How credentials and user namespaces are saved. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "auth/sentry-cred.h"
#include "auth/user-namespace.h"
#include "state/sentry-state.h"

#define MAX_GROUPS 65536
#define MAX_LEVEL 32

static gboolean
bad (GError **error, const char *what)
{
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT, "credentials: %s", what);
  return FALSE;
}

/* --- user namespaces --- */

static gboolean
extent_wraps (const SentryIdExtent *e)
{
  return e->count == 0 || e->first > G_MAXUINT32 - e->count
         || e->kernel_first > G_MAXUINT32 - e->count;
}

static gboolean
id_map_post_load (gpointer object, gpointer context, GError **error)
{
  const SentryIdMap *map = object;

  for (guint i = 0; i < map->n_extents; i++)
    if (extent_wraps (&map->extents[i]))
      return bad (error, "a range of ids that wraps");
  return TRUE;
}

/* Ancestors are walked, so they must end: each stands one level above its child. */
static gboolean
user_namespace_post_load (gpointer object, gpointer context, GError **error)
{
  const SentryUserNamespace *ns = object;

  if (ns->parent == NULL ? ns->level != 0 : ns->level != ns->parent->level + 1)
    return bad (error, "a user namespace out of its level");
  return TRUE;
}

SENTRY_STATE_DECLARE (SentryUserNamespace);
SENTRY_STATE_TABLE (SentryIdExtent, "id-extent", 1, SENTRY_STATE_U32 (SentryIdExtent, first),
                    SENTRY_STATE_U32 (SentryIdExtent, kernel_first),
                    SENTRY_STATE_U32 (SentryIdExtent, count));
SENTRY_STATE_TABLE_WITH (SentryIdMap, "id-map", 1, (.post_load = id_map_post_load),
                         SENTRY_STATE_STRUCTS (SentryIdMap, extents, n_extents, SentryIdExtent,
                                               SENTRY_MAX_ID_EXTENTS));
SENTRY_STATE_TABLE_WITH (SentryUserNamespace, "user-namespace", 1,
                         (.post_load = user_namespace_post_load),
                         SENTRY_STATE_REFCOUNT (SentryUserNamespace, ref),
                         SENTRY_STATE_REF (SentryUserNamespace, parent, SentryUserNamespace),
                         SENTRY_STATE_U32 (SentryUserNamespace, owner),
                         SENTRY_STATE_U32 (SentryUserNamespace, group),
                         SENTRY_STATE_U32_MAX (SentryUserNamespace, level, MAX_LEVEL),
                         SENTRY_STATE_MUTEX (SentryUserNamespace, lock, SENTRY_LOCK_CRED),
                         SENTRY_STATE_STRUCT (SentryUserNamespace, uid_map, SentryIdMap),
                         SENTRY_STATE_STRUCT (SentryUserNamespace, gid_map, SentryIdMap));

/* --- credentials --- */

static void
save_groups (SentryStateWriter *w, const SentryStateField *field, gconstpointer object)
{
  const SentryCred *cred = object;
  guint n = cred->groups != NULL ? cred->n_groups : 0;

  sentry_state_put_u32 (w, n);
  for (guint i = 0; i < n; i++)
    sentry_state_put_u32 (w, cred->groups[i]);
}

static void
load_groups (SentryStateReader *r, const SentryStateField *field, gpointer object)
{
  SentryCred *cred = object;

  cred->n_groups = sentry_state_get_count (r, MAX_GROUPS, 4);
  cred->groups = g_new (SentryKgid, cred->n_groups);
  for (guint i = 0; i < cred->n_groups; i++)
    cred->groups[i] = sentry_state_get_u32 (r);
}

static void
clear_groups (const SentryStateField *field, gpointer object)
{
  SentryCred *cred = object;

  g_clear_pointer (&cred->groups, g_free);
  cred->n_groups = 0;
}

/* Groups are searched by halves; capabilities beyond those that exist mean nothing. */
static gboolean
cred_post_load (gpointer object, gpointer context, GError **error)
{
  const SentryCred *cred = object;

  if (cred->user_ns == NULL)
    return bad (error, "no user namespace");
  for (guint i = 1; i < cred->n_groups; i++)
    if (cred->groups[i] < cred->groups[i - 1])
      return bad (error, "groups out of order");
  if ((cred->cap_inheritable | cred->cap_permitted | cred->cap_bounding) & ~SENTRY_CAP_ALL)
    return bad (error, "capabilities that do not exist");
  if ((cred->cap_effective & ~cred->cap_permitted)
      || (cred->cap_ambient & ~(cred->cap_permitted & cred->cap_inheritable)))
    return bad (error, "capabilities that are not permitted");
  return TRUE;
}

SENTRY_STATE_TABLE_WITH (
    SentryCred, "cred", 1, (.post_load = cred_post_load), SENTRY_STATE_REFCOUNT (SentryCred, ref),
    SENTRY_STATE_U32 (SentryCred, ruid), SENTRY_STATE_U32 (SentryCred, euid),
    SENTRY_STATE_U32 (SentryCred, suid), SENTRY_STATE_U32 (SentryCred, fsuid),
    SENTRY_STATE_U32 (SentryCred, rgid), SENTRY_STATE_U32 (SentryCred, egid),
    SENTRY_STATE_U32 (SentryCred, sgid), SENTRY_STATE_U32 (SentryCred, fsgid),
    SENTRY_STATE_U64 (SentryCred, cap_inheritable), SENTRY_STATE_U64 (SentryCred, cap_permitted),
    SENTRY_STATE_U64 (SentryCred, cap_effective), SENTRY_STATE_U64 (SentryCred, cap_bounding),
    SENTRY_STATE_U64 (SentryCred, cap_ambient), SENTRY_STATE_U32 (SentryCred, securebits),
    SENTRY_STATE_BOOL (SentryCred, no_new_privs),
    SENTRY_STATE_REF (SentryCred, user_ns, SentryUserNamespace),
    SENTRY_STATE_SKIP (SentryCred, n_groups, "saved with groups"),
    SENTRY_STATE_CUSTOM (SentryCred, groups, save_groups, load_groups, clear_groups));
