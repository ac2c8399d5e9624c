/* wait4 and waitid: whom they wait for, options, statuses, usage, errors, faults, interruptions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: wait4 waitid */
#include "guest.h"

#include <pthread.h>
#include <sys/resource.h>

static int status;
static siginfo_t info;
static struct rusage usage;
static pid_t sleeping;

static pid_t
child_exits (int code)
{
  pid_t pid = MUST (fork ());

  if (pid == 0)
    _exit (code);
  return pid;
}

static pid_t
child_sleeps (void)
{
  pid_t pid = MUST (fork ());

  if (pid == 0)
    for (;;)
      pause ();
  return pid;
}

static void
kill_child (void)
{
  kill (sleeping, SIGKILL);
}

static void
test_status (void)
{
  pid_t pid = child_exits (42);

  IS ("wait4/pid", sys (wait4, pid, &status, 0, &usage), pid);
  IS ("wait4/status", status, 42 << 8);
  IS ("wait4/again", sys (wait4, pid, &status, 0, NULL), -ECHILD);
  pid = child_sleeps ();
  MUST (kill (pid, SIGTERM));
  IS ("wait4/any", sys (wait4, -1, &status, 0, NULL), pid);
  IS ("wait4/signal-status", status, SIGTERM);
  pid = child_exits (1);
  IS ("wait4/own-group", sys (wait4, 0, &status, 0, NULL), pid);
  pid = child_exits (2);
  IS ("wait4/group", sys (wait4, -getpgrp (), &status, 0, NULL), pid);
  pid = child_exits (3);
  IS ("wait4/NULL-status", sys (wait4, pid, NULL, 0, NULL), pid);
  IS ("wait4/ECHILD", sys (wait4, -1, &status, 0, NULL), -ECHILD);
}

static void
test_options (void)
{
  pid_t pid = child_sleeps ();

  IS ("wait4/WNOHANG", sys (wait4, pid, &status, WNOHANG, NULL), 0);
  MUST (kill (pid, SIGSTOP));
  IS ("wait4/WUNTRACED", sys (wait4, pid, &status, WUNTRACED, NULL), pid);
  IS ("wait4/stopped-status", status, SIGSTOP << 8 | 0x7f);
  IS ("wait4/WUNTRACED-once", sys (wait4, pid, &status, WUNTRACED | WNOHANG, NULL), 0);
  MUST (kill (pid, SIGCONT));
  IS ("wait4/WCONTINUED", sys (wait4, pid, &status, WCONTINUED, NULL), pid);
  IS ("wait4/continued-status", status, 0xffff);
  IS ("wait4/WCONTINUED-once", sys (wait4, pid, &status, WCONTINUED | WNOHANG, NULL), 0);
  MUST (kill (pid, SIGKILL));
  IS ("wait4/killed", sys (wait4, pid, &status, 0, NULL), pid);
  IS ("wait4/killed-status", status, SIGKILL);
  IS ("wait4/unknown-option", sys (wait4, -1, &status, 0x10, NULL), -EINVAL);
  IS ("wait4/WNOWAIT-refused", sys (wait4, -1, &status, WNOWAIT, NULL), -EINVAL);
  IS ("wait4/least-pid", sys (wait4, 0x80000000, &status, 0, NULL), -ESRCH);
}

static void
test_waitid (void)
{
  pid_t pid = child_exits (7);

  IS ("waitid/WNOWAIT", sys (waitid, P_PID, pid, &info, WEXITED | WNOWAIT, NULL), 0);
  CHECK ("waitid/info", info.si_signo == SIGCHLD && info.si_code == CLD_EXITED && info.si_pid == pid
                            && info.si_status == 7 && info.si_uid == getuid ());
  IS ("waitid/still-there", sys (waitid, P_ALL, 0, &info, WEXITED, &usage), 0);
  IS ("waitid/gone", sys (waitid, P_PID, pid, &info, WEXITED, NULL), -ECHILD);
  pid = child_sleeps ();
  info.si_pid = 99;
  info.si_signo = 99;
  IS ("waitid/WNOHANG", sys (waitid, P_PID, pid, &info, WEXITED | WNOHANG, NULL), 0);
  CHECK ("waitid/WNOHANG-zeroed", info.si_pid == 0 && info.si_signo == 0);
  MUST (kill (pid, SIGSTOP));
  IS ("waitid/WSTOPPED", sys (waitid, P_PID, pid, &info, WSTOPPED, NULL), 0);
  CHECK ("waitid/stopped-info", info.si_code == CLD_STOPPED && info.si_status == SIGSTOP);
  MUST (kill (pid, SIGCONT));
  IS ("waitid/WCONTINUED", sys (waitid, P_PID, pid, &info, WCONTINUED, NULL), 0);
  CHECK ("waitid/continued-info", info.si_code == CLD_CONTINUED && info.si_status == SIGCONT);
  MUST (kill (pid, SIGTERM));
  IS ("waitid/P_PGID-0", sys (waitid, P_PGID, 0, &info, WEXITED, NULL), 0);
  CHECK ("waitid/killed-info", info.si_code == CLD_KILLED && info.si_status == SIGTERM);
  pid = child_exits (8);
  int fd = MUST (sys (pidfd_open, pid, 0));
  IS ("waitid/P_PIDFD", sys (waitid, P_PIDFD, fd, &info, WEXITED, NULL), 0);
  IS ("waitid/P_PIDFD-pid", info.si_pid, pid);
  pid = child_exits (9);
  IS ("waitid/NULL-info", sys (waitid, P_PID, pid, NULL, WEXITED, NULL), 0);
  IS ("waitid/no-state", sys (waitid, P_ALL, 0, &info, 0, NULL), -EINVAL);
  IS ("waitid/only-WNOHANG", sys (waitid, P_ALL, 0, &info, WNOHANG, NULL), -EINVAL);
  IS ("waitid/unknown-option", sys (waitid, P_ALL, 0, &info, WEXITED | 0x10, NULL), -EINVAL);
  IS ("waitid/unknown-type", sys (waitid, 9, 0, &info, WEXITED, NULL), -EINVAL);
  IS ("waitid/P_PID-0", sys (waitid, P_PID, 0, &info, WEXITED, NULL), -EINVAL);
  IS ("waitid/P_PGID-negative", sys (waitid, P_PGID, -1, &info, WEXITED, NULL), -EINVAL);
  IS ("waitid/P_PIDFD-EBADF", sys (waitid, P_PIDFD, 500, &info, WEXITED, NULL), -EBADF);
  IS ("waitid/P_PIDFD-negative", sys (waitid, P_PIDFD, -1, &info, WEXITED, NULL), -EINVAL);
  IS ("waitid/ECHILD", sys (waitid, P_ALL, 0, &info, WEXITED, NULL), -ECHILD);
}

