/* An ordered map of intervals that do not overlap, with search for holes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct SentryInterval SentryInterval;

/* Lies inside the thing that is mapped (a VMA, a file lock): the map allocates nothing and can't
 * fail.  An AVL tree in which each node also knows the widest hole of its subtree: look-up,
 * insertion, removal and the search for a hole cost O(log n), the step to a neighbour O(1)
 * amortised.  Locking is the owner's. */
struct SentryInterval
{
  guint64 start,
      end; /* [start, end), not empty; read freely, changed only through the map while in it */
  guint64
      guard; /* bytes below start that hole searches leave free (a stack's guard gap); as start */
  /* The rest is the map's. */
  SentryInterval *parent, *left, *right;
  guint64 first; /* of the subtree: start of its lowest interval, less the guard */
  guint64 last;  /* of the subtree: highest end */
  guint64 hole;  /* of the subtree: widest hole between two neighbours of it */
  guint height;  /* 0: in no map */
};

typedef struct
{
  SentryInterval *root;
  guint count;
} SentryIntervalMap;

/* Zeroed memory is an empty map, and a zeroed SentryInterval is in none. */
static inline void
sentry_interval_map_init (SentryIntervalMap *map)
{
  map->root = NULL;
  map->count = 0;
}

static inline gboolean
sentry_interval_in_map (const SentryInterval *i)
{
  return i->height != 0;
}

/* The interval that holds `at`, or NULL. */
SentryInterval *sentry_interval_map_find (const SentryIntervalMap *map, guint64 at);
/* The lowest interval that ends above `at` (it holds `at` or follows it), or NULL: Linux's
 * find_vma. */
SentryInterval *sentry_interval_map_find_from (const SentryIntervalMap *map, guint64 at);
/* The highest interval that starts below `at`, or NULL. */
SentryInterval *sentry_interval_map_find_below (const SentryIntervalMap *map, guint64 at);
/* The lowest interval that meets [start, end), or NULL. */
SentryInterval *sentry_interval_map_find_in (const SentryIntervalMap *map, guint64 start,
                                             guint64 end);

SentryInterval *sentry_interval_map_first (const SentryIntervalMap *map);
SentryInterval *sentry_interval_map_last (const SentryIntervalMap *map);
SentryInterval *sentry_interval_next (const SentryInterval *i);
SentryInterval *sentry_interval_prev (const SentryInterval *i);

/* FALSE (and nothing is done) if it is empty or meets another. */
gboolean sentry_interval_map_insert (SentryIntervalMap *map, SentryInterval *i);
void sentry_interval_map_erase (SentryIntervalMap *map, SentryInterval *i);
/* Moves the ends of `i`, which must stay clear of its neighbours: FALSE if they would not. */
gboolean sentry_interval_map_resize (SentryIntervalMap *map, SentryInterval *i, guint64 start,
                                     guint64 end);
void sentry_interval_map_set_guard (SentryIntervalMap *map, SentryInterval *i, guint64 guard);
/* start < at < end: `i` keeps [start, at) and `upper`, in no map, becomes [at, end).  The guard
 * stays with `i`. */
void sentry_interval_map_split (SentryIntervalMap *map, SentryInterval *i, guint64 at,
                                SentryInterval *upper);
/* `upper` follows `lower` without a hole: it leaves the map and `lower` takes its range. */
void sentry_interval_map_merge (SentryIntervalMap *map, SentryInterval *lower,
                                SentryInterval *upper);

/* The lowest (highest) free [*ret, *ret + len) inside [lo, hi); len > 0.  FALSE if there is none.
 * For an alignment ask for len + align - 1 and round. */
gboolean sentry_interval_map_lowest_hole (const SentryIntervalMap *map, guint64 lo, guint64 hi,
                                          guint64 len, guint64 *ret);
gboolean sentry_interval_map_highest_hole (const SentryIntervalMap *map, guint64 lo, guint64 hi,
                                           guint64 len, guint64 *ret);

/* Walks the intervals that meet [start, end); `i` may be erased, split or shrunk in the body. */
#define SENTRY_INTERVAL_FOREACH_IN(i, map, start_, end_)                                           \
  for (SentryInterval *i = sentry_interval_map_find_in (map, start_, end_), *i##_next;             \
       i != NULL && (i##_next = sentry_interval_next (i), TRUE);                                   \
       i = i##_next != NULL && i##_next->start < (end_) ? i##_next : NULL)
#define SENTRY_INTERVAL_FOREACH(i, map)                                                            \
  for (SentryInterval *i = sentry_interval_map_first (map), *i##_next;                             \
       i != NULL && (i##_next = sentry_interval_next (i), TRUE); i = i##_next)

G_END_DECLS
