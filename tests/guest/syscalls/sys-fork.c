/* fork, vfork: what the child copies, what it shares, what it does not get.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: fork vfork */
#include "guest.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>

static volatile int value = 1;
static int fd, cloexec;

static void
child (void)
{
  struct itimerval timer;
  sigset_t pending, mask;

  IS ("fork/memory-copied", value, 2);
  value = 3;
  IS ("fork/descriptor", fcntl (fd, F_GETFD), 0);
  IS ("fork/cloexec-stays-open", fcntl (cloexec, F_GETFD), FD_CLOEXEC);
  IS ("fork/offset-shared", lseek (fd, 0, SEEK_CUR), 5);
  MUST (lseek (fd, 7, SEEK_SET));
  IS ("fork/umask", umask (0), 027);
  MUST (getitimer (ITIMER_REAL, &timer));
  IS ("fork/no-timer", timer.it_value.tv_sec, 0);
  sigpending (&pending);
  IS ("fork/no-pending-signal", sigismember (&pending, SIGUSR2), 0);
  sigprocmask (SIG_BLOCK, NULL, &mask);
  IS ("fork/signal-mask", sigismember (&mask, SIGUSR2), 1);
  struct sigaction action;
  sigaction (SIGUSR1, NULL, &action);
  CHECK ("fork/handlers", action.sa_handler == SIG_IGN);
  struct flock lock = { .l_type = F_WRLCK };
  IS ("fork/record-locks-not-inherited", fcntl (fd, F_SETLK, &lock) < 0 ? -errno : 0, -EAGAIN);
  struct rusage usage;
  getrusage (RUSAGE_CHILDREN, &usage);
  IS ("fork/no-children-time", usage.ru_utime.tv_sec + usage.ru_utime.tv_usec, 0);
  int priority = sys (getpriority, PRIO_PROCESS, 0);
  IS ("fork/nice", priority, 20 - 1);
  IS ("fork/cwd", chdir ("sub"), 0);
}

static void
test_fork (void)
{
  struct flock lock = { .l_type = F_WRLCK };
  sigset_t usr2;

  value = 2;
  fd = guest_file ("file", "0123456789");
  cloexec = MUST (open (".", O_RDONLY | O_CLOEXEC));
  MUST (mkdir ("sub", 0755));
  MUST (lseek (fd, 5, SEEK_SET));
  umask (027);
  signal (SIGUSR1, SIG_IGN);
  sigemptyset (&usr2);
  sigaddset (&usr2, SIGUSR2);
  sigprocmask (SIG_BLOCK, &usr2, NULL);
  raise (SIGUSR2);
  MUST (fcntl (fd, F_SETLK, &lock));
  MUST (setpriority (PRIO_PROCESS, 0, 1));
  long pid = sys (fork);
  if (pid == 0)
    {
      child ();
      _exit (guest_done () ? 1 : 17);
    }
  IS ("fork/status", WEXITSTATUS (guest_wait (pid)), 17);
  CHECK ("fork/returns-pid", pid > 0);
  IS ("fork/parent-memory", value, 2);
  IS ("fork/parent-sees-offset", lseek (fd, 0, SEEK_CUR), 7);
  CHECK ("fork/parent-cwd", guest_exists ("sub"));
}

/* The parent sleeps until the child, which shares its memory, exits or executes something.  */
static void
test_vfork (void)
{
  value = 1;
  pid_t pid = vfork ();
  if (pid == 0)
    {
      for (volatile int i = 0; i < 1000000; i++)
        ;
      value = 4;
      _exit (9);
    }
  IS ("vfork/child-first-and-shared", value, 4);
  IS ("vfork/status", WEXITSTATUS (guest_wait (pid)), 9);
  pid = vfork ();
  if (pid == 0)
    {
      execl ("/bin/true", "true", NULL);
      _exit (1);
    }
  IS ("vfork/exec", guest_wait (pid), 0);
  pid = vfork ();
  if (pid == 0)
    {
      kill (getpid (), SIGKILL);
      _exit (1);
    }
  IS ("vfork/killed", WTERMSIG (guest_wait (pid)), SIGKILL);
  pid = vfork ();
  if (pid == 0)
    {
      execl ("/nothing/here", "x", NULL);
      _exit (errno == ENOENT ? 5 : 6);
    }
  IS ("vfork/failed-exec", WEXITSTATUS (guest_wait (pid)), 5);
}

static void
limited (void)
{
  struct rlimit limit = { 1, 1 };

  MUST (setrlimit (RLIMIT_NPROC, &limit));
  IS ("fork/EAGAIN", sys (fork), -EAGAIN);
}

static void
many (void)
{
  pid_t pids[100];
  int sum = 0;

  for (int i = 0; i < 100; i++)
    if ((pids[i] = MUST (fork ())) == 0)
      _exit (i);
  for (int i = 99; i >= 0; i--)
    sum += WEXITSTATUS (guest_wait (pids[i]));
  IS ("fork/hundred", sum, 4950);
}

#pragma GCC diagnostic ignored "-Winfinite-recursion"
static void
deep (int depth)
{
  if (depth == 0)
    _exit (0);
  pid_t pid = MUST (fork ());
  if (pid == 0)
    deep (depth - 1);
  _exit (guest_wait (pid) != 0);
}

static void
nested (void)
{
  deep (30);
}

int
main (void)
{
  guest_child (test_fork);
  test_vfork ();
  as_nobody (limited);
  many ();
  guest_child (nested);
  return guest_done ();
}
