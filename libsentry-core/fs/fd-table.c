/* Descriptor tables. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fd-table.h"

#include <errno.h>
#include <string.h>

#include "fs/file-lock.h"
#include "state/sentry-state.h"

/* No limit may pass it (fs.nr_open). */
#define MAX_FDS (1u << 20)
#define MIN_FDS 64

typedef struct
{
  SentryFile *file; /* NULL: free, or reserved */
  gboolean reserved, cloexec;
} Slot;

struct SentryFdTable
{
  SentryRef ref;
  guint64 id;       /* I */
  SentryMutex lock; /* FD_TABLE */
  Slot *slots;      /* m */
  guint n_slots;    /* m: a power of two, or 0 */
  guint first_free; /* m: no free slot lies below it */
};

static guint64 next_id = 1;

/* --- saving --- */

static gboolean
slot_post_load (gpointer object, gpointer context, GError **error)
{
  const Slot *s = object;

  if (s->file == NULL || !s->reserved)
    return TRUE;
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT,
               "descriptors: one reserved and in use");
  return FALSE;
}

/* Ids are compared with those of tables that are made later. */
static gboolean
fd_table_post_load (gpointer object, gpointer context, GError **error)
{
  const SentryFdTable *t = object;

  if ((t->n_slots & (t->n_slots - 1)) != 0 || t->first_free > t->n_slots || t->id == G_MAXUINT64)
    {
      g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT,
                   "descriptors: sizes that do not fit together");
      return FALSE;
    }
  for (guint fd = 0; fd < t->first_free; fd++)
    if (t->slots[fd].file == NULL && !t->slots[fd].reserved)
      {
        g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_CORRUPT,
                     "descriptors: a free one where none should be");
        return FALSE;
      }
  if (__atomic_load_n (&next_id, __ATOMIC_RELAXED) <= t->id)
    __atomic_store_n (&next_id, t->id + 1, __ATOMIC_RELAXED);
  return TRUE;
}

SENTRY_STATE_DECLARE (SentryFile);
SENTRY_STATE_TABLE_WITH (Slot, "descriptor", 1, (.post_load = slot_post_load),
                         SENTRY_STATE_REF (Slot, file, SentryFile),
                         SENTRY_STATE_BOOL (Slot, reserved), SENTRY_STATE_BOOL (Slot, cloexec));
SENTRY_STATE_TABLE_WITH (SentryFdTable, "fd-table", 1, (.post_load = fd_table_post_load),
                         SENTRY_STATE_REFCOUNT (SentryFdTable, ref),
                         SENTRY_STATE_U64 (SentryFdTable, id),
                         SENTRY_STATE_MUTEX (SentryFdTable, lock, SENTRY_LOCK_FD_TABLE),
                         SENTRY_STATE_STRUCTS (SentryFdTable, slots, n_slots, Slot, MAX_FDS),
                         SENTRY_STATE_U32 (SentryFdTable, first_free));

SentryFdTable *
sentry_fd_table_new (void)
{
  SentryFdTable *t = g_new0 (SentryFdTable, 1);

  sentry_ref_init (&t->ref);
  t->id = __atomic_fetch_add (&next_id, 1, __ATOMIC_RELAXED);
  sentry_mutex_init (&t->lock, SENTRY_LOCK_FD_TABLE);
  return t;
}

SentryFdTable *
sentry_fd_table_ref (SentryFdTable *t)
{
  sentry_ref_get (&t->ref);
  return t;
}

void
sentry_fd_table_unref (SentryFdTable *t)
{
  if (t == NULL || !sentry_ref_put (&t->ref))
    return;
  for (guint fd = 0; fd < t->n_slots; fd++)
    if (t->slots[fd].file != NULL)
      {
        SentryFile *f = t->slots[fd].file;
        if (f->ops->flush != NULL)
          f->ops->flush (f);
        sentry_file_locks_release_posix (f, t->id);
        sentry_file_unref (f);
      }
  g_free (t->slots);
  g_free (t);
}

guint64
sentry_fd_table_id (SentryFdTable *t)
{
  return t->id;
}

gboolean
sentry_fd_table_is_shared (SentryFdTable *t)
{
  return __atomic_load_n (&t->ref.count, __ATOMIC_RELAXED) > 1;
}

