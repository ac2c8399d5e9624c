/* Runs something that can't be undone, such as a filter, in a child of a test.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's wait status; `body` returns its exit status.  The child must not report to the test
 * framework. */
static inline int
in_child (int (*body) (gconstpointer), gconstpointer data)
{
  pid_t pid = fork ();
  int status = -1;

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    _exit (body (data));
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return status;
}
