/* prctl: names, death signals, no_new_privs, dumpability, securebits, subreapers, capabilities,
 * time slack …
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: prctl */
#include "guest.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <sys/prctl.h>

static int fds[2];

static void
test_name (void)
{
  char name[16] = "";

  IS ("prctl/SET_NAME", sys (prctl, PR_SET_NAME, "new name"), 0);
  IS ("prctl/GET_NAME", sys (prctl, PR_GET_NAME, name), 0);
  CHECK ("prctl/name", !strcmp (name, "new name"));
  CHECK ("prctl/comm", !strcmp (guest_content ("/proc/self/comm"), "new name\n"));
  IS ("prctl/SET_NAME-long", sys (prctl, PR_SET_NAME, "much too long a name"), 0);
  MUST (sys (prctl, PR_GET_NAME, name));
  CHECK ("prctl/name-cut", !strcmp (name, "much too long a"));
  FAULTS ("prctl/SET_NAME", BAD_IN, 2, p, sys (prctl, PR_SET_NAME, p));
  FAULTS ("prctl/GET_NAME", BAD_OUT, 16, p, sys (prctl, PR_GET_NAME, p));
}

static void
die_with_parent (void)
{
  MUST (sys (prctl, PR_SET_PDEATHSIG, SIGUSR2));
  guest_handle (SIGUSR2, 0);
  MUST (write (fds[1], "r", 1));
  while (!guest_signals)
    pause ();
  MUST (write (fds[1], "d", 1));
}

static void
parent_dies (void)
{
  char c;

  guest_fork (die_with_parent);
  MUST (read (fds[0], &c, 1));
}

static void
forked (void)
{
  int sig = -1;

  MUST (sys (prctl, PR_GET_PDEATHSIG, &sig));
  IS ("prctl/PDEATHSIG-not-inherited", sig, 0);
}

static void
test_pdeathsig (void)
{
  int sig = -1;
  char c;

  IS ("prctl/GET_PDEATHSIG", sys (prctl, PR_GET_PDEATHSIG, &sig), 0);
  IS ("prctl/PDEATHSIG-none", sig, 0);
  IS ("prctl/SET_PDEATHSIG", sys (prctl, PR_SET_PDEATHSIG, SIGTERM), 0);
  MUST (sys (prctl, PR_GET_PDEATHSIG, &sig));
  IS ("prctl/PDEATHSIG", sig, SIGTERM);
  guest_child (forked);
  IS ("prctl/SET_PDEATHSIG-EINVAL", sys (prctl, PR_SET_PDEATHSIG, 65), -EINVAL);
  MUST (sys (prctl, PR_SET_PDEATHSIG, 0));
  FAULTS ("prctl/GET_PDEATHSIG", BAD_OUT, 4, p, sys (prctl, PR_GET_PDEATHSIG, p));
  guest_child (parent_dies);
  MUST (read (fds[0], &c, 1));
  IS ("prctl/PDEATHSIG-sent", c, 'd');
}