SentryFdTable *
sentry_fd_table_copy (SentryFdTable *t, guint max)
{
  SentryFdTable *copy = sentry_fd_table_new ();
  guint n;

  sentry_mutex_lock (&t->lock);
  n = MIN (t->n_slots, max);
  copy->slots = g_try_new0 (Slot, t->n_slots);
  if (copy->slots == NULL && t->n_slots > 0)
    {
      sentry_mutex_unlock (&t->lock);
      g_free (copy);
      return NULL;
    }
  copy->n_slots = t->n_slots;
  for (guint fd = 0; fd < n; fd++)
    if (t->slots[fd].file != NULL)
      copy->slots[fd]
          = (Slot){ .file = sentry_file_ref (t->slots[fd].file), .cloexec = t->slots[fd].cloexec };
  sentry_mutex_unlock (&t->lock);
  return copy;
}

SentryFile *
sentry_fd_table_get (SentryFdTable *t, int fd)
{
  SentryFile *f = NULL;

  sentry_mutex_lock (&t->lock);
  if ((guint) fd < t->n_slots && t->slots[fd].file != NULL)
    f = sentry_file_ref (t->slots[fd].file);
  sentry_mutex_unlock (&t->lock);
  return f;
}

SentryFile *
sentry_fd_table_get_io (SentryFdTable *t, int fd)
{
  SentryFile *f = NULL;

  sentry_mutex_lock (&t->lock);
  if ((guint) fd < t->n_slots && t->slots[fd].file != NULL
      && !(t->slots[fd].file->mode & SENTRY_FMODE_PATH))
    f = sentry_file_ref (t->slots[fd].file);
  sentry_mutex_unlock (&t->lock);
  return f;
}

static int
grow_locked (SentryFdTable *t, guint want)
{
  guint n = MAX (t->n_slots, MIN_FDS);
  Slot *slots;

  if (want < t->n_slots)
    return 0;
  while (n <= want)
    n *= 2;
  slots = g_try_renew (Slot, t->slots, n);
  if (slots == NULL)
    return -ENOMEM;
  memset (slots + t->n_slots, 0, (n - t->n_slots) * sizeof *slots);
  t->slots = slots;
  t->n_slots = n;
  return 0;
}

static int
reserve_locked (SentryFdTable *t, int from, guint64 limit)
{
  guint64 end = MIN (limit, MAX_FDS);
  guint64 fd = MAX ((guint) from, t->first_free);
  int r;

  while (fd < t->n_slots && (t->slots[fd].file != NULL || t->slots[fd].reserved))
    fd++;
  if (fd >= end)
    return -EMFILE;
  r = grow_locked (t, fd);
  if (r < 0)
    return r;
  t->slots[fd].reserved = TRUE;
  if ((guint) from <= t->first_free)
    t->first_free = fd + 1;
  return fd;
}

int
sentry_fd_table_reserve (SentryFdTable *t, int from, guint64 limit)
{
  int fd;

  sentry_mutex_lock (&t->lock);
  fd = reserve_locked (t, from, limit);
  sentry_mutex_unlock (&t->lock);
  return fd;
}

void
sentry_fd_table_fill (SentryFdTable *t, int fd, SentryFile *f, gboolean cloexec)
{
  sentry_mutex_lock (&t->lock);
  g_assert (t->slots[fd].reserved && t->slots[fd].file == NULL);
  t->slots[fd] = (Slot){ .file = sentry_file_ref (f), .cloexec = cloexec };
  sentry_mutex_unlock (&t->lock);
}

void
sentry_fd_table_cancel (SentryFdTable *t, int fd)
{
  sentry_mutex_lock (&t->lock);
  t->slots[fd].reserved = FALSE;
  t->first_free = MIN (t->first_free, (guint) fd);
  sentry_mutex_unlock (&t->lock);
}

int
sentry_fd_table_install (SentryFdTable *t, SentryFile *f, int from, guint64 limit, gboolean cloexec)
{
  int fd;

  sentry_mutex_lock (&t->lock);
  fd = reserve_locked (t, from, limit);
  if (fd >= 0)
    t->slots[fd] = (Slot){ .file = sentry_file_ref (f), .cloexec = cloexec };
  sentry_mutex_unlock (&t->lock);
  return fd;
}

/* The tail of every close: what close_fd does after the number is free. */
static int
finish_close (SentryFdTable *t, SentryFile *f)
{
  int r = f->ops->flush != NULL ? f->ops->flush (f) : 0;

  if (!(f->mode & SENTRY_FMODE_PATH))
    sentry_file_locks_release_posix (f, t->id);
  sentry_file_unref (f);
  return r;
}

