/* Peer groups and slaves: which mounts see the mounts and unmounts of others.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-private.h"

#include <errno.h>

/* Rings have no head: each member is linked to the next. */
static gboolean
is_alone (const SentryFsMount *m)
{
  return m->peers.next == &m->peers;
}

static void
leave_ring (SentryList *l)
{
  l->next->prev = l->prev;
  l->prev->next = l->next;
  l->next = l->prev = l;
}

static void
join_ring (SentryList *l, SentryList *member)
{
  l->next = member->next;
  l->prev = member;
  member->next->prev = l;
  member->next = l;
}

static SentryFsMount *
next_peer (const SentryFsMount *m)
{
  return SENTRY_CONTAINER (m->peers.next, SentryFsMount, peers);
}

static void
set_master (SentryFsMount *m, SentryFsMount *master)
{
  sentry_list_remove (&m->slave);
  m->master = master;
  if (master != NULL)
    sentry_list_append (&master->slaves, &m->slave);
}

/* do_make_slave: follows a peer; without peers, whom it followed before; its own slaves go the same
 * way. */
static void
make_slave (SentryFsMount *m)
{
  SentryFsMount *master = is_alone (m) ? m->master : next_peer (m);

  leave_ring (&m->peers);
  m->group = 0;
  SENTRY_LIST_FOREACH (link, safe, &m->slaves)
  set_master (SENTRY_CONTAINER (link, SentryFsMount, slave), master);
  set_master (m, master);
}

void
sentry_fs_mount_set_private_locked (SentryFsMount *m)
{
  make_slave (m);
  set_master (m, NULL);
}

static void
make_shared (SentryFsMount *m)
{
  if (m->group == 0)
    m->group = m->vfs->next_group_id++;
  m->state &= ~SENTRY_FS_MOUNT_UNBINDABLE;
}

void
sentry_fs_mount_set_type_locked (SentryFsMount *m, guint64 type)
{
  m->state &= ~SENTRY_FS_MOUNT_UNBINDABLE;
  if (type == MS_SHARED)
    make_shared (m);
  else
    make_slave (m);
  if (type == MS_PRIVATE || type == MS_UNBINDABLE)
    set_master (m, NULL);
  if (type == MS_UNBINDABLE)
    m->state |= SENTRY_FS_MOUNT_UNBINDABLE;
}

void
sentry_fs_mount_relate_locked (SentryFsMount *copy, SentryFsMount *original,
                               SentryFsRelation relation)
{
  if (relation == SENTRY_FS_COPY_SLAVE)
    {
      set_master (copy, original->group != 0 ? original : original->master);
      return;
    }
  if (original->group != 0)
    {
      copy->group = original->group;
      join_ring (&copy->peers, &original->peers);
    }
  set_master (copy, original->master);
  copy->state = original->state & SENTRY_FS_MOUNT_UNBINDABLE;
}

/* Every mount that follows `m`: its peers, slaves of the group, their peers and slaves … masters
 * before their slaves; not `m` itself. */
static GPtrArray *
collect_followers (SentryFsMount *m)
{
  GPtrArray *found = g_ptr_array_new ();
  GHashTable *seen = g_hash_table_new (NULL, NULL);

  g_ptr_array_add (found, m);
  g_hash_table_add (seen, m);
  for (guint i = 0; i < found->len; i++)
    {
      SentryFsMount *at = found->pdata[i];

      for (SentryFsMount *p = next_peer (at); p != at; p = next_peer (p))
        if (g_hash_table_add (seen, p))
          g_ptr_array_add (found, p);
      SENTRY_LIST_FOREACH (link, safe, &at->slaves)
      {
        SentryFsMount *s = SENTRY_CONTAINER (link, SentryFsMount, slave);
        if (g_hash_table_add (seen, s))
          g_ptr_array_add (found, s);
      }
    }
  g_hash_table_unref (seen);
  g_ptr_array_remove_index (found, 0);
  return found;
}

static gboolean
shows (SentryFsMount *m, SentryFsDentry *mountpoint)
{
  return m->tree != NULL && sentry_fs_dentry_is_below (mountpoint, m->root);
}

/* The copy that `target` gets of `top`, whose copies for other groups are in `by_group`. */
static SentryFsMount *
copy_for (SentryFsMount *target, SentryFsMount *top, GHashTable *by_group, GPtrArray *drop)
{
  SentryFsMount *peer = g_hash_table_lookup (by_group, GUINT_TO_POINTER (target->group));
  SentryFsMount *from = peer, *copy;

  if (target->group == 0 || peer == NULL)
    {
      from = g_hash_table_lookup (by_group, GUINT_TO_POINTER (target->master->group));
      copy = sentry_fs_copy_tree_locked (from, from->root, SENTRY_FS_COPY_SLAVE,
                                         SENTRY_FS_COPY_BINDABLE, drop);
      if (copy == NULL || target->group == 0)
        return copy;
      sentry_fs_tree_each (copy, m) make_shared (m);
      g_hash_table_insert (by_group, GUINT_TO_POINTER (target->group), copy);
      return copy;
    }
  return sentry_fs_copy_tree_locked (from, from->root, SENTRY_FS_COPY_PEER, SENTRY_FS_COPY_BINDABLE,
                                     drop);
}

