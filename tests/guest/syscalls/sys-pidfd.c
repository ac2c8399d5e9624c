/* pidfd_open, pidfd_send_signal, pidfd_getfd: life and death, polling, who may, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: pidfd_open pidfd_send_signal pidfd_getfd */
#include "guest.h"

#include <poll.h>

static int fds[2], pidfd;

static void
sleeper (void)
{
  for (;;)
    pause ();
}

static void
handler (int signo, siginfo_t *info, void *context)
{
  MUST (write (fds[1], info, sizeof *info));
}

static void
reports (void)
{
  struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

  sigaction (SIGUSR1, &action, NULL);
  MUST (write (fds[1], "r", 1));
  sleeper ();
}

static void
test_open (void)
{
  pid_t pid = guest_fork (sleeper);

  pidfd = OK ("pidfd_open", sys (pidfd_open, pid, 0));
  IS ("pidfd_open/cloexec", fcntl (pidfd, F_GETFD), FD_CLOEXEC);
  struct pollfd p = { pidfd, POLLIN, 0 };
  IS ("pidfd/poll-alive", sys (poll, &p, 1, 0), 0);
  char c;
  IS ("pidfd/read", sys (read, pidfd, &c, 1), -EINVAL);
  CHECK ("pidfd/fdinfo", strstr (guest_content (text ("/proc/self/fdinfo/%d", pidfd)), "\nPid:\t"));
  int nonblock = OK ("pidfd_open/NONBLOCK", sys (pidfd_open, pid, O_NONBLOCK));
  IS ("pidfd_open/NONBLOCK-set", fcntl (nonblock, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  siginfo_t info;
  IS ("waitid/NONBLOCK-pidfd", sys (waitid, P_PIDFD, nonblock, &info, WEXITED, NULL), -EAGAIN);
  IS ("pidfd_send_signal/0", sys (pidfd_send_signal, pidfd, 0, NULL, 0), 0);
  IS ("pidfd_send_signal/KILL", sys (pidfd_send_signal, pidfd, SIGKILL, NULL, 0), 0);
  IS ("pidfd/poll-dead", sys (poll, &p, 1, -1), 1);
  CHECK ("pidfd/poll-events", p.revents & POLLIN);
  IS ("pidfd_send_signal/zombie", sys (pidfd_send_signal, pidfd, SIGTERM, NULL, 0), 0);
  IS ("pidfd/status", guest_wait (pid), SIGKILL);
  IS ("pidfd_send_signal/ESRCH", sys (pidfd_send_signal, pidfd, SIGTERM, NULL, 0), -ESRCH);
  IS ("pidfd_open/ESRCH", sys (pidfd_open, pid, 0), -ESRCH);
}

static void
test_info (void)
{
  siginfo_t info = { .si_code = SI_QUEUE }, got;
  char c;
  pid_t pid = guest_fork (reports);

  MUST (read (fds[0], &c, 1));
  pidfd = MUST (sys (pidfd_open, pid, 0));
  IS ("pidfd_send_signal/no-info", sys (pidfd_send_signal, pidfd, SIGUSR1, NULL, 0), 0);
  MUST (read (fds[0], &got, sizeof got));
  CHECK ("pidfd_send_signal/sender", got.si_code == SI_USER && got.si_pid == getpid ());
  info.si_signo = SIGUSR1;
  info.si_value.sival_int = 99;
  IS ("pidfd_send_signal/info", sys (pidfd_send_signal, pidfd, SIGUSR1, &info, 0), 0);
  MUST (read (fds[0], &got, sizeof got));
  CHECK ("pidfd_send_signal/value", got.si_code == SI_QUEUE && got.si_value.sival_int == 99);
  IS ("pidfd_send_signal/other-signal", sys (pidfd_send_signal, pidfd, SIGUSR2, &info, 0), -EINVAL);
  info.si_code = SI_USER;
  IS ("pidfd_send_signal/EPERM-code", sys (pidfd_send_signal, pidfd, SIGUSR1, &info, 0), -EPERM);
  IS ("pidfd_send_signal/unknown-flag", sys (pidfd_send_signal, pidfd, SIGUSR1, NULL, 0x1000),
      -EINVAL);
  IS ("pidfd_send_signal/signal", sys (pidfd_send_signal, pidfd, 65, NULL, 0), -EINVAL);
  IS ("pidfd_send_signal/EBADF", sys (pidfd_send_signal, -1, 0, NULL, 0), -EBADF);
  IS ("pidfd_send_signal/EBADF-file", sys (pidfd_send_signal, fds[0], 0, NULL, 0), -EBADF);
  FAULTS ("pidfd_send_signal/info", BAD_IN_OPTIONAL, sizeof info, p,
          sys (pidfd_send_signal, pidfd, SIGUSR1, p, 0));
  kill (pid, SIGKILL);
  guest_wait (pid);
}

static void
holds_file (void)
{
  int fd = guest_file ("theirs", "shared offset");

  MUST (dup2 (fd, 33));
  MUST (lseek (33, 7, SEEK_SET));
  MUST (write (fds[1], "r", 1));
  sleeper ();
}

static void
test_getfd (void)
{
  char c;
  pid_t pid = guest_fork (holds_file);

  MUST (read (fds[0], &c, 1));
  pidfd = MUST (sys (pidfd_open, pid, 0));
  int fd = OK ("pidfd_getfd", sys (pidfd_getfd, pidfd, 33, 0));
  IS ("pidfd_getfd/shared-offset", lseek (fd, 0, SEEK_CUR), 7);
  IS ("pidfd_getfd/cloexec", fcntl (fd, F_GETFD), FD_CLOEXEC);
  IS ("pidfd_getfd/EBADF-there", sys (pidfd_getfd, pidfd, 500, 0), -EBADF);
  IS ("pidfd_getfd/EBADF", sys (pidfd_getfd, -1, 33, 0), -EBADF);
  IS ("pidfd_getfd/EBADF-file", sys (pidfd_getfd, fds[0], 33, 0), -EBADF);
  IS ("pidfd_getfd/flags", sys (pidfd_getfd, pidfd, 33, 1), -EINVAL);
  kill (pid, SIGKILL);
  guest_wait_state (pid, 'Z');
  IS ("pidfd_getfd/zombie", sys (pidfd_getfd, pidfd, 33, 0), -ESRCH);
  guest_wait (pid);
  IS ("pidfd_getfd/ESRCH", sys (pidfd_getfd, pidfd, 33, 0), -ESRCH);
}

static void
foreign (void)
{
  int fd = OK ("pidfd_open/foreign", sys (pidfd_open, getppid (), 0));

  IS ("pidfd_send_signal/EPERM", sys (pidfd_send_signal, fd, SIGTERM, NULL, 0), -EPERM);
  IS ("pidfd_getfd/EPERM", sys (pidfd_getfd, fd, 1, 0), -EPERM);
}

int
main (void)
{
  MUST (pipe (fds));
  test_open ();
  test_info ();
  test_getfd ();
  IS ("pidfd_open/0", sys (pidfd_open, 0, 0), -EINVAL);
  IS ("pidfd_open/negative", sys (pidfd_open, -1, 0), -EINVAL);
  IS ("pidfd_open/flags", sys (pidfd_open, getpid (), 1), -EINVAL);
  if (is_root ())
    as_nobody (foreign);
  return guest_done ();
}
