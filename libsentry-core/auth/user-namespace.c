/* User namespaces: owners and id maps. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "auth/user-namespace.h"

#define OVERFLOW_ID 65534

static void
map_set_identity (SentryIdMap *map)
{
  map->extents = g_new (SentryIdExtent, 1);
  map->extents[0] = (SentryIdExtent){ 0, 0, G_MAXUINT32 };
  map->n_extents = 1;
}

SentryUserNamespace *
sentry_user_namespace_new_root (void)
{
  SentryUserNamespace *ns = g_new0 (SentryUserNamespace, 1);

  sentry_ref_init (&ns->ref);
  sentry_mutex_init (&ns->lock, SENTRY_LOCK_CRED);
  map_set_identity (&ns->uid_map);
  map_set_identity (&ns->gid_map);
  return ns;
}

SentryUserNamespace *
sentry_user_namespace_ref (SentryUserNamespace *ns)
{
  sentry_ref_get (&ns->ref);
  return ns;
}

void
sentry_user_namespace_unref (SentryUserNamespace *ns)
{
  while (ns != NULL && sentry_ref_put (&ns->ref))
    {
      SentryUserNamespace *parent = ns->parent;
      g_free (ns->uid_map.extents);
      g_free (ns->gid_map.extents);
      g_free (ns);
      ns = parent;
    }
}

static guint32
map_from (const SentryIdMap *map, guint32 id)
{
  guint n = __atomic_load_n (&map->n_extents, __ATOMIC_ACQUIRE);

  for (guint i = 0; i < n; i++)
    if (id >= map->extents[i].first && id - map->extents[i].first < map->extents[i].count)
      return map->extents[i].kernel_first + (id - map->extents[i].first);
  return SENTRY_ID_INVALID;
}

static guint32
map_to (const SentryIdMap *map, guint32 kernel_id)
{
  guint n = __atomic_load_n (&map->n_extents, __ATOMIC_ACQUIRE);

  for (guint i = 0; i < n; i++)
    if (kernel_id >= map->extents[i].kernel_first
        && kernel_id - map->extents[i].kernel_first < map->extents[i].count)
      return map->extents[i].first + (kernel_id - map->extents[i].kernel_first);
  return OVERFLOW_ID;
}

SentryKuid
sentry_user_namespace_uid_from (SentryUserNamespace *ns, guint32 uid)
{
  return map_from (&ns->uid_map, uid);
}

guint32
sentry_user_namespace_uid_to (SentryUserNamespace *ns, SentryKuid uid)
{
  return map_to (&ns->uid_map, uid);
}

SentryKgid
sentry_user_namespace_gid_from (SentryUserNamespace *ns, guint32 gid)
{
  return map_from (&ns->gid_map, gid);
}

guint32
sentry_user_namespace_gid_to (SentryUserNamespace *ns, SentryKgid gid)
{
  return map_to (&ns->gid_map, gid);
}
