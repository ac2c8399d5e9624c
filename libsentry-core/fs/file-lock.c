/* Advisory file locks, all kinds in one book per inode. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fs/file-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/sentry-list.h"
#include "iface/sentry-inode.h"
#include "state/sentry-state.h"

/* A guest may hold no more ranges on one file: each costs memory that no limit of Linux bounds. */
#define MAX_RANGES 65536

/* One lock for the kernel's whole lock graph: deadlock detection needs a view of all of it, and
 * locks are rare. */
static SentryMutex graph_lock;

typedef struct
{
  SentryList link;
  SentryFileLock lock;
} Range;

/* Hung from inode->file_locks from the first lock until the inode goes. */
typedef struct
{
  SentryInodeAttachment attachment;
  SentryList ranges; /* m graph: in order of start */
  guint n_ranges;    /* m graph */
  SentryWaitQueue wait;
  guint64 ino;
  guint32 dev_major, dev_minor;
  SentryList all_link; /* m graph */
} LockBook;

/* --- saving --- */

static gboolean
lock_post_load (gpointer object, gpointer context, GError **error)
{
  const SentryFileLock *l = object;

  if ((l->type == F_RDLCK || l->type == F_WRLCK) && l->start >= 0 && l->start <= l->end)
    return TRUE;
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT,
               "file lock: a type or a range that it can't have");
  return FALSE;
}

static gboolean
book_post_load (gpointer object, gpointer context, GError **error)
{
  const LockBook *b = object;
  guint n = 0;

  SENTRY_LIST_FOREACH (link, safe, &b->ranges) { n++; }
  if (n == b->n_ranges)
    return TRUE;
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT, "file locks: miscounted");
  return FALSE;
}

SENTRY_STATE_TABLE_WITH (SentryFileLock, "file-lock", 1, (.post_load = lock_post_load),
                         SENTRY_STATE_ENUM (SentryFileLock, kind, SENTRY_LOCK_KIND_FLOCK + 1),
                         SENTRY_STATE_I32 (SentryFileLock, type),
                         SENTRY_STATE_I64 (SentryFileLock, start),
                         SENTRY_STATE_I64 (SentryFileLock, end),
                         SENTRY_STATE_U64 (SentryFileLock, owner),
                         SENTRY_STATE_I32 (SentryFileLock, pid));
SENTRY_STATE_TABLE (Range, "file-lock-range", 1, SENTRY_STATE_LINK (Range, link),
                    SENTRY_STATE_STRUCT (Range, lock, SentryFileLock));
SENTRY_STATE_TABLE_WITH (LockBook, "file-lock-book", 1, (.post_load = book_post_load),
                         SENTRY_STATE_SKIP (LockBook, attachment, "hung up again by its inode"),
                         SENTRY_STATE_LIST (LockBook, ranges, Range, link),
                         SENTRY_STATE_U32 (LockBook, n_ranges),
                         SENTRY_STATE_WAIT_QUEUE (LockBook, wait), SENTRY_STATE_U64 (LockBook, ino),
                         SENTRY_STATE_U32 (LockBook, dev_major),
                         SENTRY_STATE_U32 (LockBook, dev_minor),
                         SENTRY_STATE_LINK (LockBook, all_link));

/* A POSIX locker that sleeps, and for whom: the edges of the wait-for graph. */
typedef struct
{
  SentryList link;
  SentryWaiter *waiter;
  guint64 owner, blocked_by;
} Blocked;

static SentryList blocked_list;
static SentryList all_books;

static void
ensure_ready (void)
{
  static gsize ready;

  if (g_once_init_enter (&ready))
    {
      sentry_mutex_init (&graph_lock, SENTRY_LOCK_FILE_LOCKS);
      sentry_list_init (&blocked_list);
      sentry_list_init (&all_books);
      g_once_init_leave (&ready, 1);
    }
}

static void
free_book (gpointer file_locks)
{
  LockBook *book = file_locks;

  sentry_mutex_lock (&graph_lock);
  SENTRY_LIST_FOREACH (link, safe, &book->ranges)
  {
    sentry_list_remove (link);
    g_free (SENTRY_CONTAINER (link, Range, link));
  }
  sentry_list_remove (&book->all_link);
  sentry_mutex_unlock (&graph_lock);
  sentry_wait_queue_clear (&book->wait);
  g_free (book);
}

static LockBook *
get_book_locked (SentryInode *inode)
{
  LockBook *book = inode->file_locks;

  if (book == NULL)
    {
      book = g_new0 (LockBook, 1);
      book->attachment.free = free_book;
      sentry_list_init (&book->ranges);
      sentry_wait_queue_init (&book->wait);
      book->ino = inode->ino;
      book->dev_major = inode->sb->dev_major;
      book->dev_minor = inode->sb->dev_minor;
      sentry_list_append (&all_books, &book->all_link);
      __atomic_store_n (&inode->file_locks, book, __ATOMIC_RELEASE);
    }
  return book;
}

