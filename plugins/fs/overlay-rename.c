/* rename in an overlay. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One rename, after both directories and what moves were copied up. */
typedef struct
{
  SentryOverlaySuper *sb;
  SentryOverlayInode *old_dir, *new_dir;
  const char *old_name, *new_name;
  SentryOverlayInode *moved, *victim; /* victim may be NULL */
  gboolean exchange;
  gboolean below_old, below_new; /* lower layers have something of that name */
  SentryInode
      *there; /* what new_name is in the upper layer: NULL, a whiteout, or the victim's; owned */
} Rename;

static SentryInode *
old_upper (const Rename *rn)
{
  return sentry_overlay_upper (rn->old_dir);
}

static SentryInode *
new_upper (const Rename *rn)
{
  return sentry_overlay_upper (rn->new_dir);
}

static gboolean
is_dir (SentryOverlayInode *o)
{
  return o != NULL && o->base.type == S_IFDIR;
}

/* --- preparations --- */

static int
copy_all_up (Rename *rn)
{
  int r = sentry_overlay_copy_up (rn->old_dir, G_MAXUINT64);

  if (r == 0)
    r = sentry_overlay_copy_up (rn->new_dir, G_MAXUINT64);
  if (r == 0)
    r = sentry_overlay_copy_up (rn->moved, G_MAXUINT64);
  if (r == 0 && rn->exchange)
    r = sentry_overlay_copy_up (rn->victim, G_MAXUINT64);
  return r;
}

static int
find_below (Rename *rn)
{
  int old_below = sentry_overlay_has_below (rn->old_dir, rn->old_name);
  int new_below = old_below < 0 ? old_below : sentry_overlay_has_below (rn->new_dir, rn->new_name);

  if (new_below < 0)
    return new_below;
  rn->below_old = old_below > 0;
  rn->below_new = new_below > 0;
  return 0;
}

/* A lower file with several names was copied up under another one. */
static int
ensure_upper_name (SentryOverlayInode *dir, const char *name, SentryOverlayInode *o)
{
  SentryInode *there;
  int r = sentry_overlay_find_there (sentry_overlay_upper (dir), name, &there);

  if (r == 0 && there == NULL)
    {
      r = sentry_overlay_link_here (sentry_overlay_upper (dir), name, sentry_overlay_upper (o));
      if (r == 0)
        sentry_overlay_lost_below (o);
    }
  else if (r == 0)
    sentry_inode_unref (there);
  return r;
}

static int
mark_redirect (SentryOverlaySuper *sb, SentryOverlayInode *dir)
{
  char *path;
  int r;

  if (dir->redirect != NULL)
    return 0;
  path = sentry_overlay_lower_path (dir);
  if (path == NULL)
    return -EXDEV;
  r = sentry_overlay_set_mark (sb, sentry_overlay_upper (dir), "redirect", path);
  if (r < 0)
    {
      /* As Linux does without redirect_dir; programs copy then. */
      g_free (path);
      return r == -EOPNOTSUPP || r == -ENOSPC ? -EXDEV : r;
    }
  sentry_mutex_lock (&sb->lock);
  dir->redirect = path;
  sentry_mutex_unlock (&sb->lock);
  return 0;
}

/* At its new name it must neither lose what it was merged with nor be merged with what lies there.
 */
static int
mark_moved (SentryOverlaySuper *sb, SentryOverlayInode *o, gboolean below)
{
  if (!is_dir (o))
    return 0;
  if (o->n_lower > 0)
    return mark_redirect (sb, o);
  return below ? sentry_overlay_set_mark (sb, sentry_overlay_upper (o), "opaque", "y") : 0;
}

static int
prepare (Rename *rn)
{
  int r = copy_all_up (rn);

  if (r == 0)
    r = find_below (rn);
  if (r == 0 && !rn->exchange && is_dir (rn->victim))
    r = sentry_overlay_check_empty (rn->victim);
  if (r == 0)
    r = ensure_upper_name (rn->old_dir, rn->old_name, rn->moved);
  if (r == 0 && rn->exchange)
    r = ensure_upper_name (rn->new_dir, rn->new_name, rn->victim);
  if (r == 0)
    r = mark_moved (rn->sb, rn->moved, rn->below_new);
  if (r == 0 && rn->exchange)
    r = mark_moved (rn->sb, rn->victim, rn->below_old);
  return r;
}

/* --- the move --- */

