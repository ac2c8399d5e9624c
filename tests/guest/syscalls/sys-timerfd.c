/* timerfd_create, timerfd_settime, timerfd_gettime: reading, counting, polling, cancelling, errors,
 * faults. SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: timerfd_create timerfd_settime timerfd_gettime */
#include "guest.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>

static int fd;
static struct itimerspec old;
static uint64_t ticks;

static long
set (int flags, int64_t value, int64_t interval)
{
  struct itimerspec its = { { interval / 1000000000, interval % 1000000000 },
                            { value / 1000000000, value % 1000000000 } };

  return sys (timerfd_settime, fd, flags, &its, &old);
}

static void
fire (void)
{
  MUST (set (0, 1, 0));
}

static void
test_read (void)
{
  struct pollfd p = { .events = POLLIN | POLLOUT };

  fd = OK ("timerfd_create", sys (timerfd_create, CLOCK_MONOTONIC, 0));
  p.fd = fd;
  IS ("timerfd_gettime/disarmed", sys (timerfd_gettime, fd, &old), 0);
  CHECK ("timerfd_gettime/disarmed-is-0", !old.it_value.tv_sec && !old.it_value.tv_nsec);
  IS ("timerfd_settime/once", set (0, 20000000, 0), 0);
  IS ("timerfd/poll-not-yet", sys (poll, &p, 1, 0), 0);
  IS ("timerfd/read-waits", sys (read, fd, &ticks, 8), 8);
  IS ("timerfd/read-one", ticks, 1);
  IS ("timerfd_settime/interval", set (0, 1000000, 1000000), 0);
  nanosleep (&(struct timespec){ 0, 30000000 }, NULL);
  IS ("timerfd/poll-ready", sys (poll, &p, 1, -1), 1);
  IS ("timerfd/poll-events", p.revents, POLLIN);
  IS ("timerfd/read-many", sys (read, fd, &ticks, 100), 8);
  CHECK ("timerfd/read-counts", ticks >= 20);
  IS ("timerfd_settime/replace", set (0, 100000000000, 7000000000), 0);
  CHECK ("timerfd_settime/old", old.it_interval.tv_nsec == 1000000 && old.it_value.tv_sec == 0);
  IS ("timerfd_gettime", sys (timerfd_gettime, fd, &old), 0);
  CHECK ("timerfd_gettime/left", old.it_value.tv_sec >= 98 && old.it_interval.tv_sec == 7);
  IS ("timerfd_settime/absolute",
      set (TFD_TIMER_ABSTIME, guest_now (CLOCK_MONOTONIC) + 10000000, 0), 0);
  IS ("timerfd/read-absolute", sys (read, fd, &ticks, 8), 8);
  IS ("timerfd_settime/past", set (TFD_TIMER_ABSTIME, 1, 0), 0);
  IS ("timerfd/read-past", sys (read, fd, &ticks, 8), 8);
  IS ("timerfd_settime/off", set (0, 0, 0), 0);
}

static void
test_blocking (void)
{
  MUST (set (0, 0, 0));
  INTERRUPTED ("timerfd/read-EINTR", 0, NULL, sys (read, fd, &ticks, 8), -EINTR);
  INTERRUPTED ("timerfd/read-restart", SA_RESTART, fire, sys (read, fd, &ticks, 8), 8);
  BLOCKS ("timerfd/set-by-another-process", fire, sys (read, fd, &ticks, 8), 8);
  MUST (fcntl (fd, F_SETFL, O_NONBLOCK));
  IS ("timerfd/EAGAIN", sys (read, fd, &ticks, 8), -EAGAIN);
  IS ("timerfd/read-short", sys (read, fd, &ticks, 7), -EINVAL);
  IS ("timerfd/write", sys (write, fd, &ticks, 8), -EINVAL);
  IS ("timerfd/pread", sys (pread64, fd, &ticks, 8, 0), -ESPIPE);
  fire ();
  nanosleep (&(struct timespec){ 0, 1000000 }, NULL);
  FAULTS ("timerfd/read", BAD_OUT & ~BAD_CROSS, 8, p,
          (fire (), nanosleep (&(struct timespec){ 0, 1000000 }, NULL), sys (read, fd, p, 8)));
}

static void
test_flags (void)
{
  static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME };
  int f;

  for (int i = 0; i < 3; i++)
    OK (text ("timerfd_create/clock-%d", clocks[i]), sys (timerfd_create, clocks[i], 0));
  f = OK ("timerfd_create/flags",
          sys (timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  IS ("timerfd_create/CLOEXEC", fcntl (f, F_GETFD), FD_CLOEXEC);
  IS ("timerfd_create/NONBLOCK", fcntl (f, F_GETFL), O_RDWR | O_NONBLOCK);
  IS ("timerfd_create/unknown-flag", sys (timerfd_create, CLOCK_MONOTONIC, 1), -EINVAL);
  IS ("timerfd_create/unknown-clock", sys (timerfd_create, 999, 0), -EINVAL);
  IS ("timerfd_create/cpu-clock", sys (timerfd_create, CLOCK_PROCESS_CPUTIME_ID, 0), -EINVAL);
  fd = MUST (sys (timerfd_create, CLOCK_REALTIME, TFD_NONBLOCK));
  IS ("timerfd_settime/CANCEL_ON_SET", set (TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, 1000, 0),
      0);
  IS ("timerfd/CANCEL_ON_SET-reads", sys (read, fd, &ticks, 8), 8);
  IS ("timerfd_settime/unknown-flag", set (4, 0, 0), -EINVAL);
}

static void
test_errors (void)
{
  struct itimerspec its = { { 0, 0 }, { 0, 1000000000 } };

  IS ("timerfd_settime/nanoseconds", sys (timerfd_settime, fd, 0, &its, NULL), -EINVAL);
  its.it_value.tv_nsec = 0;
  IS ("timerfd_settime/EBADF", sys (timerfd_settime, -1, 0, &its, NULL), -EBADF);
  IS ("timerfd_settime/not-one", sys (timerfd_settime, 1, 0, &its, NULL), -EINVAL);
  IS ("timerfd_gettime/EBADF", sys (timerfd_gettime, -1, &old), -EBADF);
  IS ("timerfd_gettime/not-one", sys (timerfd_gettime, 1, &old), -EINVAL);
  FAULTS ("timerfd_settime/new", BAD_IN, sizeof its, p, sys (timerfd_settime, fd, 0, p, NULL));
  FAULTS ("timerfd_settime/old", BAD_OUT_OPTIONAL, sizeof its, p,
          sys (timerfd_settime, fd, 0, &its, p));
  FAULTS ("timerfd_gettime/value", BAD_OUT, sizeof its, p, sys (timerfd_gettime, fd, p));
}

int
main (void)
{
  test_read ();
  test_blocking ();
  test_flags ();
  test_errors ();
  return guest_done ();
}
