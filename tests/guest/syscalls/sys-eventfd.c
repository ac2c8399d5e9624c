/* eventfd, eventfd2: counting, semaphores, limits, polling, errors, faults, signals.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: eventfd eventfd2 */
#include "guest.h"

#include <poll.h>
#include <sys/eventfd.h>

static int fd;
static uint64_t value;

static long
add (uint64_t n)
{
  return sys (write, fd, &n, 8);
}

static void
add_one (void)
{
  MUST (add (1));
}

static void
take (void)
{
  MUST (read (fd, &value, 8));
}

static short
events (void)
{
  struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

  MUST (sys (poll, &p, 1, 0));
  return p.revents;
}

static void
test_counter (void)
{
  fd = OK ("eventfd", sys (eventfd, 3));
  IS ("eventfd/read", sys (read, fd, &value, 8), 8);
  IS ("eventfd/initial", value, 3);
  IS ("eventfd/poll-0", events (), POLLOUT);
  IS ("eventfd/write", add (2), 8);
  IS ("eventfd/write-more", add (5), 8);
  IS ("eventfd/poll", events (), POLLIN | POLLOUT);
  IS ("eventfd/read-sum", (sys (read, fd, &value, 100), value), 7);
  IS ("eventfd/write-0", add (0), 8);
  IS ("eventfd/still-0", events (), POLLOUT);
  IS ("eventfd/write-most", add (0xfffffffffffffffe), 8);
  IS ("eventfd/poll-full", events (), POLLIN);
  IS ("eventfd/write-all-ones", add (-1), -EINVAL);
  take ();
  CHECK ("eventfd/most", value == 0xfffffffffffffffe);
  IS ("eventfd/read-short", sys (read, fd, &value, 7), -EINVAL);
  IS ("eventfd/write-short", sys (write, fd, &value, 7), -EINVAL);
  IS ("eventfd/pread", sys (pread64, fd, &value, 8, 0), -ESPIPE);
  CHECK ("eventfd/fdinfo",
         strstr (guest_content (text ("/proc/self/fdinfo/%d", fd)), "eventfd-count:"));
}

static void
test_blocking (void)
{
  BLOCKS ("eventfd/read-waits", add_one, sys (read, fd, &value, 8), 8);
  INTERRUPTED ("eventfd/read-EINTR", 0, NULL, sys (read, fd, &value, 8), -EINTR);
  INTERRUPTED ("eventfd/read-restart", SA_RESTART, add_one, sys (read, fd, &value, 8), 8);
  MUST (add (0xfffffffffffffffe));
  BLOCKS ("eventfd/write-waits", take, add (1), 8);
  take ();
  MUST (add (0xfffffffffffffffe));
  INTERRUPTED ("eventfd/write-EINTR", 0, NULL, add (1), -EINTR);
  INTERRUPTED ("eventfd/write-restart", SA_RESTART, take, add (1), 8);
  take ();
  FAULTS ("eventfd/write", BAD_IN, 8, p, sys (write, fd, p, 8));
}

static void
test_flags (void)
{
  fd = OK ("eventfd2", sys (eventfd2, 2, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC));
  IS ("eventfd2/CLOEXEC", fcntl (fd, F_GETFD), FD_CLOEXEC);
  IS ("eventfd2/NONBLOCK", fcntl (fd, F_GETFL), O_RDWR | O_NONBLOCK);
  IS ("eventfd2/SEMAPHORE-one", (sys (read, fd, &value, 8), value), 1);
  IS ("eventfd2/SEMAPHORE-two", (sys (read, fd, &value, 8), value), 1);
  IS ("eventfd2/EAGAIN", sys (read, fd, &value, 8), -EAGAIN);
  MUST (add (0xfffffffffffffffe));
  IS ("eventfd2/write-EAGAIN", add (1), -EAGAIN);
  FAULTS ("eventfd2/read", BAD_OUT & ~BAD_CROSS, 8, p, sys (read, fd, p, 8));
  IS ("eventfd2/unknown-flag", sys (eventfd2, 0, 2), -EINVAL);
  int other = OK ("eventfd2/plain", sys (eventfd2, 0, 0));
  IS ("eventfd2/no-cloexec", fcntl (other, F_GETFD), 0);
}

int
main (void)
{
  test_counter ();
  test_blocking ();
  test_flags ();
  return guest_done ();
}
