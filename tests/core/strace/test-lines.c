/* Lines of several tasks. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strace/tracee.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int fd;

static Tracee *
begin (int key, const char *head)
{
  Tracee *t = strace_tracee (GINT_TO_POINTER (key), key);

  g_string_assign (t->head, head);
  strace_line_begin (t);
  return t;
}

static void
end (Tracee *t, const char *name, const char *tail, const char *result)
{
  g_string_assign (t->tail, tail);
  strace_line_end (t, name, result);
}

static void
expect (const char *text)
{
  char buffer[4096] = { 0 };

  g_assert_cmpint (pread (fd, buffer, sizeof buffer - 1, 0), >=, 0);
  g_assert_cmpstr (buffer, ==, text);
  g_assert_cmpint (ftruncate (fd, 0), ==, 0);
  lseek (fd, 0, SEEK_SET);
}

static void
test_one (void)
{
  Tracee *t = begin (12, "close(3");

  expect ("");
  end (t, "close", ")", "0");
  expect ("[pid  12] close(3)                      = 0\n");
  t = begin (12, "openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC");
  end (t, "openat", ")", "3");
  strace_line_write (t, "+++ exited with 0 +++");
  expect ("[pid  12] openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3\n"
          "[pid  12] +++ exited with 0 +++\n");
}

static void
test_interleaved (void)
{
  Tracee *a = begin (1, "wait4(-1, "), *b = begin (2, "pause(");

  expect ("[pid   1] wait4(-1,  <unfinished ...>\n");
  end (a, "wait4", "NULL, 0, NULL)", "2");
  expect ("[pid   2] pause( <unfinished ...>\n"
          "[pid   1] <... wait4 resumed>NULL, 0, NULL) = 2\n");
  strace_line_write (a, "--- SIGCHLD {} ---");
  end (b, "pause", ")", "?");
  expect ("[pid   1] --- SIGCHLD {} ---\n"
          "[pid   2] <... pause resumed>)          = ?\n");
}

/* A call that blocks is seen at once, and goes on in the same line if nobody came between. */
static void
test_blocked (void)
{
  Tracee *a = begin (1, "read(0, ");

  strace_line_blocked (a);
  strace_line_blocked (a);
  expect ("[pid   1] read(0, ");
  end (a, "read", "\"x\", 1)", "1");
  expect ("\"x\", 1)               = 1\n");
  a = begin (1, "read(0, ");
  strace_line_blocked (a);
  end (begin (2, "getpid("), "getpid", ")", "2");
  end (a, "read", "\"x\", 1)", "1");
  expect ("[pid   1] read(0,  <unfinished ...>\n"
          "[pid   2] getpid()                      = 2\n"
          "[pid   1] <... read resumed>\"x\", 1)     = 1\n");
  strace_tracee_forget (GINT_TO_POINTER (2));
}

static void
test_forgotten (void)
{
  begin (3, "exit_group(0");
  strace_tracee_forget (GINT_TO_POINTER (3));
  end (begin (4, "gettid("), "gettid", ")", "4");
  expect ("[pid   4] gettid()                      = 4\n");
}

static gpointer
chatter (gpointer data)
{
  int key = GPOINTER_TO_INT (data);

  for (int i = 0; i < 2000; i++)
    end (begin (key, "call("), "call", ")", "0");
  return NULL;
}

/* Each line is whole, and each call has one end. */
static void
test_threads (void)
{
  GThread *threads[4];
  g_autofree char *text = NULL;
  g_auto (GStrv) split = NULL;
  guint ends = 0;
  gsize size;

  for (int i = 0; i < 4; i++)
    threads[i] = g_thread_new ("chatter", chatter, GINT_TO_POINTER (10 + i));
  for (int i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  size = lseek (fd, 0, SEEK_END);
  text = g_malloc0 (size + 1);
  g_assert_cmpint (pread (fd, text, size, 0), ==, size);
  split = g_strsplit (text, "\n", -1);
  for (guint i = 0; split[i] != NULL && split[i][0] != '\0'; i++)
    {
      const char *body = split[i] + strlen ("[pid  10] ");
      gboolean ended = g_str_has_suffix (body, "= 0");

      g_assert_true (g_str_has_prefix (split[i], "[pid  1"));
      g_assert_true (ended ? g_str_has_prefix (body, "call()")
                                 || g_str_has_prefix (body, "<... call resumed>)")
                           : strcmp (body, "call( <unfinished ...>") == 0);
      ends += ended;
    }
  g_assert_cmpuint (ends, ==, 8000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fd = memfd_create ("trace", MFD_CLOEXEC);
  strace_lines_init (fd, FALSE);
  g_test_add_func ("/sentry/strace/lines/writes-one-line-a-call", test_one);
  g_test_add_func ("/sentry/strace/lines/marks-unfinished-calls", test_interleaved);
  g_test_add_func ("/sentry/strace/lines/shows-blocked-calls", test_blocked);
  g_test_add_func ("/sentry/strace/lines/forgets-the-dead", test_forgotten);
  g_test_add_func ("/sentry/strace/lines/keeps-threads-apart", test_threads);
  return g_test_run ();
}