/* POSIX and OFD locks see each other; flock lives in a world of its own. */
static gboolean
conflicts (const SentryFileLock *a, const SentryFileLock *b)
{
  if ((a->kind == SENTRY_LOCK_KIND_FLOCK) != (b->kind == SENTRY_LOCK_KIND_FLOCK))
    return FALSE;
  if (a->kind == b->kind && a->owner == b->owner)
    return FALSE;
  if (a->type == F_RDLCK && b->type == F_RDLCK)
    return FALSE;
  return a->start <= b->end && b->start <= a->end;
}

static Range *
find_conflict (LockBook *book, const SentryFileLock *lock)
{
  SENTRY_LIST_FOREACH (link, safe, &book->ranges)
  {
    Range *r = SENTRY_CONTAINER (link, Range, link);
    if (conflicts (&r->lock, lock))
      return r;
  }
  return NULL;
}

static void
insert_range (LockBook *book, const SentryFileLock *lock)
{
  Range *r = g_new0 (Range, 1);
  SentryList *at = book->ranges.next;

  r->lock = *lock;
  while (at != &book->ranges && SENTRY_CONTAINER (at, Range, link)->lock.start < lock->start)
    at = at->next;
  sentry_list_insert_before (at, &r->link);
  book->n_ranges++;
}

static void
free_range (LockBook *book, Range *r)
{
  sentry_list_remove (&r->link);
  book->n_ranges--;
  g_free (r);
}

/* TRUE if anything was there to change.  Cuts `lock`'s range out of what its owner holds, and joins
 * it with neighbours of its own type. */
static gboolean
replace_owned (LockBook *book, const SentryFileLock *lock)
{
  SentryFileLock joined = *lock;
  gboolean changed = FALSE;

  SENTRY_LIST_FOREACH (link, safe, &book->ranges)
  {
    Range *r = SENTRY_CONTAINER (link, Range, link);
    SentryFileLock old = r->lock;
    gboolean touches = old.start <= lock->end && lock->start <= old.end;
    gboolean adjacent = (lock->start > 0 && old.end == lock->start - 1)
                        || (lock->end < G_MAXINT64 && old.start == lock->end + 1);

    if (old.kind != lock->kind || old.owner != lock->owner || !(touches || adjacent))
      continue;
    if (old.type == lock->type)
      {
        joined.start = MIN (joined.start, old.start);
        joined.end = MAX (joined.end, old.end);
        free_range (book, r);
        continue;
      }
    if (!touches)
      continue;
    free_range (book, r);
    if (old.start < lock->start)
      {
        SentryFileLock left = old;
        left.end = lock->start - 1;
        insert_range (book, &left);
      }
    if (old.end > lock->end)
      {
        SentryFileLock right = old;
        right.start = lock->end + 1;
        insert_range (book, &right);
      }
  }
  if (lock->type != F_UNLCK)
    insert_range (book, &joined);
  return changed;
}

/* Would `owner` waiting for `holder` close a circle of POSIX lockers?  Linux follows at most 10
 * steps; so do we. */
static gboolean
would_deadlock (guint64 owner, guint64 holder)
{
  for (int depth = 0; depth < 10; depth++)
    {
      guint64 next = 0;

      if (holder == owner)
        return TRUE;
      SENTRY_LIST_FOREACH (link, safe, &blocked_list)
      {
        Blocked *b = SENTRY_CONTAINER (link, Blocked, link);
        if (b->owner == holder)
          next = b->blocked_by;
      }
      if (next == 0)
        return FALSE;
      holder = next;
    }
  return FALSE;
}

static void
forget_blocked (SentryWaiter *waiter)
{
  SENTRY_LIST_FOREACH (link, safe, &blocked_list)
  {
    Blocked *b = SENTRY_CONTAINER (link, Blocked, link);
    if (b->waiter == waiter)
      {
        sentry_list_remove (&b->link);
        g_free (b);
      }
  }
}

static int
block_on (LockBook *book, const SentryFileLock *lock, Range *conflict, SentryWaiter *waiter)
{
  if (lock->kind == SENTRY_LOCK_KIND_POSIX && conflict->lock.kind == SENTRY_LOCK_KIND_POSIX)
    {
      Blocked *b;

      if (would_deadlock (lock->owner, conflict->lock.owner))
        return -EDEADLK;
      forget_blocked (waiter);
      b = g_new0 (Blocked, 1);
      b->waiter = waiter;
      b->owner = lock->owner;
      b->blocked_by = conflict->lock.owner;
      sentry_list_append (&blocked_list, &b->link);
    }
  if (waiter->queue == NULL)
    sentry_wait_queue_add (&book->wait, waiter);
  return -EAGAIN;
}

