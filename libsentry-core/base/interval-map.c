/* The tree behind sentry-interval-map.h. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sentry-interval-map.h"

static guint64
guarded_start (const SentryInterval *i)
{
  return i->guard < i->start ? i->start - i->guard : 0;
}

static guint64
hole_between (guint64 low, guint64 high)
{
  return high > low ? high - low : 0;
}

static guint
height (const SentryInterval *i)
{
  return i != NULL ? i->height : 0;
}

/* Recomputes what `i` knows of its subtree from its children. */
static void
refresh (SentryInterval *i)
{
  SentryInterval *l = i->left, *r = i->right;

  i->height = 1 + MAX (height (l), height (r));
  i->first = l != NULL ? l->first : guarded_start (i);
  i->last = r != NULL ? r->last : i->end;
  i->hole = 0;
  if (l != NULL)
    i->hole = MAX (l->hole, hole_between (l->last, guarded_start (i)));
  if (r != NULL)
    i->hole = MAX (i->hole, MAX (r->hole, hole_between (i->end, r->first)));
}

static void
refresh_up (SentryInterval *i)
{
  for (; i != NULL; i = i->parent)
    refresh (i);
}

/* Puts `child` where `old` hangs. */
static void
replace_child (SentryIntervalMap *map, SentryInterval *parent, SentryInterval *old,
               SentryInterval *child)
{
  if (parent == NULL)
    map->root = child;
  else if (parent->left == old)
    parent->left = child;
  else
    parent->right = child;
  if (child != NULL)
    child->parent = parent;
}

static SentryInterval *
rotate_left (SentryIntervalMap *map, SentryInterval *i)
{
  SentryInterval *up = i->right;

  replace_child (map, i->parent, i, up);
  i->right = up->left;
  if (i->right != NULL)
    i->right->parent = i;
  up->left = i;
  i->parent = up;
  refresh (i);
  refresh (up);
  return up;
}

static SentryInterval *
rotate_right (SentryIntervalMap *map, SentryInterval *i)
{
  SentryInterval *up = i->left;

  replace_child (map, i->parent, i, up);
  i->left = up->right;
  if (i->left != NULL)
    i->left->parent = i;
  up->right = i;
  i->parent = up;
  refresh (i);
  refresh (up);
  return up;
}

/* Restores balance and knowledge from `i` up to the root. */
static void
rebalance (SentryIntervalMap *map, SentryInterval *i)
{
  for (; i != NULL; i = i->parent)
    {
      int lean = (int) height (i->left) - (int) height (i->right);

      refresh (i);
      if (lean > 1)
        {
          if (height (i->left->left) < height (i->left->right))
            rotate_left (map, i->left);
          i = rotate_right (map, i);
        }
      else if (lean < -1)
        {
          if (height (i->right->right) < height (i->right->left))
            rotate_right (map, i->right);
          i = rotate_left (map, i);
        }
    }
}

SentryInterval *
sentry_interval_map_find_from (const SentryIntervalMap *map, guint64 at)
{
  SentryInterval *i = map->root, *best = NULL;

  while (i != NULL)
    if (i->end > at)
      {
        best = i;
        i = i->left;
      }
    else
      i = i->right;
  return best;
}

SentryInterval *
sentry_interval_map_find_below (const SentryIntervalMap *map, guint64 at)
{
  SentryInterval *i = map->root, *best = NULL;

  while (i != NULL)
    if (i->start < at)
      {
        best = i;
        i = i->right;
      }
    else
      i = i->left;
  return best;
}

SentryInterval *
sentry_interval_map_find (const SentryIntervalMap *map, guint64 at)
{
  SentryInterval *i = sentry_interval_map_find_from (map, at);
  return i != NULL && i->start <= at ? i : NULL;
}

SentryInterval *
sentry_interval_map_find_in (const SentryIntervalMap *map, guint64 start, guint64 end)
{
  SentryInterval *i = sentry_interval_map_find_from (map, start);
  return i != NULL && i->start < end ? i : NULL;
}

static SentryInterval *
lowest_of (SentryInterval *i)
{
  while (i != NULL && i->left != NULL)
    i = i->left;
  return i;
}

static SentryInterval *
highest_of (SentryInterval *i)
{
  while (i != NULL && i->right != NULL)
    i = i->right;
  return i;
}

SentryInterval *
sentry_interval_map_first (const SentryIntervalMap *map)
{
  return lowest_of (map->root);
}

SentryInterval *
sentry_interval_map_last (const SentryIntervalMap *map)
{
  return highest_of (map->root);
}

SentryInterval *
sentry_interval_next (const SentryInterval *i)
{
  if (i->right != NULL)
    return lowest_of (i->right);
  while (i->parent != NULL && i->parent->right == i)
    i = i->parent;
  return i->parent;
}

SentryInterval *
sentry_interval_prev (const SentryInterval *i)
{
  if (i->left != NULL)
    return highest_of (i->left);
  while (i->parent != NULL && i->parent->left == i)
    i = i->parent;
  return i->parent;
}

gboolean
sentry_interval_map_insert (SentryIntervalMap *map, SentryInterval *i)
{
  SentryInterval *parent = NULL, **slot = &map->root;

  g_assert (i->height == 0);
  if (i->start >= i->end)
    return FALSE;
  while (*slot != NULL)
    {
      parent = *slot;
      if (i->end <= parent->start)
        slot = &parent->left;
      else if (i->start >= parent->end)
        slot = &parent->right;
      else
        return FALSE;
    }
  *slot = i;
  i->parent = parent;
  i->left = i->right = NULL;
  map->count++;
  rebalance (map, i);
  return TRUE;
}

