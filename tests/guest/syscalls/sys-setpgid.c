/* setpgid, getpgid, getpgrp, setsid, getsid: who may move whom, sessions, errors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: setpgid getpgid getpgrp setsid getsid */
#include "guest.h"

static int fds[2];

static void
sleeper (void)
{
  for (;;)
    pause ();
}

static void
test_groups (void)
{
  pid_t a = guest_fork (sleeper), b = guest_fork (sleeper);

  IS ("getpgid/inherited", sys (getpgid, a), getpgrp ());
  IS ("setpgid/child", sys (setpgid, a, 0), 0);
  IS ("getpgid/child", sys (getpgid, a), a);
  IS ("setpgid/join", sys (setpgid, b, a), 0);
  IS ("getpgid/joined", sys (getpgid, b), a);
  IS ("setpgid/back", sys (setpgid, b, getpgrp ()), 0);
  IS ("setpgid/again", sys (setpgid, a, a), 0);
  IS ("setpgid/EPERM-no-such-group", sys (setpgid, b, 0x3ffffff), -EPERM);
  kill (a, SIGKILL);
  kill (b, SIGKILL);
  guest_wait (a);
  guest_wait (b);
  IS ("setpgid/EPERM-group-gone", sys (setpgid, 0, a) < 0, 1);
}

static void
own_group (void)
{
  IS ("setpgid/self", sys (setpgid, 0, 0), 0);
  IS ("getpgrp/self", sys (getpgrp), getpid ());
  IS ("getpgid/0", sys (getpgid, 0), getpid ());
  IS ("setsid/EPERM-leader", sys (setsid), -EPERM);
}

static void
own_session (void)
{
  long sid = OK ("setsid", sys (setsid));

  IS ("setsid/result", sid, getpid ());
  IS ("getsid/0", sys (getsid, 0), getpid ());
  IS ("getsid/self", sys (getsid, getpid ()), getpid ());
  IS ("setsid/new-group", sys (getpgrp), getpid ());
  IS ("setsid/again", sys (setsid), -EPERM);
  IS ("setpgid/EPERM-session-leader", sys (setpgid, 0, 0), -EPERM);
  pid_t pid = guest_fork (sleeper);
  IS ("getsid/child", sys (getsid, pid), getpid ());
  IS ("setpgid/other-session's-group", sys (setpgid, pid, getpgid (getppid ())), -EPERM);
  kill (pid, SIGKILL);
  guest_wait (pid);
}

static void
report_and_exec (void)
{
  close (fds[0]);
  fcntl (fds[1], F_SETFD, FD_CLOEXEC);
  execl ("/bin/sleep", "sleep", "1000", NULL);
}

static void
in_new_session (void)
{
  close (fds[0]);
  setsid ();
  MUST (write (fds[1], "s", 1));
  sleeper ();
}

/* A child that has executed something, or lives in another session, can't be moved any more.  */
static void
test_late (void)
{
  char c;

  MUST (pipe (fds));
  pid_t pid = guest_fork (report_and_exec);
  close (fds[1]);
  IS ("setpgid/exec-happened", sys (read, fds[0], &c, 1), 0);
  IS ("setpgid/EACCES", sys (setpgid, pid, pid), -EACCES);
  kill (pid, SIGKILL);
  guest_wait (pid);
  MUST (pipe (fds));
  pid = guest_fork (in_new_session);
  MUST (read (fds[0], &c, 1));
  IS ("setpgid/EPERM-other-session", sys (setpgid, pid, pid), -EPERM);
  IS ("getsid/other", sys (getsid, pid), pid);
  IS ("getpgid/other", sys (getpgid, pid), pid);
  kill (pid, SIGKILL);
  guest_wait (pid);
}

static void
move_parent (void)
{
  IS ("setpgid/ESRCH-not-a-child", sys (setpgid, getppid (), 0), -ESRCH);
}

int
main (void)
{
  CHECK ("getpgrp", sys (getpgrp) > 0);
  CHECK ("getsid", sys (getsid, 0) > 0);
  test_groups ();
  guest_child (own_group);
  guest_child (own_session);
  test_late ();
  guest_child (move_parent);
  IS ("setpgid/EINVAL", sys (setpgid, 0, -1), -EINVAL);
  IS ("setpgid/ESRCH", sys (setpgid, 0x3ffffff, 0), -ESRCH);
  IS ("setpgid/EINVAL-negative", sys (setpgid, -1, 0), -EINVAL);
  IS ("getpgid/ESRCH", sys (getpgid, 0x3ffffff), -ESRCH);
  IS ("getpgid/negative", sys (getpgid, -1), -ESRCH);
  IS ("getsid/ESRCH", sys (getsid, 0x3ffffff), -ESRCH);
  return guest_done ();
}
