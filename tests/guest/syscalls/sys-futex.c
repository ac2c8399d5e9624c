/* futex: wait, wake, bit sets, requeueing, wake-op, locks with priority inheritance, time-outs,
 * interruptions; and
 * robust lists.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: futex set_robust_list get_robust_list */
#include "guest.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/prctl.h>

static int *word, *other;
static int private;

static long
futex (int *at, int op, unsigned value, const void *timeout, int *second, unsigned third)
{
  return sys (futex, at, op, value, timeout, second, third);
}

static void
wake (void)
{
  MUST (futex (word, FUTEX_WAKE, 1, NULL, NULL, 0));
}

static void
change_and_wake (void)
{
  *word = 1;
  wake ();
}

static void
test_wait (void)
{
  struct timespec ts = { 0, 20000000 };
  int64_t start = guest_now (CLOCK_MONOTONIC);

  *word = 0;
  IS ("futex/WAIT-EAGAIN", futex (word, FUTEX_WAIT, 1, NULL, NULL, 0), -EAGAIN);
  IS ("futex/WAIT-times-out", futex (word, FUTEX_WAIT, 0, &ts, NULL, 0), -ETIMEDOUT);
  CHECK ("futex/WAIT-long-enough", guest_now (CLOCK_MONOTONIC) - start >= 20000000);
  BLOCKS ("futex/WAIT-woken", wake, futex (word, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
  BLOCKS ("futex/WAIT-changed-and-woken", change_and_wake,
          futex (word, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
  *word = 0;
  IS ("futex/WAKE-none", futex (word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
  INTERRUPTED ("futex/WAIT-EINTR", 0, NULL, futex (word, FUTEX_WAIT, 0, NULL, NULL, 0), -EINTR);
  INTERRUPTED ("futex/WAIT-restart", SA_RESTART, change_and_wake,
               futex (word, FUTEX_WAIT, 0, NULL, NULL, 0), -EAGAIN);
  *word = 0;
  ts = (struct timespec){ 100, 0 };
  INTERRUPTED ("futex/WAIT-timeout-EINTR", SA_RESTART, NULL,
               futex (word, FUTEX_WAIT, 0, &ts, NULL, 0), -EINTR);
  STOPPED ("futex/WAIT-stop-continue", wake, futex (word, FUTEX_WAIT, 0, &ts, NULL, 0), 0);
  ts = (struct timespec){ 0, 1000000000 };
  IS ("futex/WAIT-nanoseconds", futex (word, FUTEX_WAIT, 0, &ts, NULL, 0), -EINVAL);
  ts = (struct timespec){ -1, 0 };
  IS ("futex/WAIT-seconds-negative", futex (word, FUTEX_WAIT, 0, &ts, NULL, 0), -EINVAL);
}

static void
wake_bit_2 (void)
{
  MUST (futex (word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 1));
  guest_wait_state (getppid (), 'S');
  MUST (futex (word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 6));
}

static void
test_bitset (void)
{
  int64_t until = guest_now (CLOCK_MONOTONIC) + 20000000;
  struct timespec ts = { until / 1000000000, until % 1000000000 }, past = { 1, 0 };

  IS ("futex/WAIT_BITSET-absolute", futex (word, FUTEX_WAIT_BITSET, 0, &ts, NULL, -1), -ETIMEDOUT);
  CHECK ("futex/WAIT_BITSET-reached", guest_now (CLOCK_MONOTONIC) >= until);
  IS ("futex/WAIT_BITSET-past", futex (word, FUTEX_WAIT_BITSET, 0, &past, NULL, -1), -ETIMEDOUT);
  IS ("futex/WAIT_BITSET-realtime",
      futex (word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &past, NULL, -1), -ETIMEDOUT);
  BLOCKS ("futex/WAKE_BITSET-matches", wake_bit_2,
          futex (word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 2), 0);
  IS ("futex/WAIT_BITSET-0", futex (word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), -EINVAL);
  IS ("futex/WAKE_BITSET-0", futex (word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), -EINVAL);
  IS ("futex/WAKE-realtime", futex (word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0),
      -ENOSYS);
}

static void
wait_on_word (void)
{
  sys (futex, word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

/* N children asleep on the word.  */
static void
start (pid_t *pids, int n)
{
  for (int i = 0; i < n; i++)
    pids[i] = guest_fork (wait_on_word);
  for (int i = 0; i < n; i++)
    guest_wait_state (pids[i], 'S');
}

static void
finish (const char *name, pid_t *pids, int n)
{
  int ended = 0;

  for (int i = 0; i < n; i++)
    ended += guest_wait (pids[i]) == 0;
  IS (name, ended, n);
}

static void
test_many (void)
{
  pid_t pids[6];
  int op = FUTEX_OP (FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 7);

  start (pids, 6);
  IS ("futex/WAKE-2", futex (word, FUTEX_WAKE, 2, NULL, NULL, 0), 2);
  IS ("futex/WAKE-rest", futex (word, FUTEX_WAKE, 100, NULL, NULL, 0), 4);
  finish ("futex/WAKE-all-ended", pids, 6);
  start (pids, 6);
  IS ("futex/REQUEUE", futex (word, FUTEX_REQUEUE, 1, (void *) 3, other, 0), 4);
  IS ("futex/REQUEUE-moved", futex (other, FUTEX_WAKE, 100, NULL, NULL, 0), 3);
  IS ("futex/REQUEUE-stayed", futex (word, FUTEX_WAKE, 100, NULL, NULL, 0), 2);
  finish ("futex/REQUEUE-all-ended", pids, 6);
  start (pids, 6);
  IS ("futex/CMP_REQUEUE-EAGAIN", futex (word, FUTEX_CMP_REQUEUE, 1, (void *) 3, other, 9),
      -EAGAIN);
  IS ("futex/CMP_REQUEUE", futex (word, FUTEX_CMP_REQUEUE, 1, (void *) 100, other, 0), 6);
  IS ("futex/CMP_REQUEUE-moved", futex (other, FUTEX_WAKE, 100, NULL, NULL, 0), 5);
  finish ("futex/CMP_REQUEUE-all-ended", pids, 6);
  start (pids, 3);
  *other = 7;
  IS ("futex/WAKE_OP", futex (other, FUTEX_WAKE_OP, 1, (void *) 2, word, op), 0);
  IS ("futex/WAKE_OP-changed", *word, 5);
  *word = 7;
  IS ("futex/WAKE_OP-wakes-second", futex (other, FUTEX_WAKE_OP, 1, (void *) 2, word, op), 2);
  IS ("futex/WAKE_OP-rest", futex (word, FUTEX_WAKE, 100, NULL, NULL, 0), 1);
  finish ("futex/WAKE_OP-all-ended", pids, 3);
  *word = *other = 0;
}

static void *
wait_private (void *unused)
{
  return (void *) futex (&private, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0);
}

static void
test_private (void)
{
  pthread_t t;
  void *got;

  MUST (-pthread_create (&t, NULL, wait_private, NULL));
  while (futex (&private, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0) == 0)
    sys (sched_yield);
  pthread_join (t, &got);
  IS ("futex/PRIVATE", (long) got, 0);
  /* A private key is of this address space: the same shared page is not found by it.  */
  pid_t pid;
  start (&pid, 1);
  IS ("futex/PRIVATE-does-not-reach",
      futex (word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0), 0);
  IS ("futex/shared-reaches", futex (word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
  guest_wait (pid);
}

/* One key for all mappings of a file.  */
static void
test_file (void)
{
  int fd = guest_file ("file", "");
  int *saved = word;
  pid_t pid;

  MUST (ftruncate (fd, 4096));
  word = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  start (&pid, 1);
  int *again = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  IS ("futex/file-other-mapping", futex (again, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
  guest_wait (pid);
  word = saved;
}

static void
lock_pi (void)
{
  MUST (futex (word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
  CHECK ("futex/LOCK_PI-owner", (*word & FUTEX_TID_MASK) == gettid ());
  MUST (futex (word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
}

static void
test_pi (void)
{
  struct timespec past = { 1, 0 };

  *word = 0;
  IS ("futex/LOCK_PI", futex (word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
  IS ("futex/LOCK_PI-word", *word, gettid ());
  IS ("futex/LOCK_PI-EDEADLK", futex (word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), -EDEADLK);
  pid_t pid = guest_fork (lock_pi);
  guest_wait_state (pid, 'S');
  CHECK ("futex/LOCK_PI-waiters", *word & FUTEX_WAITERS);
  long unlocked = futex (word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
  IS ("futex/LOCK_PI-handed-over", guest_wait (pid), 0);
  IS ("futex/UNLOCK_PI", unlocked, 0);
  IS ("futex/UNLOCK_PI-EPERM", (*word = 0, futex (word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0)),
      -EPERM);
  IS ("futex/TRYLOCK_PI", futex (word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), 0);
  MUST (futex (word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
  *word = getppid ();
  IS ("futex/TRYLOCK_PI-busy", futex (word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0) < 0, 1);
  *word = 0x3ffffff;
  IS ("futex/LOCK_PI-ESRCH", futex (word, FUTEX_LOCK_PI, 0, &past, NULL, 0), -ESRCH);
  *word = 0;
}

/* The list of locks that a thread holds, for when it dies: one lock, behind its list node.  */
struct lock
{
  struct robust_list node;
  int word;
};

static struct
{
  struct robust_list_head head;
  struct lock lock, pending;
} * robust;

static void
die_with_locks (void)
{
  robust->head.list.next = &robust->lock.node;
  robust->lock.node.next = &robust->head.list;
  robust->head.futex_offset = offsetof (struct lock, word);
  robust->head.list_op_pending = &robust->pending.node;
  robust->lock.word = robust->pending.word = gettid () | FUTEX_WAITERS;
  MUST (sys (set_robust_list, &robust->head, sizeof robust->head));
  raise (SIGKILL);
}

static void
wait_on_lock (void)
{
  word = &robust->lock.word;
  int value = *word;
  sys (futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void
test_robust (void)
{
  struct robust_list_head *head = (void *) 1;
  size_t size = 0;

  robust = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  IS ("robust_list/died", guest_wait (guest_fork (die_with_locks)), SIGKILL);
  CHECK ("robust_list/OWNER_DIED", robust->lock.word == (int) (FUTEX_OWNER_DIED | FUTEX_WAITERS));
  CHECK ("robust_list/pending", robust->pending.word == (int) (FUTEX_OWNER_DIED | FUTEX_WAITERS));
  IS ("get_robust_list", sys (get_robust_list, 0, &head, &size), 0);
  IS ("get_robust_list/size", size, sizeof *head);
  IS ("set_robust_list/size", sys (set_robust_list, head, 23), -EINVAL);
  IS ("set_robust_list/set", sys (set_robust_list, &robust->head, 24), 0);
  struct robust_list_head *now;
  MUST (sys (get_robust_list, gettid (), &now, &size));
  CHECK ("get_robust_list/set", now == &robust->head);
  IS ("set_robust_list/anything", sys (set_robust_list, 0x123, 24), 0);
  MUST (sys (set_robust_list, head, 24));
  IS ("get_robust_list/ESRCH", sys (get_robust_list, 0x3ffffff, &now, &size), -ESRCH);
  FAULTS ("get_robust_list/head", BAD_OUT, 8, p, sys (get_robust_list, 0, p, &size));
  FAULTS ("get_robust_list/size", BAD_OUT, 8, p, sys (get_robust_list, 0, &now, p));
}

static void
foreign (void)
{
  void *head;
  size_t size;

  IS ("get_robust_list/EPERM", sys (get_robust_list, getppid (), &head, &size), -EPERM);
}

static void
test_errors (void)
{
  struct timespec ts = { 0, 1 };

  IS ("futex/unaligned", futex ((int *) ((char *) word + 1), FUTEX_WAIT, 0, NULL, NULL, 0),
      -EINVAL);
  IS ("futex/WAKE-unaligned", futex ((int *) ((char *) word + 2), FUTEX_WAKE, 1, NULL, NULL, 0),
      -EINVAL);
  IS ("futex/unknown", futex (word, 99, 0, NULL, NULL, 0), -ENOSYS);
  IS ("futex/FUTEX_FD-is-gone", futex (word, 2, 0, NULL, NULL, 0), -ENOSYS);
  FAULTS ("futex/WAIT", BAD_IN & ~BAD_CROSS, 4, p, sys (futex, p, FUTEX_WAIT, 0, NULL, NULL, 0));
  FAULTS ("futex/WAKE", BAD_IN & ~(BAD_CROSS | BAD_NONE), 4, p,
          sys (futex, p, FUTEX_WAKE, 1, NULL, NULL, 0));
  FAULTS ("futex/timeout", BAD_IN_OPTIONAL, 16, p, sys (futex, word, FUTEX_WAIT, 0, p, NULL, 0));
  FAULTS ("futex/LOCK_PI", BAD_OUT & ~BAD_CROSS, 4, p,
          sys (futex, p, FUTEX_LOCK_PI, 0, &ts, NULL, 0));
  FAULTS ("futex/REQUEUE-second", BAD_IN & ~(BAD_CROSS | BAD_NONE), 4, p,
          sys (futex, word, FUTEX_REQUEUE, 1, 1, p, 0));
  FAULTS ("futex/WAKE_OP-second", BAD_OUT & ~BAD_CROSS, 4, p,
          sys (futex, word, FUTEX_WAKE_OP, 1, 1, p, 0));
}

int
main (void)
{
  word = mmap (NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  other = word + 1024;
  (void) wait_on_lock;
  test_wait ();
  test_bitset ();
  test_many ();
  test_private ();
  test_file ();
  guest_child (test_pi);
  test_robust ();
  if (is_root ())
    as_nobody (foreign);
  test_errors ();
  return guest_done ();
}
