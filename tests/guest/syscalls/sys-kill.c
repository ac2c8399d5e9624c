/* kill, tkill, tgkill: whom they reach, who may, default actions, errors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: kill tkill tgkill */
#include "guest.h"

#include <pthread.h>

static int fds[2];

static void
sleeper (void)
{
  for (;;)
    pause ();
}

static void
test_defaults (void)
{
  static const struct
  {
    const char *name;
    int signo;
    bool dies;
  } signals[] = {
    { "HUP", SIGHUP, 1 },   { "INT", SIGINT, 1 },     { "ILL", SIGILL, 1 },
    { "USR1", SIGUSR1, 1 }, { "PIPE", SIGPIPE, 1 },   { "ALRM", SIGALRM, 1 },
    { "TERM", SIGTERM, 1 }, { "KILL", SIGKILL, 1 },   { "IO", SIGIO, 1 },
    { "PWR", SIGPWR, 1 },   { "RT", 40, 1 },          { "CHLD", SIGCHLD, 0 },
    { "URG", SIGURG, 0 },   { "WINCH", SIGWINCH, 0 }, { "CONT", SIGCONT, 0 },
  };

  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
    {
      pid_t pid = guest_fork (sleeper);
      guest_wait_state (pid, 'S');
      IS (text ("kill/%s", signals[i].name), sys (kill, pid, signals[i].signo), 0);
      if (!signals[i].dies)
        MUST (kill (pid, SIGKILL));
      int status = guest_wait (pid);
      IS (text ("kill/%s-died-of", signals[i].name), WTERMSIG (status),
          signals[i].dies ? signals[i].signo : SIGKILL);
    }
}

static void
test_stops (void)
{
  static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
  int status;

  for (int i = 0; i < 4; i++)
    {
      pid_t pid = guest_fork (sleeper);
      guest_wait_state (pid, 'S');
      MUST (kill (pid, stops[i]));
      /* Its process group is orphaned, so only SIGSTOP stops it.  */
      if (i == 0)
        {
          MUST (waitpid (pid, &status, WUNTRACED));
          CHECK ("kill/stopped", WIFSTOPPED (status) && WSTOPSIG (status) == SIGSTOP);
          MUST (kill (pid, SIGTERM));
          guest_wait_state (pid, 'T');
          MUST (kill (pid, SIGCONT));
          IS ("kill/TERM-after-CONT", WTERMSIG (guest_wait (pid)), SIGTERM);
          continue;
        }
      MUST (kill (pid, SIGKILL));
      IS (text ("kill/killed-%d", i), WTERMSIG (guest_wait (pid)), SIGKILL);
    }
  pid_t pid = guest_fork (sleeper);
  MUST (kill (pid, SIGSTOP));
  MUST (waitpid (pid, &status, WUNTRACED));
  MUST (kill (pid, SIGKILL));
  IS ("kill/KILL-while-stopped", WTERMSIG (guest_wait (pid)), SIGKILL);
}

static void
join_group (void)
{
  char c;

  MUST (read (fds[0], &c, 1));
  sleeper ();
}

static void
test_groups (void)
{
  pid_t a = guest_fork (join_group), b = guest_fork (join_group);

  MUST (setpgid (a, a));
  MUST (setpgid (b, a));
  MUST (write (fds[1], "ab", 2));
  IS ("kill/group-0", sys (kill, -a, 0), 0);
  IS ("kill/group", sys (kill, -a, SIGTERM), 0);
  IS ("kill/group-first", WTERMSIG (guest_wait (a)), SIGTERM);
  IS ("kill/group-second", WTERMSIG (guest_wait (b)), SIGTERM);
  IS ("kill/group-gone", sys (kill, -a, SIGTERM), -ESRCH);
}

/* In a group of its own: pid 0 reaches the caller and its children there.  */
static void
own_group (void)
{
  MUST (setpgid (0, 0));
  guest_handle (SIGUSR1, 0);
  pid_t pid = guest_fork (sleeper);
  guest_wait_state (pid, 'S');
  IS ("kill/pid-0", sys (kill, 0, SIGUSR1), 0);
  /* A signal to oneself has been handled when kill returns.  */
  IS ("kill/pid-0-self", guest_signals, 1);
  guest_wait_state (pid, 'S');
  MUST (kill (pid, SIGKILL));
  IS ("kill/pid-0-child-has-the-handler", WTERMSIG (guest_wait (pid)), SIGKILL);
}

