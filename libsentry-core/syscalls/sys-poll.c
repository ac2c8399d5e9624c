/* poll, ppoll, select, pselect6. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>

#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

/* What one round of polling needs: waiters on every queue that the files name, made on the stack
 * for the usual few.  A round registers, looks, and sleeps only if nothing was ready. */
#define INLINE_WAITERS 16

typedef struct
{
  SentryPollTable table;
  SentryTask *task;
  guint32 events; /* of the file being asked */
  guint n;
  SentryWaiter waiters[INLINE_WAITERS];
  GPtrArray *more; /* heap waiters past the first */
} PollRound;

static void
round_add (SentryPollTable *table, SentryWaitQueue *q)
{
  PollRound *round = SENTRY_CONTAINER (table, PollRound, table);
  SentryWaiter *w;

  if (round->n < INLINE_WAITERS)
    w = &round->waiters[round->n++];
  else
    {
      if (round->more == NULL)
        round->more = g_ptr_array_new_with_free_func (g_free);
      w = g_new (SentryWaiter, 1);
      g_ptr_array_add (round->more, w);
    }
  sentry_waiter_init (w, &round->task->sleeper, round->events | POLLERR | POLLHUP);
  sentry_wait_queue_add (q, w);
}

static void
round_begin (PollRound *round, SentryTask *task)
{
  round->table.add = round_add;
  round->task = task;
  round->n = 0;
  round->more = NULL;
  sentry_sleeper_prepare (&task->sleeper);
}

static void
round_end (PollRound *round)
{
  for (guint i = 0; i < round->n; i++)
    sentry_wait_queue_remove (&round->waiters[i]);
  if (round->more == NULL)
    return;
  for (guint i = 0; i < round->more->len; i++)
    sentry_wait_queue_remove (round->more->pdata[i]);
  g_ptr_array_free (round->more, TRUE);
}

/* One look at all files; registers waiters while nothing is ready and `round` isn't NULL.  Number
 * ready, or negative errno. */
typedef gint64 (*LookFunc) (SentryTask *task, PollRound *round, gpointer data);

static gint64
poll_loop (SentryTask *task, LookFunc look, gpointer data, gint64 deadline)
{
  gint64 n = look (task, NULL, data);

  while (n == 0 && deadline != 0)
    {
      PollRound round;
      int slept = 0;

      round_begin (&round, task);
      n = look (task, &round, data);
      if (n == 0)
        slept = sentry_task_sleep (task, deadline);
      round_end (&round);
      if (slept == -ETIMEDOUT)
        return look (task, NULL, data);
      if (slept < 0)
        return slept;
    }
  return n;
}

static guint32
poll_one (SentryTask *task, PollRound *round, SentryFile *f, guint32 events, gboolean registering)
{
  if (round != NULL)
    round->events = events;
  return sentry_file_poll (f, registering ? &round->table : NULL) & (events | POLLERR | POLLHUP);
}

/* --- poll --- */

typedef struct
{
  struct pollfd *fds;
  guint n_fds;
} PollArgs;

static gint64
look_pollfds (SentryTask *task, PollRound *round, gpointer data)
{
  PollArgs *p = data;
  gint64 n = 0;

  for (guint i = 0; i < p->n_fds; i++)
    {
      struct pollfd *pfd = &p->fds[i];
      SentryFile *f;

      pfd->revents = 0;
      if (pfd->fd < 0)
        continue;
      f = sentry_task_file_io (task, pfd->fd);
      if (f == NULL)
        pfd->revents = POLLNVAL;
      else
        pfd->revents = poll_one (task, round, f, (guint16) pfd->events, round != NULL && n == 0);
      sentry_file_unref (f);
      n += pfd->revents != 0;
    }
  return n;
}

/* `deadline`: sandbox monotonic ns, 0: don't wait. */
static gint64
do_poll (SentryTask *task, guint64 addr, guint32 n_fds, gint64 deadline)
{
  SentryUserMem *um = sentry_task_usermem (task);
  g_autofree struct pollfd *fds = NULL;
  PollArgs p;
  gint64 n;

  if (n_fds > sentry_task_nofile (task))
    return -EINVAL;
  fds = g_try_new (struct pollfd, n_fds + 1);
  if (fds == NULL)
    return -ENOMEM;
  if (sentry_copy_in (um, fds, addr, n_fds * sizeof *fds) < 0)
    return -EFAULT;
  p = (PollArgs){ fds, n_fds };
  n = poll_loop (task, look_pollfds, &p, deadline);
  if (n < 0)
    return n;
  for (guint i = 0; i < n_fds; i++)
    if (sentry_copy_out (um, addr + i * sizeof *fds + G_STRUCT_OFFSET (struct pollfd, revents),
                         &fds[i].revents, sizeof fds[i].revents)
        < 0)
      return -EFAULT;
  return n;
}