static void
no_new_privs (void)
{
  IS ("prctl/GET_NO_NEW_PRIVS", sys (prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
  IS ("prctl/SET_NO_NEW_PRIVS-0", sys (prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), -EINVAL);
  IS ("prctl/SET_NO_NEW_PRIVS-extra", sys (prctl, PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), -EINVAL);
  IS ("prctl/SET_NO_NEW_PRIVS", sys (prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  IS ("prctl/NO_NEW_PRIVS-set", sys (prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
  IS ("prctl/NO_NEW_PRIVS-stays", sys (prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), -EINVAL);
  CHECK ("prctl/NO_NEW_PRIVS-proc", strstr (guest_content ("/proc/self/status"), "NoNewPrivs:\t1"));
  pid_t pid = MUST (fork ());
  if (pid == 0)
    _exit (sys (prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  IS ("prctl/NO_NEW_PRIVS-inherited", WEXITSTATUS (guest_wait (pid)), 1);
}

static void
dumpable (void)
{
  IS ("prctl/GET_DUMPABLE", sys (prctl, PR_GET_DUMPABLE), 1);
  IS ("prctl/SET_DUMPABLE-0", sys (prctl, PR_SET_DUMPABLE, 0), 0);
  IS ("prctl/DUMPABLE-0", sys (prctl, PR_GET_DUMPABLE), 0);
  struct stat st;
  MUST (stat ("/proc/self/stat", &st));
  IS ("prctl/undumpable-belongs-to-root", st.st_uid, 0);
  IS ("prctl/SET_DUMPABLE-2", sys (prctl, PR_SET_DUMPABLE, 2), -EINVAL);
  IS ("prctl/SET_DUMPABLE-1", sys (prctl, PR_SET_DUMPABLE, 1), 0);
}

static void
orphan_maker (void)
{
  pid_t middle = getpid ();

  if (MUST (fork ()) == 0)
    {
      while (getppid () == middle)
        sys (sched_yield);
      _exit (44);
    }
}

static void
subreaper (void)
{
  int on = -1, status = 0;

  IS ("prctl/GET_CHILD_SUBREAPER", sys (prctl, PR_GET_CHILD_SUBREAPER, &on), 0);
  IS ("prctl/CHILD_SUBREAPER-off", on, 0);
  IS ("prctl/SET_CHILD_SUBREAPER", sys (prctl, PR_SET_CHILD_SUBREAPER, 1), 0);
  MUST (sys (prctl, PR_GET_CHILD_SUBREAPER, &on));
  IS ("prctl/CHILD_SUBREAPER-on", on, 1);
  guest_child (orphan_maker);
  OK ("prctl/adopted", sys (wait4, -1, &status, 0, NULL));
  IS ("prctl/adopted-status", WEXITSTATUS (status), 44);
  FAULTS ("prctl/GET_CHILD_SUBREAPER", BAD_OUT, 4, p, sys (prctl, PR_GET_CHILD_SUBREAPER, p));
}

static void
secure_root (void)
{
  IS ("prctl/GET_SECUREBITS", sys (prctl, PR_GET_SECUREBITS), 0);
  IS ("prctl/SET_SECUREBITS",
      sys (prctl, PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_KEEP_CAPS_LOCKED), 0);
  IS ("prctl/SECUREBITS", sys (prctl, PR_GET_SECUREBITS), SECBIT_NOROOT | SECBIT_KEEP_CAPS_LOCKED);
  IS ("prctl/SECUREBITS-locked", sys (prctl, PR_SET_SECUREBITS, 0), -EPERM);
  IS ("prctl/SET_KEEPCAPS-locked", sys (prctl, PR_SET_KEEPCAPS, 1), -EPERM);
  IS ("prctl/CAPBSET_READ", sys (prctl, PR_CAPBSET_READ, CAP_CHOWN), 1);
  IS ("prctl/CAPBSET_DROP", sys (prctl, PR_CAPBSET_DROP, CAP_CHOWN), 0);
  IS ("prctl/CAPBSET_READ-dropped", sys (prctl, PR_CAPBSET_READ, CAP_CHOWN), 0);
  IS ("prctl/CAPBSET_DROP-unknown", sys (prctl, PR_CAPBSET_DROP, 64), -EINVAL);
}

static void
unprivileged (void)
{
  IS ("prctl/SET_SECUREBITS-EPERM", sys (prctl, PR_SET_SECUREBITS, SECBIT_NOROOT), -EPERM);
  IS ("prctl/CAPBSET_DROP-EPERM", sys (prctl, PR_CAPBSET_DROP, CAP_CHOWN), -EPERM);
  IS ("prctl/CAPBSET_READ-unknown", sys (prctl, PR_CAPBSET_READ, 64), -EINVAL);
  IS ("prctl/GET_KEEPCAPS", sys (prctl, PR_GET_KEEPCAPS), 0);
  IS ("prctl/SET_KEEPCAPS", sys (prctl, PR_SET_KEEPCAPS, 1), 0);
  IS ("prctl/KEEPCAPS", sys (prctl, PR_GET_KEEPCAPS), 1);
  IS ("prctl/SET_KEEPCAPS-2", sys (prctl, PR_SET_KEEPCAPS, 2), -EINVAL);
  IS ("prctl/AMBIENT-IS_SET", sys (prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0),
      0);
  IS ("prctl/AMBIENT-RAISE-EPERM",
      sys (prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), -EPERM);
  IS ("prctl/AMBIENT-CLEAR", sys (prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), 0);
  IS ("prctl/AMBIENT-unknown", sys (prctl, PR_CAP_AMBIENT, 9, 0, 0, 0), -EINVAL);
}

static void
test_others (void)
{
  int value = -1;

  IS ("prctl/GET_TIMERSLACK", sys (prctl, PR_GET_TIMERSLACK), 50000);
  IS ("prctl/SET_TIMERSLACK", sys (prctl, PR_SET_TIMERSLACK, 1000), 0);
  IS ("prctl/TIMERSLACK", sys (prctl, PR_GET_TIMERSLACK), 1000);
  IS ("prctl/SET_TIMERSLACK-default", sys (prctl, PR_SET_TIMERSLACK, 0), 0);
  IS ("prctl/TIMERSLACK-default", sys (prctl, PR_GET_TIMERSLACK), 50000);
  IS ("prctl/GET_TIMING", sys (prctl, PR_GET_TIMING), PR_TIMING_STATISTICAL);
  IS ("prctl/SET_TIMING", sys (prctl, PR_SET_TIMING, PR_TIMING_TIMESTAMP), -EINVAL);
  IS ("prctl/GET_TSC", sys (prctl, PR_GET_TSC, &value), 0);
  IS ("prctl/TSC", value, PR_TSC_ENABLE);
  IS ("prctl/GET_THP_DISABLE", sys (prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
  IS ("prctl/GET_SECCOMP", sys (prctl, PR_GET_SECCOMP), 0);
  IS ("prctl/unknown", sys (prctl, 12345, 0, 0, 0, 0), -EINVAL);
  IS ("prctl/SET_VMA", sys (prctl, 0x53564d41, 9, 0, 0, 0), -EINVAL);
}

int
main (void)
{
  MUST (pipe (fds));
  test_name ();
  test_pdeathsig ();
  guest_child (no_new_privs);
  guest_child (dumpable);
  guest_child (subreaper);
  if (is_root ())
    guest_child (secure_root);
  as_nobody (unprivileged);
  test_others ();
  return guest_done ();
}