int
sentry_file_lock_set (SentryFile *f, const SentryFileLock *lock, gboolean blocking,
                      SentryWaiter *waiter)
{
  LockBook *book;
  Range *conflict;
  int r = 0;

  ensure_ready ();
  sentry_mutex_lock (&graph_lock);
  book = get_book_locked (f->inode);
  conflict = lock->type == F_UNLCK ? NULL : find_conflict (book, lock);
  if (conflict != NULL && lock->kind == SENTRY_LOCK_KIND_FLOCK)
    {
      /* flock converts by dropping what it has first: a refused upgrade loses the old lock
       * (flock(2)). */
      SentryFileLock drop = *lock;
      drop.type = F_UNLCK;
      /* Only a real change wakes: the caller itself may be queued here, and would never sleep. */
      if (replace_owned (book, &drop))
        sentry_wait_queue_wake (&book->wait, POLLIN, 0);
    }
  if (conflict != NULL)
    r = blocking ? block_on (book, lock, conflict, waiter) : -EAGAIN;
  else if (book->n_ranges >= MAX_RANGES)
    r = -ENOLCK;
  else
    {
      replace_owned (book, lock);
      sentry_wait_queue_wake (&book->wait, POLLIN, 0);
    }
  sentry_mutex_unlock (&graph_lock);
  return r;
}

void
sentry_file_lock_cancel (SentryFile *f, const SentryFileLock *lock, SentryWaiter *waiter)
{
  sentry_mutex_lock (&graph_lock);
  forget_blocked (waiter);
  sentry_mutex_unlock (&graph_lock);
  sentry_wait_queue_remove (waiter);
}

void
sentry_file_lock_test (SentryFile *f, const SentryFileLock *lock, SentryFileLock *ret_conflict)
{
  LockBook *book;
  Range *conflict = NULL;

  ensure_ready ();
  sentry_mutex_lock (&graph_lock);
  book = f->inode->file_locks;
  if (book != NULL)
    conflict = find_conflict (book, lock);
  if (conflict != NULL)
    *ret_conflict = conflict->lock;
  else
    {
      *ret_conflict = *lock;
      ret_conflict->type = F_UNLCK;
    }
  sentry_mutex_unlock (&graph_lock);
}

static void
release_owned (SentryInode *inode, SentryFileLockKind kind, guint64 owner)
{
  LockBook *book;
  gboolean any = FALSE;

  /* The usual close: nobody ever locked this file. */
  if (inode == NULL || __atomic_load_n (&inode->file_locks, __ATOMIC_ACQUIRE) == NULL)
    return;
  sentry_mutex_lock (&graph_lock);
  book = inode->file_locks;
  SENTRY_LIST_FOREACH (link, safe, &book->ranges)
  {
    Range *r = SENTRY_CONTAINER (link, Range, link);
    if (r->lock.kind == kind && r->lock.owner == owner)
      {
        free_range (book, r);
        any = TRUE;
      }
  }
  if (any)
    sentry_wait_queue_wake (&book->wait, POLLIN, 0);
  sentry_mutex_unlock (&graph_lock);
}

void
sentry_file_locks_release_posix (SentryFile *f, guint64 owner)
{
  release_owned (f->inode, SENTRY_LOCK_KIND_POSIX, owner);
}

void
sentry_file_locks_release_file (SentryFile *f)
{
  release_owned (f->inode, SENTRY_LOCK_KIND_FLOCK, f->id);
  release_owned (f->inode, SENTRY_LOCK_KIND_OFD, f->id);
}

void
sentry_file_locks_show (GString *out)
{
  static const char *const kinds[] = { "POSIX", "OFDLCK", "FLOCK" };
  guint n = 0;

  ensure_ready ();
  sentry_mutex_lock (&graph_lock);
  SENTRY_LIST_FOREACH (book_link, book_safe, &all_books)
  {
    LockBook *book = SENTRY_CONTAINER (book_link, LockBook, all_link);
    SENTRY_LIST_FOREACH (link, safe, &book->ranges)
    {
      const SentryFileLock *l = &SENTRY_CONTAINER (link, Range, link)->lock;
      g_string_append_printf (
          out, "%u: %-6s ADVISORY  %-5s %d %02x:%02x:%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " ",
          ++n, kinds[l->kind], l->type == F_RDLCK ? "READ" : "WRITE", l->pid, book->dev_major,
          book->dev_minor, book->ino, l->start);
      if (l->end == G_MAXINT64)
        g_string_append (out, "EOF\n");
      else
        g_string_append_printf (out, "%" G_GINT64_FORMAT "\n", l->end);
    }
  }
  sentry_mutex_unlock (&graph_lock);
}