/* restart_syscall after a signal without a handler: the deadline stays where the first call put it.
 */
static gint64
poll_restart (SentryTask *task)
{
  gint64 r = do_poll (task, task->call.scratch[0], task->call.scratch[1], task->call.deadline);

  return r == -SENTRY_ERESTARTSYS ? sentry_task_set_restart (task, poll_restart) : r;
}

SENTRY_RESTART_FUNC (poll_restart);

gint64
sentry_sys_poll (SentryTask *task, const SentrySyscallArgs *args)
{
  gint32 ms = args->arg[2];
  gint64 deadline
      = ms == 0 ? 0
                : sentry_task_call_deadline (task, ms < 0 ? -1 : ms * G_GINT64_CONSTANT (1000000));
  gint64 r = do_poll (task, args->arg[0], args->arg[1], deadline);

  if (r != -SENTRY_ERESTARTSYS)
    return r;
  task->call.scratch[0] = args->arg[0];
  task->call.scratch[1] = args->arg[1];
  task->call.has_deadline = TRUE;
  task->call.deadline = deadline;
  return sentry_task_set_restart (task, poll_restart);
}

/* --- time-outs that are written back --- */

typedef enum
{
  TIMEOUT_NONE, /* NULL: for ever */
  TIMEOUT_TIMESPEC,
  TIMEOUT_TIMEVAL,
} TimeoutKind;

static int
timeout_deadline (SentryTask *task, guint64 addr, TimeoutKind kind, gint64 *ret_deadline)
{
  SentryUserMem *um = sentry_task_usermem (task);
  gint64 ns, sec, frac;

  *ret_deadline = SENTRY_TIME_NEVER;
  if (kind == TIMEOUT_NONE)
    return 0;
  if (kind == TIMEOUT_TIMEVAL)
    {
      struct timeval tv;

      if (sentry_copy_in_object (um, &tv, addr) < 0)
        return -EFAULT;
      /* Linux carries whole seconds over before it judges (kern_select). */
      sec = tv.tv_sec + tv.tv_usec / 1000000;
      frac = tv.tv_usec % 1000000 * 1000;
    }
  else
    {
      struct timespec ts;

      if (sentry_copy_in_object (um, &ts, addr) < 0)
        return -EFAULT;
      sec = ts.tv_sec;
      frac = ts.tv_nsec;
    }
  if (sec < 0 || frac < 0 || frac >= SENTRY_NSEC_PER_SEC)
    return -EINVAL;
  ns = sec >= G_MAXINT64 / SENTRY_NSEC_PER_SEC ? -1 : sec * SENTRY_NSEC_PER_SEC + frac;
  *ret_deadline = ns == 0 ? 0 : sentry_task_call_deadline (task, ns);
  return 0;
}

/* poll_select_finish: tells what is left of the time-out; a bad address is no error then. */
static gint64
timeout_finish (SentryTask *task, guint64 addr, TimeoutKind kind, gint64 deadline, gint64 r)
{
  gint64 left = 0;

  if (r == -SENTRY_EPAUSE)
    return r;
  if (r == -SENTRY_ERESTARTSYS)
    r = -SENTRY_ERESTARTNOHAND;
  if (kind == TIMEOUT_NONE)
    return r;
  if (deadline == SENTRY_TIME_NEVER)
    return r;
  if (deadline != 0)
    left = MAX (
        deadline - sentry_clock_now (sentry_kernel_timekeeper (task->kernel), CLOCK_MONOTONIC), 0);
  if (kind == TIMEOUT_TIMESPEC)
    {
      struct timespec ts = { left / SENTRY_NSEC_PER_SEC, left % SENTRY_NSEC_PER_SEC };
      sentry_copy_out_object (sentry_task_usermem (task), addr, &ts);
    }
  else
    {
      struct timeval tv = { left / SENTRY_NSEC_PER_SEC, left % SENTRY_NSEC_PER_SEC / 1000 };
      sentry_copy_out_object (sentry_task_usermem (task), addr, &tv);
    }
  return r;
}

gint64
sentry_sys_ppoll (SentryTask *task, const SentrySyscallArgs *args)
{
  TimeoutKind kind = args->arg[2] == 0 ? TIMEOUT_NONE : TIMEOUT_TIMESPEC;
  gint64 deadline;
  gint64 r = timeout_deadline (task, args->arg[2], kind, &deadline);

  if (r == 0)
    r = sentry_task_take_call_mask (task, args->arg[3], args->arg[4]);
  if (r < 0)
    return r;
  r = do_poll (task, args->arg[0], args->arg[1], deadline);
  return timeout_finish (task, args->arg[2], kind, deadline, r);
}

