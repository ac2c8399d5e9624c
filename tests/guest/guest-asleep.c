/* Signals that arrive while a call is asleep: a child watches its parent in /proc and acts once the
 * parent sleeps. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest.h"

#include <sched.h>

volatile sig_atomic_t guest_signals;

static pid_t helper;
static void (*on_signal) (void);
static struct sigaction old_action;

static char
task_state (pid_t pid)
{
  char stat[1024];
  int fd = open (text ("/proc/%d/stat", pid), O_RDONLY);

  if (fd < 0)
    return 0;
  ssize_t n = read (fd, stat, sizeof stat - 1);
  close (fd);
  if (n <= 0)
    return 0;
  stat[n] = 0;
  char *paren = strrchr (stat, ')');
  return paren && paren[1] ? paren[2] : 0;
}

/* Twice in a row: a task that is on its way into the call may sleep for a moment on something else.
 * The bound keeps a test that is wrong about blocking from hanging; it goes on, and its check
 * fails.  */
void
guest_wait_state (pid_t pid, char state)
{
  int64_t end = guest_now (CLOCK_MONOTONIC) + 10000000000;

  for (int seen = 0; seen < 2 && guest_now (CLOCK_MONOTONIC) < end;)
    {
      char now = task_state (pid);
      if (now == 0 || (now == 'Z' && state != 'Z'))
        return;
      seen = now == state ? seen + 1 : 0;
      sched_yield ();
    }
}

static void
handler (int signo)
{
  int saved = errno;

  (void) signo;
  guest_signals++;
  if (on_signal)
    on_signal ();
  errno = saved;
}

void
guest_handle (int signo, int flags)
{
  struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

  on_signal = NULL;
  guest_signals = 0;
  MUST (sigaction (signo, &action, NULL));
}

static void
send_usr1 (void)
{
  kill (getppid (), SIGUSR1);
}

pid_t
guest_when_asleep (void (*action) (void))
{
  pid_t pid = MUST (fork ());

  if (pid == 0)
    {
      guest_wait_state (getppid (), 'S');
      action ();
      _exit (0);
    }
  return pid;
}

void
guest_interrupt_begin (int flags, void (*action) (void))
{
  struct sigaction new_action = { .sa_handler = handler, .sa_flags = flags };

  on_signal = action;
  guest_signals = 0;
  MUST (sigaction (SIGUSR1, &new_action, &old_action));
  helper = guest_when_asleep (send_usr1);
}

void
guest_interrupt_end (const char *name, int line)
{
  guest_wait (helper);
  if (guest_signals != 1)
    guest_is (text ("%s/handler", name), guest_signals, 1, line);
  MUST (sigaction (SIGUSR1, &old_action, NULL));
}

void
guest_stop_begin (void (*action) (void))
{
  pid_t parent = getpid ();

  helper = MUST (fork ());
  if (helper)
    return;
  guest_wait_state (parent, 'S');
  kill (parent, SIGSTOP);
  guest_wait_state (parent, 'T');
  int stopped = task_state (parent) == 'T';
  kill (parent, SIGCONT);
  guest_wait_state (parent, 'S');
  if (action)
    action ();
  _exit (!stopped);
}

void
guest_stop_end (const char *name, int line)
{
  int status = guest_wait (helper);

  if (status)
    guest_is (text ("%s/stopped", name), status, 0, line);
}
