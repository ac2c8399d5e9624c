/* exit, exit_group: status bits, threads that go on or don't, what is released.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: exit exit_group */
#include "guest.h"

#include <pthread.h>

static int fds[2];
static long status;

static void
leave (void)
{
  sys (exit_group, status);
}

static void
leave_thread (void)
{
  sys (exit, status);
}

static void *
sleeper (void *unused)
{
  for (;;)
    pause ();
  return NULL;
}

static void *
group_exit (void *unused)
{
  sys (exit_group, 21);
  return NULL;
}

static void
thread_takes_all (void)
{
  pthread_t t;

  for (int i = 0; i < 5; i++)
    MUST (-pthread_create (&t, NULL, sleeper, NULL));
  MUST (-pthread_create (&t, NULL, group_exit, NULL));
  sleeper (NULL);
}

static void *
outlive (void *unused)
{
  guest_wait_state (getpid (), 'Z');
  IS ("exit/leader-is-zombie", 1, 1);
  sys (exit, 22);
  return NULL;
}

/* The leader's exit leaves its other threads alone; the last one ends the process, with its own
 * status.  */
static void
leader_first (void)
{
  pthread_t t;

  MUST (-pthread_create (&t, NULL, outlive, NULL));
  sys (exit, 23);
}

static void
hold_pipe (void)
{
  close (fds[0]);
  sys (exit_group, 0);
}

int
main (void)
{
  char c;

  status = 5;
  IS ("exit_group/status", WEXITSTATUS (guest_wait (guest_fork (leave))), 5);
  status = 0x1234;
  IS ("exit_group/low-8-bits", guest_wait (guest_fork (leave)), 0x3400);
  status = -1;
  IS ("exit_group/negative", WEXITSTATUS (guest_wait (guest_fork (leave))), 255);
  status = 6;
  IS ("exit/status", WEXITSTATUS (guest_wait (guest_fork (leave_thread))), 6);
  IS ("exit_group/from-a-thread", WEXITSTATUS (guest_wait (guest_fork (thread_takes_all))), 21);
  IS ("exit/leader-first", WEXITSTATUS (guest_wait (guest_fork (leader_first))), 22);
  MUST (pipe (fds));
  pid_t pid = guest_fork (hold_pipe);
  close (fds[1]);
  IS ("exit/closes-descriptors", sys (read, fds[0], &c, 1), 0);
  guest_wait (pid);
  return guest_done ();
}