/* --- select --- */

#define SELECT_READ (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define SELECT_WRITE (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define SELECT_EXCEPT POLLPRI

typedef struct
{
  guint n;         /* bits */
  gsize bytes;     /* of each set, whole longs */
  guint64 *in[3];  /* what is asked: read, write, except */
  guint64 *out[3]; /* what was found */
} SelectArgs;

static gboolean
bit (const guint64 *set, guint i)
{
  return (set[i / 64] >> (i % 64)) & 1;
}

static gint64
select_one (SentryTask *task, PollRound *round, SelectArgs *s, guint fd, gboolean registering)
{
  static const guint32 masks[3] = { SELECT_READ, SELECT_WRITE, SELECT_EXCEPT };
  SentryFile *f;
  guint32 want = 0, found;
  gint64 n = 0;

  for (int i = 0; i < 3; i++)
    want |= bit (s->in[i], fd) ? masks[i] : 0;
  if (want == 0)
    return 0;
  f = sentry_task_file_io (task, fd);
  if (f == NULL)
    return -EBADF;
  found = poll_one (task, round, f, want, registering);
  sentry_file_unref (f);
  for (int i = 0; i < 3; i++)
    if (bit (s->in[i], fd) && (found & masks[i]))
      {
        s->out[i][fd / 64] |= G_GUINT64_CONSTANT (1) << (fd % 64);
        n++;
      }
  return n;
}

static gint64
look_fdsets (SentryTask *task, PollRound *round, gpointer data)
{
  SelectArgs *s = data;
  gint64 total = 0;

  for (int i = 0; i < 3; i++)
    memset (s->out[i], 0, s->bytes);
  for (guint fd = 0; fd < s->n; fd++)
    {
      gint64 n = select_one (task, round, s, fd, round != NULL && total == 0);

      if (n < 0)
        return n;
      total += n;
    }
  return total;
}

static gint64
do_select (SentryTask *task, gint32 n, const guint64 *addr, gint64 deadline)
{
  SentryUserMem *um = sentry_task_usermem (task);
  g_autofree guint64 *bits = NULL;
  SelectArgs s;
  gsize words;
  gint64 r;

  if (n < 0)
    return -EINVAL;
  s.n = MIN ((guint) n, sentry_fd_table_size (task->fds));
  words = (s.n + 63) / 64;
  s.bytes = words * 8;
  bits = g_try_new0 (guint64, 6 * words + 1);
  if (bits == NULL)
    return -ENOMEM;
  for (int i = 0; i < 3; i++)
    {
      s.in[i] = bits + i * words;
      s.out[i] = bits + (3 + i) * words;
      if (addr[i] != 0 && sentry_copy_in (um, s.in[i], addr[i], s.bytes) < 0)
        return -EFAULT;
    }
  r = poll_loop (task, look_fdsets, &s, deadline);
  if (r < 0)
    return r;
  for (int i = 0; i < 3; i++)
    if (addr[i] != 0 && sentry_copy_out (um, addr[i], s.out[i], s.bytes) < 0)
      return -EFAULT;
  return r;
}

gint64
sentry_sys_select (SentryTask *task, const SentrySyscallArgs *args)
{
  TimeoutKind kind = args->arg[4] == 0 ? TIMEOUT_NONE : TIMEOUT_TIMEVAL;
  gint64 deadline;
  gint64 r = timeout_deadline (task, args->arg[4], kind, &deadline);

  if (r < 0)
    return r;
  r = do_select (task, args->arg[0], args->arg + 1, deadline);
  return timeout_finish (task, args->arg[4], kind, deadline, r);
}

gint64
sentry_sys_pselect6 (SentryTask *task, const SentrySyscallArgs *args)
{
  TimeoutKind kind = args->arg[4] == 0 ? TIMEOUT_NONE : TIMEOUT_TIMESPEC;
  guint64 mask[2] = { 0, 0 }; /* address and size, packed behind the sixth argument */
  gint64 deadline, r;

  if (args->arg[5] != 0
      && sentry_copy_in (sentry_task_usermem (task), mask, args->arg[5], sizeof mask) < 0)
    return -EFAULT;
  r = timeout_deadline (task, args->arg[4], kind, &deadline);
  if (r == 0)
    r = sentry_task_take_call_mask (task, mask[0], mask[1]);
  if (r < 0)
    return r;
  r = do_select (task, args->arg[0], args->arg + 1, deadline);
  return timeout_finish (task, args->arg[4], kind, deadline, r);
}