/* The helper that sends the signal is a child too, so these wait for one particular pid.  */
static void
test_blocking (void)
{
  sleeping = child_sleeps ();
  INTERRUPTED ("wait4/EINTR", 0, NULL, sys (wait4, sleeping, &status, 0, NULL), -EINTR);
  INTERRUPTED ("wait4/restart", SA_RESTART, kill_child, sys (wait4, sleeping, &status, 0, NULL),
               sleeping);
  sleeping = child_sleeps ();
  STOPPED ("wait4/stop-continue", kill_child, sys (wait4, sleeping, &status, 0, NULL), sleeping);
  sleeping = child_sleeps ();
  INTERRUPTED ("waitid/EINTR", 0, NULL, sys (waitid, P_PID, sleeping, &info, WEXITED, NULL),
               -EINTR);
  INTERRUPTED ("waitid/restart", SA_RESTART, kill_child,
               sys (waitid, P_PID, sleeping, &info, WEXITED, NULL), 0);
}

static void *
wait_in_thread (void *pid)
{
  return (void *) sys (wait4, (pid_t) (long) pid, &status, 0, NULL);
}

static void *
wait_nothread (void *pid)
{
  return (void *) sys (wait4, (pid_t) (long) pid, &status, __WNOTHREAD, NULL);
}

static void
test_threads (void)
{
  pthread_t t;
  void *got;
  pid_t pid = child_exits (1);

  MUST (-pthread_create (&t, NULL, wait_nothread, (void *) (long) pid));
  pthread_join (t, &got);
  IS ("wait4/__WNOTHREAD", (long) got, -ECHILD);
  MUST (-pthread_create (&t, NULL, wait_in_thread, (void *) (long) pid));
  pthread_join (t, &got);
  IS ("wait4/another-thread's-child", (long) got, pid);
}

static void
burn (void)
{
  int64_t end = guest_now (CLOCK_PROCESS_CPUTIME_ID) + 50000000;

  while (guest_now (CLOCK_PROCESS_CPUTIME_ID) < end)
    ;
}

static void
test_usage (void)
{
  pid_t pid = guest_fork (burn);

  MUST (sys (wait4, pid, &status, 0, &usage));
  CHECK ("wait4/usage", usage.ru_utime.tv_sec + usage.ru_stime.tv_sec > 0
                            || usage.ru_utime.tv_usec + usage.ru_stime.tv_usec >= 40000);
  CHECK ("wait4/usage-maxrss", usage.ru_maxrss > 0);
}

static void
test_faults (void)
{
  FAULTS ("wait4/status", BAD_OUT_OPTIONAL, 4, p, sys (wait4, child_exits (0), p, 0, NULL));
  FAULTS ("wait4/usage", BAD_OUT_OPTIONAL, sizeof usage, p,
          sys (wait4, child_exits (0), &status, 0, p));
  FAULTS ("waitid/info", BAD_OUT_OPTIONAL, 32, p,
          sys (waitid, P_PID, child_exits (0), p, WEXITED, NULL));
  FAULTS ("waitid/usage", BAD_OUT_OPTIONAL, sizeof usage, p,
          sys (waitid, P_PID, child_exits (0), &info, WEXITED, p));
  while (waitpid (-1, NULL, 0) > 0)
    ;
}

int
main (void)
{
  test_status ();
  test_options ();
  test_waitid ();
  test_blocking ();
  test_threads ();
  test_usage ();
  test_faults ();
  return guest_done ();
}