static int
rename_upper (Rename *rn, guint32 flags)
{
  SentryInode *from = old_upper (rn);
  int r;

  if (from->ops->rename == NULL)
    return -EPERM;
  sentry_overlay_work_lock (rn->sb, from, new_upper (rn));
  r = from->ops->rename (from, rn->old_name, sentry_overlay_upper (rn->moved), new_upper (rn),
                         rn->new_name, rn->there, flags);
  sentry_overlay_work_unlock (rn->sb, from, new_upper (rn));
  return r;
}

/* Something to change places with, so that the old name is never without its whiteout. */
static int
put_whiteout_at_new (Rename *rn)
{
  int r = sentry_overlay_hide (rn->sb, new_upper (rn), rn->new_name, NULL);

  return r < 0 ? r : sentry_overlay_find_there (new_upper (rn), rn->new_name, &rn->there);
}

/* After the exchange `there` stands at the old name: a whiteout may stay if one is needed, anything
 * else goes.  The directory's lock keeps everybody from seeing it. */
static int
clear_old_name (Rename *rn)
{
  gboolean whiteout = sentry_overlay_is_whiteout (rn->there);
  int r = 0;

  if (rn->below_old)
    return whiteout ? 0 : sentry_overlay_hide (rn->sb, old_upper (rn), rn->old_name, rn->there);
  if (rn->there->type == S_IFDIR)
    r = sentry_overlay_empty_dir (rn->sb, rn->there);
  return r < 0 ? r : sentry_overlay_remove_here (old_upper (rn), rn->old_name, rn->there);
}

static int
move (Rename *rn)
{
  gboolean replaces = rn->there != NULL && rn->there->type != S_IFDIR && !is_dir (rn->moved);
  int r;

  if (rn->exchange)
    return rename_upper (rn, RENAME_EXCHANGE);
  if (!rn->below_old && (rn->there == NULL || replaces))
    return rename_upper (rn, 0);
  if (rn->there == NULL)
    {
      r = put_whiteout_at_new (rn);
      if (r < 0)
        return r;
    }
  r = rename_upper (rn, RENAME_EXCHANGE);
  return r < 0 ? r : clear_old_name (rn);
}

/* --- the books --- */

static void
count_subdirs (Rename *rn)
{
  if (is_dir (rn->moved))
    {
      sentry_overlay_subdirs_changed (rn->old_dir, -1);
      sentry_overlay_subdirs_changed (rn->new_dir, 1);
    }
  if (!is_dir (rn->victim))
    return;
  sentry_overlay_subdirs_changed (rn->new_dir, -1);
  if (rn->exchange)
    sentry_overlay_subdirs_changed (rn->old_dir, 1);
}

int
sentry_overlay_rename (SentryInode *old_base, const char *old_name, SentryInode *inode,
                       SentryInode *new_base, const char *new_name, SentryInode *victim,
                       guint32 flags)
{
  Rename rn = { .sb = sentry_overlay_super (old_base->sb),
                .old_dir = sentry_overlay_inode (old_base),
                .new_dir = sentry_overlay_inode (new_base),
                .old_name = old_name,
                .new_name = new_name,
                .moved = sentry_overlay_inode (inode),
                .victim = victim == NULL ? NULL : sentry_overlay_inode (victim),
                .exchange = (flags & RENAME_EXCHANGE) != 0 };
  gboolean victim_was_below;
  int r;

  /* As Linux's overlayfs; and host submounts are different file systems. */
  if (flags & RENAME_WHITEOUT)
    return -EINVAL;
  if (old_base->dev_minor != new_base->dev_minor)
    return -EXDEV;
  r = prepare (&rn);
  if (r < 0)
    return r;
  if (rn.victim != NULL)
    {
      sentry_overlay_leave_place (rn.victim, rn.new_dir, new_name);
      sentry_overlay_settle (rn.victim);
    }
  r = sentry_overlay_find_there (new_upper (&rn), new_name, &rn.there);
  if (r < 0)
    return r;
  victim_was_below = rn.victim != NULL && rn.there == NULL;
  r = move (&rn);
  sentry_inode_unref (rn.there);
  if (r < 0)
    {
      if (rn.victim != NULL)
        sentry_overlay_set_place (rn.victim, rn.new_dir, new_name);
      return r;
    }
  if (victim_was_below && !is_dir (rn.victim))
    sentry_overlay_lost_below (rn.victim);
  sentry_overlay_set_place (rn.moved, rn.new_dir, new_name);
  if (rn.exchange)
    sentry_overlay_set_place (rn.victim, rn.old_dir, old_name);
  count_subdirs (&rn);
  return 0;
}