static void
test_zombie (void)
{
  pid_t pid = MUST (fork ());

  if (pid == 0)
    _exit (3);
  guest_wait_state (pid, 'Z');
  IS ("kill/zombie", sys (kill, pid, SIGKILL), 0);
  IS ("kill/zombie-status", WEXITSTATUS (guest_wait (pid)), 3);
  IS ("kill/reaped", sys (kill, pid, 0), -ESRCH);
}

static void *
thread (void *tid)
{
  *(volatile long *) tid = sys (gettid);
  MUST (write (fds[1], "t", 1));
  for (;;)
    pause ();
  return NULL;
}

static void
test_threads (void)
{
  static volatile long tid;
  pthread_t t;
  char c;

  MUST (pipe (fds));
  guest_handle (SIGUSR1, 0);
  MUST (-pthread_create (&t, NULL, thread, (void *) &tid));
  MUST (read (fds[0], &c, 1));
  IS ("tgkill", sys (tgkill, getpid (), tid, SIGUSR1), 0);
  while (!guest_signals)
    sys (sched_yield);
  IS ("tgkill/handled", guest_signals, 1);
  IS ("tkill", sys (tkill, tid, SIGUSR1), 0);
  while (guest_signals < 2)
    sys (sched_yield);
  IS ("tgkill/0", sys (tgkill, getpid (), tid, 0), 0);
  IS ("tgkill/wrong-group", sys (tgkill, getppid () + 77777, tid, SIGUSR1), -ESRCH);
  IS ("kill/by-thread-id", sys (kill, tid, 0), 0);
}

static void
test_errors (void)
{
  IS ("kill/0", sys (kill, getpid (), 0), 0);
  IS ("kill/ESRCH", sys (kill, 0x3ffffff, 0), -ESRCH);
  IS ("kill/ESRCH-group", sys (kill, -0x3ffffff, 0), -ESRCH);
  IS ("kill/ESRCH-least", sys (kill, 0x80000000, 0), -ESRCH);
  IS ("kill/EINVAL", sys (kill, getpid (), 65), -EINVAL);
  IS ("kill/EINVAL-negative", sys (kill, getpid (), -1), -EINVAL);
  IS ("tkill/EINVAL-signal", sys (tkill, getpid (), 65), -EINVAL);
  IS ("tkill/EINVAL-0", sys (tkill, 0, SIGUSR1), -EINVAL);
  IS ("tkill/EINVAL-negative", sys (tkill, -1, SIGUSR1), -EINVAL);
  IS ("tkill/ESRCH", sys (tkill, 0x3ffffff, 0), -ESRCH);
  IS ("tgkill/EINVAL-pid", sys (tgkill, 0, getpid (), 0), -EINVAL);
  IS ("tgkill/EINVAL-tid", sys (tgkill, getpid (), 0, 0), -EINVAL);
  IS ("tgkill/EINVAL-signal", sys (tgkill, getpid (), getpid (), 65), -EINVAL);
  IS ("tgkill/ESRCH", sys (tgkill, getpid (), 0x3ffffff, 0), -ESRCH);
}

static void
foreign (void)
{
  IS ("kill/EPERM", sys (kill, getppid (), SIGTERM), -EPERM);
  IS ("kill/EPERM-0", sys (kill, getppid (), 0), -EPERM);
  IS ("tkill/EPERM", sys (tkill, getppid (), SIGTERM), -EPERM);
  IS ("tgkill/EPERM", sys (tgkill, getppid (), getppid (), SIGTERM), -EPERM);
  IS ("kill/CONT-within-session", sys (kill, getppid (), SIGCONT), 0);
}

int
main (void)
{
  MUST (pipe (fds));
  test_defaults ();
  test_stops ();
  test_groups ();
  guest_child (own_group);
  test_zombie ();
  guest_child (test_threads);
  test_errors ();
  if (is_root ())
    as_nobody (foreign);
  return guest_done ();
}
