/* epoll: sets of files that are waited for together. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/epoll.h"

#include <errno.h>
#include <fcntl.h>

#include "base/sentry-charge.h"
#include "fs/anon-inode.h"

#define MAX_NESTING 5 /* EP_MAX_NESTS + 1 */
#define ITEM_QUEUES 2
#define PRIVATE_BITS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define EXCLUSIVE_OK                                                                               \
  (EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

/* Life of a set: its file holds one reference, and whoever removes a dying file's items holds
 * another meanwhile.  An item holds no reference on its file (closing the last descriptor must take
 * it out of the set); it is valid as long as it is in the set's tree, and its file as long as
 * sentry_ref_try_get says so.
 *
 * Locks: EPOLL guards the tree and each item; EPOLL_READY the ready list alone, because wake-ups
 * come under a foreign wait queue's lock; EPOLL_ITEMS the lists that hang from files. */
typedef struct
{
  SentryFile file;
  SentryRef ref;
  SentryMutex lock;       /* EPOLL */
  SentryMutex ready_lock; /* EPOLL_READY */
  SentryWaitQueue wait;
  GHashTable *items; /* m lock: Item keyed by file and fd */
  SentryList ready;  /* m ready_lock: items to look at */
} Epoll;

typedef struct
{
  SentryFile *target;    /* I: first two: the key */
  gint32 fd;             /* I */
  Epoll *set;            /* I */
  SentryList file_link;  /* m EPOLL_ITEMS: in target->epoll_items */
  SentryList ready_link; /* m ready_lock */
  struct epoll_event
      event; /* m lock; .events without private bits is 0 once a one-shot has fired */
  SentryPollTable table;
  guint n_waiters;
  SentryWaiter waiters[ITEM_QUEUES];
} Item;

static const SentryFileOps epoll_ops;
static SentryMutex items_lock; /* EPOLL_ITEMS */
static SentryMutex nest_lock;  /* EPOLL_NEST */

static Epoll *
epoll_of (SentryFile *f)
{
  return SENTRY_CONTAINER (f, Epoll, file);
}

gboolean
sentry_file_is_epoll (SentryFile *f)
{
  return f->ops == &epoll_ops;
}

static void
ensure_locks (void)
{
  static gsize ready;

  if (!g_once_init_enter (&ready))
    return;
  sentry_mutex_init (&items_lock, SENTRY_LOCK_EPOLL_ITEMS);
  sentry_mutex_init (&nest_lock, SENTRY_LOCK_EPOLL_NEST);
  g_once_init_leave (&ready, 1);
}

static guint
item_hash (gconstpointer p)
{
  const Item *i = p;

  return g_direct_hash (i->target) * 31 + i->fd;
}

static gboolean
item_equal (gconstpointer a, gconstpointer b)
{
  const Item *x = a, *y = b;

  return x->target == y->target && x->fd == y->fd;
}

static void
epoll_unref (Epoll *e)
{
  if (!sentry_ref_put (&e->ref))
    return;
  g_hash_table_unref (e->items);
  sentry_wait_queue_clear (&e->wait);
  g_free (e);
}

/* Puts an item on the ready list; TRUE if it was not there. */
static gboolean
make_ready (Item *item)
{
  Epoll *e = item->set;
  gboolean added = FALSE;

  sentry_mutex_lock (&e->ready_lock);
  if (!sentry_list_linked (&item->ready_link))
    {
      sentry_list_append (&e->ready, &item->ready_link);
      added = TRUE;
    }
  sentry_mutex_unlock (&e->ready_lock);
  return added;
}

/* A watched queue wakes: under its lock, so only the ready list is touched, and the set's own
 * waiters are woken one level further in (sets never form a circle). */
static gboolean
item_wake (SentryWaiter *w, guint32 events)
{
  Item *item = w->data;
  guint32 wanted = __atomic_load_n (&item->event.events, __ATOMIC_RELAXED);

  if ((wanted & ~(guint32) PRIVATE_BITS) == 0
      || (events != 0 && !(events & (wanted | EPOLLERR | EPOLLHUP))))
    return FALSE;
  make_ready (item);
  sentry_wait_queue_wake_nested (&item->set->wait, POLLIN | POLLRDNORM, 1);
  return TRUE;
}

static void
item_queue (SentryPollTable *table, SentryWaitQueue *q)
{
  Item *item = SENTRY_CONTAINER (table, Item, table);
  SentryWaiter *w;

  g_assert (item->n_waiters < ITEM_QUEUES);
  w = &item->waiters[item->n_waiters++];
  *w = (SentryWaiter){ .wake = item_wake,
                       .data = item,
                       .exclusive = (item->event.events & EPOLLEXCLUSIVE) != 0 };
  sentry_wait_queue_add (q, w);
}

static void
item_free (Item *item)
{
  Epoll *e = item->set;

  for (guint i = 0; i < item->n_waiters; i++)
    sentry_wait_queue_remove (&item->waiters[i]);
  sentry_mutex_lock (&items_lock);
  sentry_list_remove (&item->file_link);
  sentry_mutex_unlock (&items_lock);
  sentry_mutex_lock (&e->ready_lock);
  sentry_list_remove (&item->ready_link);
  sentry_mutex_unlock (&e->ready_lock);
  sentry_uncharge (sizeof *item);
  g_free (item);
}

/* What the item's file has of what is wanted now. */
static guint32
item_events (Item *item)
{
  guint32 wanted = item->event.events & ~(guint32) PRIVATE_BITS;

  if (wanted == 0)
    return 0;
  return sentry_file_poll (item->target, NULL) & (wanted | EPOLLERR | EPOLLHUP);
}

/* --- ctl --- */

/* How deep sets lie below `f`, or -ELOOP when `target` is met; the caller holds nest_lock. */
static int
nesting_below (SentryFile *f, SentryFile *avoid, int depth)
{
  Epoll *e = epoll_of (f);
  GHashTableIter iter;
  gpointer item;
  int deepest = 0;

  if (f == avoid || depth > MAX_NESTING)
    return -ELOOP;
  sentry_mutex_lock_nested (&e->lock);
  g_hash_table_iter_init (&iter, e->items);
  while (deepest >= 0 && g_hash_table_iter_next (&iter, &item, NULL))
    if (sentry_file_is_epoll (((Item *) item)->target))
      {
        int below = nesting_below (((Item *) item)->target, avoid, depth + 1);
        deepest = below < 0 ? below : MAX (deepest, below + 1);
      }
  sentry_mutex_unlock (&e->lock);
  return deepest;
}

/* How many sets stand one inside the other above `f`. */
static int
nesting_above (SentryFile *f, int depth)
{
  int highest = 0;

  if (depth > MAX_NESTING || f->epoll_items.next == NULL)
    return depth;
  SENTRY_LIST_FOREACH (link, safe, &f->epoll_items)
  {
    Item *item = SENTRY_CONTAINER (link, Item, file_link);
    highest = MAX (highest, nesting_above (&item->set->file, depth + 1));
  }
  return MAX (highest, depth);
}

static int
check_nesting (SentryFile *epoll, SentryFile *target)
{
  int below = nesting_below (target, epoll, 0), above;

  if (below < 0)
    return below;
  sentry_mutex_lock (&items_lock);
  above = nesting_above (epoll, 0);
  sentry_mutex_unlock (&items_lock);
  return below + above + 1 > MAX_NESTING ? -ELOOP : 0;
}

static int
item_add_locked (Epoll *e, SentryFile *target, int fd, const struct epoll_event *event)
{
  Item *item;

  if (!sentry_charge (sizeof *item))
    return -ENOSPC;
  item = g_try_new0 (Item, 1);
  if (item == NULL)
    {
      sentry_uncharge (sizeof *item);
      return -ENOMEM;
    }
  item->target = target;
  item->fd = fd;
  item->set = e;
  item->event = *event;
  item->event.events |= EPOLLERR | EPOLLHUP;
  g_hash_table_add (e->items, item);
  sentry_mutex_lock (&items_lock);
  if (target->epoll_items.next == NULL)
    sentry_list_init (&target->epoll_items);
  sentry_list_append (&target->epoll_items, &item->file_link);
  sentry_mutex_unlock (&items_lock);
  item->table.add = item_queue;
  if (sentry_file_poll (target, &item->table) & item->event.events & ~(guint32) PRIVATE_BITS)
    {
      make_ready (item);
      sentry_wait_queue_wake (&e->wait, POLLIN | POLLRDNORM, 1);
    }
  return 0;
}

static int
item_modify_locked (Item *item, const struct epoll_event *event)
{
  if ((item->event.events | event->events) & EPOLLEXCLUSIVE)
    return -EINVAL;
  item->event.data = event->data;
  __atomic_store_n (&item->event.events, event->events | EPOLLERR | EPOLLHUP, __ATOMIC_SEQ_CST);
  if (item_events (item) != 0)
    {
      make_ready (item);
      sentry_wait_queue_wake (&item->set->wait, POLLIN | POLLRDNORM, 1);
    }
  return 0;
}

static int
ctl_locked (Epoll *e, int op, SentryFile *target, int fd, const struct epoll_event *event)
{
  Item key = { .target = target, .fd = fd };
  Item *item = g_hash_table_lookup (e->items, &key);

  switch (op)
    {
    case EPOLL_CTL_ADD:
      return item != NULL ? -EEXIST : item_add_locked (e, target, fd, event);
    case EPOLL_CTL_MOD:
      return item == NULL ? -ENOENT : item_modify_locked (item, event);
    case EPOLL_CTL_DEL:
      if (item == NULL)
        return -ENOENT;
      g_hash_table_remove (e->items, item);
      item_free (item);
      return 0;
    default:
      return -EINVAL;
    }
}

int
sentry_epoll_ctl (SentryFile *epoll, int op, SentryFile *target, int fd,
                  const struct epoll_event *event)
{
  gboolean nests = op == EPOLL_CTL_ADD && sentry_file_is_epoll (target);
  Epoll *e = epoll_of (epoll);
  int r = 0;

  if (target->ops->poll == NULL)
    return -EPERM;
  if (epoll == target)
    return -EINVAL;
  if (op != EPOLL_CTL_DEL && (event->events & EPOLLEXCLUSIVE)
      && (op == EPOLL_CTL_MOD || sentry_file_is_epoll (target)
          || (event->events & ~(guint32) EXCLUSIVE_OK)))
    return -EINVAL;
  if (nests)
    {
      sentry_mutex_lock (&nest_lock);
      r = check_nesting (epoll, target);
    }
  if (r == 0)
    {
      sentry_mutex_lock (&e->lock);
      r = ctl_locked (e, op, target, fd, event);
      sentry_mutex_unlock (&e->lock);
    }
  if (nests)
    sentry_mutex_unlock (&nest_lock);
  return r;
}

void
sentry_epoll_file_released (SentryFile *f)
{
  if (f->epoll_items.next == NULL)
    return;
  for (;;)
    {
      Item key = { .target = f };
      Item *item;
      Epoll *e;

      sentry_mutex_lock (&items_lock);
      if (sentry_list_is_empty (&f->epoll_items))
        {
          sentry_mutex_unlock (&items_lock);
          return;
        }
      item = SENTRY_CONTAINER (f->epoll_items.next, Item, file_link);
      e = item->set;
      key.fd = item->fd;
      sentry_ref_get (&e->ref);
      sentry_mutex_unlock (&items_lock);

      /* Between the locks a ctl or the set's own end may have taken the item away: then it isn't in
       * the tree. */
      sentry_mutex_lock (&e->lock);
      item = g_hash_table_lookup (e->items, &key);
      if (item != NULL)
        {
          g_hash_table_remove (e->items, item);
          item_free (item);
        }
      sentry_mutex_unlock (&e->lock);
      epoll_unref (e);
    }
}

/* --- wait --- */

/* The first of the ready list, unless that is `stop`. */
static Item *
take_ready (Epoll *e, const Item *stop)
{
  Item *item = NULL;

  sentry_mutex_lock (&e->ready_lock);
  if (!sentry_list_is_empty (&e->ready))
    {
      item = SENTRY_CONTAINER (e->ready.next, Item, ready_link);
      if (item == stop)
        item = NULL;
      else
        sentry_list_remove (&item->ready_link);
    }
  sentry_mutex_unlock (&e->ready_lock);
  return item;
}

/* Looks at one ready item.  FALSE: none is left.  *ret_target: a reference to drop once no lock is
 * held (it may be the last); *stop is the first item that was put back, where the round ends. */
static gboolean
collect_one_locked (Epoll *e, struct epoll_event *event, const Item **stop, SentryFile **ret_target)
{
  Item *item = take_ready (e, *stop);

  *ret_target = NULL;
  event->events = 0;
  if (item == NULL)
    return FALSE;
  if (!sentry_ref_try_get (&item->target->ref))
    return TRUE;
  *ret_target = item->target;
  event->events = item_events (item);
  event->data = item->event.data;
  if (event->events == 0)
    return TRUE;
  if (item->event.events & EPOLLONESHOT)
    __atomic_store_n (&item->event.events, item->event.events & PRIVATE_BITS, __ATOMIC_SEQ_CST);
  else if (!(item->event.events & EPOLLET))
    {
      /* Level-triggered: looked at again next time, behind the others, so that each ready file gets
       * its turn. */
      make_ready (item);
      if (*stop == NULL)
        *stop = item;
    }
  return TRUE;
}

int
sentry_epoll_collect (SentryFile *epoll, struct epoll_event *events, int max)
{
  Epoll *e = epoll_of (epoll);
  const Item *stop = NULL;
  gboolean more = TRUE;
  int n = 0;

  while (more && n < max)
    {
      SentryFile *target;

      sentry_mutex_lock (&e->lock);
      more = collect_one_locked (e, &events[n], &stop, &target);
      sentry_mutex_unlock (&e->lock);
      n += events[n].events != 0;
      sentry_file_unref (target);
    }
  return n;
}

/* Readable when an item really has something: stale ready items are dropped on the way. */
static guint32
epoll_poll (SentryFile *f, SentryPollTable *table)
{
  Epoll *e = epoll_of (f);
  guint32 found = 0;
  Item *item;

  if (table != NULL)
    table->add (table, &e->wait);
  sentry_mutex_lock_nested (&e->lock);
  while (found == 0 && (item = take_ready (e, NULL)) != NULL)
    if (item_events (item) != 0)
      {
        make_ready (item);
        found = POLLIN | POLLRDNORM;
      }
  sentry_mutex_unlock (&e->lock);
  return found;
}

static void
epoll_fdinfo (SentryFile *f, GString *out)
{
  Epoll *e = epoll_of (f);
  GHashTableIter iter;
  gpointer p;

  sentry_mutex_lock (&e->lock);
  g_hash_table_iter_init (&iter, e->items);
  while (g_hash_table_iter_next (&iter, &p, NULL))
    {
      const Item *item = p;
      g_string_append_printf (out, "tfd: %8d events: %8x data: %16" G_GINT64_MODIFIER "x\n",
                              item->fd, item->event.events, item->event.data.u64);
    }
  sentry_mutex_unlock (&e->lock);
}

static void
epoll_release (SentryFile *f)
{
  Epoll *e = epoll_of (f);
  GHashTableIter iter;
  gpointer item;

  sentry_mutex_lock (&e->lock);
  g_hash_table_iter_init (&iter, e->items);
  while (g_hash_table_iter_next (&iter, &item, NULL))
    {
      g_hash_table_iter_remove (&iter);
      item_free (item);
    }
  sentry_mutex_unlock (&e->lock);
  sentry_file_clear (f);
  epoll_unref (e);
}

static const SentryFileOps epoll_ops = {
  .name = "eventpoll",
  .release = epoll_release,
  .poll = epoll_poll,
  .fdinfo = epoll_fdinfo,
};

SentryFile *
sentry_epoll_new (SentryCred *cred)
{
  Epoll *e = g_try_new0 (Epoll, 1);
  SentryPath path;

  if (e == NULL)
    return NULL;
  ensure_locks ();
  sentry_anon_path_new (SENTRY_ANON_INODE, "[eventpoll]", cred, &path);
  sentry_file_init (&e->file, &epoll_ops,
                    SENTRY_FMODE_READ | SENTRY_FMODE_WRITE | SENTRY_FMODE_STREAM, O_RDWR, &path,
                    path.dentry->inode, cred);
  sentry_path_unref (&path);
  sentry_ref_init (&e->ref);
  sentry_mutex_init (&e->lock, SENTRY_LOCK_EPOLL);
  sentry_mutex_init (&e->ready_lock, SENTRY_LOCK_EPOLL_READY);
  sentry_wait_queue_init (&e->wait);
  sentry_list_init (&e->ready);
  e->items = g_hash_table_new (item_hash, item_equal);
  return &e->file;
}