int
sentry_fd_table_replace (SentryFdTable *t, int fd, SentryFile *f, guint64 limit, gboolean cloexec)
{
  SentryFile *old;
  int r;

  if (fd < 0 || (guint64) fd >= MIN (limit, MAX_FDS))
    return -EBADF;
  sentry_mutex_lock (&t->lock);
  r = grow_locked (t, fd);
  if (r == 0 && t->slots[fd].reserved)
    r = -EBUSY;
  if (r < 0)
    {
      sentry_mutex_unlock (&t->lock);
      return r;
    }
  old = t->slots[fd].file;
  t->slots[fd] = (Slot){ .file = sentry_file_ref (f), .cloexec = cloexec };
  sentry_mutex_unlock (&t->lock);
  if (old != NULL)
    finish_close (t, old);
  return fd;
}

static SentryFile *
take_locked (SentryFdTable *t, guint fd)
{
  SentryFile *f = t->slots[fd].file;

  if (f != NULL)
    {
      t->slots[fd] = (Slot){ 0 };
      t->first_free = MIN (t->first_free, fd);
    }
  return f;
}

int
sentry_fd_table_close (SentryFdTable *t, int fd)
{
  SentryFile *f = NULL;

  sentry_mutex_lock (&t->lock);
  if ((guint) fd < t->n_slots)
    f = take_locked (t, fd);
  sentry_mutex_unlock (&t->lock);
  return f == NULL ? -EBADF : finish_close (t, f);
}

void
sentry_fd_table_close_range (SentryFdTable *t, guint first, guint last, gboolean only_cloexec)
{
  for (guint64 fd = first; fd <= last; fd++)
    {
      SentryFile *f = NULL;
      gboolean end;

      sentry_mutex_lock (&t->lock);
      end = fd >= t->n_slots;
      if (!end && only_cloexec)
        t->slots[fd].cloexec = t->slots[fd].file != NULL;
      else if (!end)
        f = take_locked (t, fd);
      sentry_mutex_unlock (&t->lock);
      if (f != NULL)
        finish_close (t, f);
      if (end)
        return;
    }
}

void
sentry_fd_table_close_on_exec (SentryFdTable *t)
{
  for (guint fd = 0;; fd++)
    {
      SentryFile *f = NULL;

      sentry_mutex_lock (&t->lock);
      while (fd < t->n_slots && !(t->slots[fd].file != NULL && t->slots[fd].cloexec))
        fd++;
      if (fd < t->n_slots)
        f = take_locked (t, fd);
      sentry_mutex_unlock (&t->lock);
      if (f == NULL)
        return;
      finish_close (t, f);
    }
}

int
sentry_fd_table_get_cloexec (SentryFdTable *t, int fd)
{
  int r = -EBADF;

  sentry_mutex_lock (&t->lock);
  if ((guint) fd < t->n_slots && t->slots[fd].file != NULL)
    r = t->slots[fd].cloexec;
  sentry_mutex_unlock (&t->lock);
  return r;
}

int
sentry_fd_table_set_cloexec (SentryFdTable *t, int fd, gboolean on)
{
  int r = -EBADF;

  sentry_mutex_lock (&t->lock);
  if ((guint) fd < t->n_slots && t->slots[fd].file != NULL)
    {
      t->slots[fd].cloexec = on;
      r = 0;
    }
  sentry_mutex_unlock (&t->lock);
  return r;
}

int
sentry_fd_table_next (SentryFdTable *t, int from, SentryFile **ret_file, gboolean *ret_cloexec)
{
  int found = -1;

  sentry_mutex_lock (&t->lock);
  for (guint fd = MAX (from, 0); fd < t->n_slots && found < 0; fd++)
    if (t->slots[fd].file != NULL)
      {
        found = fd;
        if (ret_file != NULL)
          *ret_file = sentry_file_ref (t->slots[fd].file);
        if (ret_cloexec != NULL)
          *ret_cloexec = t->slots[fd].cloexec;
      }
  sentry_mutex_unlock (&t->lock);
  return found;
}

guint
sentry_fd_table_size (SentryFdTable *t)
{
  guint n;

  sentry_mutex_lock (&t->lock);
  n = MAX (t->n_slots, MIN_FDS);
  sentry_mutex_unlock (&t->lock);
  return n;
}