/* Hangs `copy` there; what is there already ends up on top of it. */
static void
attach_copy (SentryFsMount *copy, SentryFsMount *target, SentryFsDentry *mountpoint,
             GPtrArray *drop)
{
  SentryFsMount *there = sentry_fs_mount_find_locked (target->vfs, target, mountpoint), *parent;
  SentryFsDentry *point;

  if (there != NULL)
    {
      sentry_fs_mount_unhang_locked (there, &parent, &point);
      sentry_fs_drop_mount (drop, parent);
      sentry_fs_drop_dentry (drop, point);
    }
  sentry_fs_mount_attach_locked (copy, target->tree, target, mountpoint);
  if (there != NULL)
    sentry_fs_mount_attach_locked (there, NULL, copy, copy->root);
}

int
sentry_fs_attach_tree_locked (SentryFsMount *top, SentryFsTree *tree, SentryFsMount *parent,
                              SentryFsDentry *mountpoint, GPtrArray *drop)
{
  g_autoptr (GPtrArray) targets = collect_followers (parent);
  g_autoptr (GPtrArray) copies = g_ptr_array_new ();
  g_autoptr (GHashTable) by_group = g_hash_table_new (NULL, NULL);
  int r = sentry_fs_tree_has_room (tree, top) ? 0 : -ENOSPC;

  if (parent->group != 0)
    sentry_fs_tree_each (top, m) make_shared (m);
  if (parent->group != 0)
    g_hash_table_insert (by_group, GUINT_TO_POINTER (parent->group), top);
  for (guint i = 0; i < targets->len && r == 0; i++)
    {
      SentryFsMount *target = targets->pdata[i], *copy = NULL;

      if (shows (target, mountpoint))
        {
          if (!sentry_fs_tree_has_room (target->tree, top))
            r = -ENOSPC;
          else if ((copy = copy_for (target, top, by_group, drop)) == NULL)
            r = -ENOMEM;
        }
      g_ptr_array_add (copies, copy);
    }
  for (guint i = 0; i < copies->len; i++)
    if (copies->pdata[i] != NULL && r == 0)
      attach_copy (copies->pdata[i], targets->pdata[i], mountpoint, drop);
    else if (copies->pdata[i] != NULL)
      sentry_fs_detach_tree_locked (copies->pdata[i], drop);
  if (r == 0)
    sentry_fs_mount_attach_locked (top, tree, parent, mountpoint);
  return r;
}

/* What mounting `m` where it is has made elsewhere. */
static GPtrArray *
propagated (SentryFsMount *m)
{
  GPtrArray *found = g_ptr_array_new ();
  g_autoptr (GPtrArray) targets = NULL;

  if (m->parent == NULL)
    return found;
  targets = collect_followers (m->parent);
  for (guint i = 0; i < targets->len; i++)
    {
      SentryFsMount *child = sentry_fs_mount_find_locked (m->vfs, targets->pdata[i], m->mountpoint);

      if (child != NULL && child->super == m->super && child->root == m->root)
        g_ptr_array_add (found, child);
    }
  return found;
}

gboolean
sentry_fs_propagated_is_busy_locked (SentryFsMount *m)
{
  g_autoptr (GPtrArray) others = propagated (m);
  gboolean busy = FALSE;

  for (guint i = 0; i < others->len; i++)
    {
      SentryFsMount *other = others->pdata[i];
      busy |= sentry_list_is_empty (&other->children)
              && __atomic_load_n (&other->pub.ref.count, __ATOMIC_SEQ_CST) > 1;
    }
  return busy;
}

/* Of those with something mounted on them by somebody else, nothing is taken away. */
void
sentry_fs_detach_propagated_locked (SentryFsMount *top, GPtrArray *drop)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  sentry_fs_tree_each (top, m)
  {
    g_autoptr (GPtrArray) others = propagated (m);

    for (guint i = 0; i < others->len; i++)
      if (!sentry_fs_mount_is_below_locked (others->pdata[i], top))
        g_ptr_array_add (all, others->pdata[i]);
  }
  /* Children after their parents were found, so from the end they go first. */
  for (guint i = all->len; i-- > 0;)
    {
      SentryFsMount *m = all->pdata[i];
      if (m->tree != NULL && sentry_list_is_empty (&m->children))
        sentry_fs_mount_detach_locked (m, drop);
    }
}