void
sentry_interval_map_erase (SentryIntervalMap *map, SentryInterval *i)
{
  SentryInterval *from;

  g_assert (i->height != 0);
  if (i->left == NULL || i->right == NULL)
    {
      from = i->parent;
      replace_child (map, i->parent, i, i->left != NULL ? i->left : i->right);
    }
  else
    {
      /* Its successor has no left child and takes its place. */
      SentryInterval *next = lowest_of (i->right);

      from = next->parent == i ? next : next->parent;
      if (next->parent != i)
        {
          replace_child (map, next->parent, next, next->right);
          next->right = i->right;
          next->right->parent = next;
        }
      next->left = i->left;
      next->left->parent = next;
      replace_child (map, i->parent, i, next);
    }
  rebalance (map, from);
  map->count--;
  i->parent = i->left = i->right = NULL;
  i->height = 0;
}

gboolean
sentry_interval_map_resize (SentryIntervalMap *map, SentryInterval *i, guint64 start, guint64 end)
{
  SentryInterval *prev = sentry_interval_prev (i), *next = sentry_interval_next (i);

  if (start >= end || (prev != NULL && start < prev->end) || (next != NULL && end > next->start))
    return FALSE;
  i->start = start;
  i->end = end;
  refresh_up (i);
  return TRUE;
}

void
sentry_interval_map_set_guard (SentryIntervalMap *map, SentryInterval *i, guint64 guard)
{
  i->guard = guard;
  refresh_up (i);
}

void
sentry_interval_map_split (SentryIntervalMap *map, SentryInterval *i, guint64 at,
                           SentryInterval *upper)
{
  g_assert (i->start < at && at < i->end);
  upper->start = at;
  upper->end = i->end;
  upper->guard = 0;
  i->end = at;
  refresh_up (i);
  sentry_interval_map_insert (map, upper);
}

void
sentry_interval_map_merge (SentryIntervalMap *map, SentryInterval *lower, SentryInterval *upper)
{
  g_assert (lower->end == upper->start);
  sentry_interval_map_erase (map, upper);
  lower->end = upper->end;
  refresh_up (lower);
}

typedef struct
{
  guint64 lo, hi, len;
  guint64 edge; /* how far the walk has come: end (start) of the interval passed last */
} HoleSearch;

/* The part of [low, high) that lies inside [lo, hi) has room for len. */
static gboolean
hole_fits (const HoleSearch *s, guint64 low, guint64 high)
{
  return hole_between (MAX (low, s->lo), MIN (high, s->hi)) >= s->len;
}

/* Walks the subtree upwards from s->edge, past what can hold no hole; recursion is as deep as the
 * tree is high. */
static gboolean
walk_up (const SentryInterval *i, HoleSearch *s, guint64 *ret)
{
  if (i == NULL || s->edge >= s->hi)
    return FALSE;
  if (i->last <= s->lo || MAX (i->hole, hole_between (s->edge, i->first)) < s->len)
    {
      s->edge = i->last;
      return FALSE;
    }
  if (walk_up (i->left, s, ret))
    return TRUE;
  if (hole_fits (s, s->edge, guarded_start (i)))
    {
      *ret = MAX (s->edge, s->lo);
      return TRUE;
    }
  s->edge = i->end;
  return walk_up (i->right, s, ret);
}

static gboolean
walk_down (const SentryInterval *i, HoleSearch *s, guint64 *ret)
{
  if (i == NULL)
    return FALSE;
  if (i->last <= s->lo)
    {
      /* The last hole that reaches above lo; the guard that bounds it ends at the neighbour. */
      guint64 edge = s->edge;
      s->edge = 0;
      if (!hole_fits (s, i->last, edge))
        return FALSE;
      *ret = MIN (edge, s->hi) - s->len;
      return TRUE;
    }
  if (i->first >= s->hi || MAX (i->hole, hole_between (i->last, s->edge)) < s->len)
    {
      s->edge = i->first;
      return FALSE;
    }
  if (walk_down (i->right, s, ret))
    return TRUE;
  if (hole_fits (s, i->end, s->edge))
    {
      *ret = MIN (s->edge, s->hi) - s->len;
      return TRUE;
    }
  s->edge = guarded_start (i);
  return walk_down (i->left, s, ret);
}

gboolean
sentry_interval_map_lowest_hole (const SentryIntervalMap *map, guint64 lo, guint64 hi, guint64 len,
                                 guint64 *ret)
{
  HoleSearch s = { .lo = lo, .hi = hi, .len = len, .edge = 0 };

  g_assert (len > 0);
  if (walk_up (map->root, &s, ret))
    return TRUE;
  if (!hole_fits (&s, s.edge, hi))
    return FALSE;
  *ret = MAX (s.edge, lo);
  return TRUE;
}

gboolean
sentry_interval_map_highest_hole (const SentryIntervalMap *map, guint64 lo, guint64 hi, guint64 len,
                                  guint64 *ret)
{
  HoleSearch s = { .lo = lo, .hi = hi, .len = len, .edge = G_MAXUINT64 };

  g_assert (len > 0);
  if (walk_down (map->root, &s, ret))
    return TRUE;
  if (!hole_fits (&s, lo, s.edge))
    return FALSE;
  *ret = MIN (s.edge, hi) - len;
  return TRUE;
}
