/* getpid, gettid, getppid: in children, in threads, after the parent has gone.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: getpid gettid getppid */
#include "guest.h"

#include <pthread.h>
#include <sys/prctl.h>

static int fds[2];
static long leader;

static void *
thread (void *unused)
{
  IS ("getpid/thread", sys (getpid), leader);
  CHECK ("gettid/thread", sys (gettid) != leader && sys (gettid) > 0);
  return NULL;
}

static void
child (void)
{
  IS ("getppid/child", sys (getppid), leader);
  CHECK ("getpid/child", sys (getpid) != leader);
  IS ("gettid/child", sys (gettid), sys (getpid));
}

/* The grandchild goes to the subreaper, which is the test itself.  */
static void
orphan (void)
{
  pid_t middle = getpid ();

  if (MUST (fork ()) == 0)
    {
      while (getppid () == middle)
        sys (sched_yield);
      long parent = getppid ();
      MUST (write (fds[1], &parent, 8));
      _exit (0);
    }
}

int
main (void)
{
  pthread_t t;
  long parent;

  leader = sys (getpid);
  CHECK ("getpid", leader > 0);
  IS ("getpid/again", sys (getpid), leader);
  IS ("gettid/main", sys (gettid), leader);
  guest_child (child);
  MUST (-pthread_create (&t, NULL, thread, NULL));
  pthread_join (t, NULL);
  MUST (pipe (fds));
  MUST (prctl (PR_SET_CHILD_SUBREAPER, 1));
  guest_child (orphan);
  MUST (read (fds[0], &parent, 8));
  IS ("getppid/orphan", parent, leader);
  OK ("getppid/orphan-is-ours", sys (wait4, -1, NULL, 0, NULL));
  return guest_done ();
}
