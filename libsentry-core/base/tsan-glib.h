/* Tells ThreadSanitizer what GLib's locks order; force-included in its builds.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Debian's GLib isn't instrumented, and its mutexes, conditions and once-blocks are futexes of its
 * own: TSan sees none of the order that they make and would call every access under them a race.
 * So each call is wrapped in what it means. */
#if defined(__SANITIZE_THREAD__) && !defined(__ASSEMBLER__)

#  include <glib.h>
#  include <sanitizer/tsan_interface.h>

#  define TSAN_ACQUIRE(obj) __tsan_acquire ((void *) (obj))
#  define TSAN_RELEASE(obj) __tsan_release ((void *) (obj))

static inline void
tsan_mutex_lock (GMutex *m)
{
  g_mutex_lock (m);
  TSAN_ACQUIRE (m);
}

static inline gboolean
tsan_mutex_trylock (GMutex *m)
{
  gboolean ok = g_mutex_trylock (m);

  if (ok)
    TSAN_ACQUIRE (m);
  return ok;
}

static inline void
tsan_mutex_unlock (GMutex *m)
{
  TSAN_RELEASE (m);
  g_mutex_unlock (m);
}

static inline void
tsan_rw_lock_reader_lock (GRWLock *l)
{
  g_rw_lock_reader_lock (l);
  TSAN_ACQUIRE (l);
}

static inline void
tsan_rw_lock_reader_unlock (GRWLock *l)
{
  TSAN_RELEASE (l);
  g_rw_lock_reader_unlock (l);
}

static inline void
tsan_rw_lock_writer_lock (GRWLock *l)
{
  g_rw_lock_writer_lock (l);
  TSAN_ACQUIRE (l);
}

static inline void
tsan_rw_lock_writer_unlock (GRWLock *l)
{
  TSAN_RELEASE (l);
  g_rw_lock_writer_unlock (l);
}

static inline void
tsan_cond_wait (GCond *c, GMutex *m)
{
  TSAN_RELEASE (m);
  g_cond_wait (c, m);
  TSAN_ACQUIRE (m);
}

static inline gboolean
tsan_cond_wait_until (GCond *c, GMutex *m, gint64 end_time)
{
  gboolean ok;

  TSAN_RELEASE (m);
  ok = g_cond_wait_until (c, m, end_time);
  TSAN_ACQUIRE (m);
  return ok;
}

static inline void
tsan_once_init_leave (volatile void *location, gsize result)
{
  TSAN_RELEASE (location);
  (g_once_init_leave) (location, result);
}

static inline gboolean
tsan_once_init_enter (volatile void *location)
{
  gboolean first = (g_once_init_enter) (location);

  TSAN_ACQUIRE (location);
  return first;
}

#  define g_mutex_lock tsan_mutex_lock
#  define g_mutex_trylock tsan_mutex_trylock
#  define g_mutex_unlock tsan_mutex_unlock
#  define g_rw_lock_reader_lock tsan_rw_lock_reader_lock
#  define g_rw_lock_reader_unlock tsan_rw_lock_reader_unlock
#  define g_rw_lock_writer_lock tsan_rw_lock_writer_lock
#  define g_rw_lock_writer_unlock tsan_rw_lock_writer_unlock
#  define g_cond_wait tsan_cond_wait
#  define g_cond_wait_until tsan_cond_wait_until
#  undef g_once_init_enter
#  undef g_once_init_leave
#  define g_once_init_enter tsan_once_init_enter
#  define g_once_init_leave(location, result) tsan_once_init_leave ((location), (gsize) (result))

#endif
