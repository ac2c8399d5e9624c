/* Control messages: what is sent arrives, what isn't a message is refused.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "control/control-message.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  int ends[2];
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (sentry_control_pair (f->ends), ==, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  close (f->ends[0]);
  close (f->ends[1]);
}

static void
test_round_trip (Fixture *f, gconstpointer data)
{
  SentryControlMessage m;

  memset (&m, 0xff, sizeof m);
  g_assert_cmpint (sentry_control_send (f->ends[1], SENTRY_CONTROL_EXITED, 0x8900, NULL), ==, 0);
  g_assert_cmpint (sentry_control_send (f->ends[1], SENTRY_CONTROL_FAILED, 125, "true: not here"),
                   ==, 0);
  g_assert_cmpint (sentry_control_receive (f->ends[0], &m), ==, 1);
  g_assert_cmpuint (m.type, ==, SENTRY_CONTROL_EXITED);
  g_assert_cmpint (m.value, ==, 0x8900);
  g_assert_cmpstr (m.text, ==, "");
  g_assert_cmpint (sentry_control_receive (f->ends[0], &m), ==, 1);
  g_assert_cmpint (m.value, ==, 125);
  g_assert_cmpstr (m.text, ==, "true: not here");
}

static void
test_long_text_is_cut (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strnfill (SENTRY_CONTROL_TEXT_MAX + 100, 'x');
  SentryControlMessage m;

  g_assert_cmpint (sentry_control_send (f->ends[1], SENTRY_CONTROL_FAILED, 1, text), ==, 0);
  g_assert_cmpint (sentry_control_receive (f->ends[0], &m), ==, 1);
  g_assert_cmpuint (strlen (m.text), ==, SENTRY_CONTROL_TEXT_MAX);
}

static void
test_other_side_gone (Fixture *f, gconstpointer data)
{
  SentryControlMessage m;

  shutdown (f->ends[1], SHUT_RDWR);
  g_assert_cmpint (sentry_control_receive (f->ends[0], &m), ==, 0);
  g_assert_cmpint (sentry_control_send (f->ends[0], SENTRY_CONTROL_DUMP, 0, NULL), ==, -EPIPE);
}

/* Short packets, types that don't exist, and packets that are longer than any message. */
static void
test_hostile_packets (Fixture *f, gconstpointer data)
{
  static const guint32 none[2] = { 0, 0 };
  static const guint32 beyond[2] = { SENTRY_CONTROL_LAST + 1, 0 };
  g_autofree guint32 *huge = g_malloc0 (100000);
  SentryControlMessage m;

  huge[0] = SENTRY_CONTROL_FAILED;
  memset (huge + 2, 'y', 100000 - 8);
  send (f->ends[1], none, 7, 0);
  send (f->ends[1], none, 8, 0);
  send (f->ends[1], beyond, 8, 0);
  send (f->ends[1], huge, 100000, 0);
  for (int i = 0; i < 3; i++)
    g_assert_cmpint (sentry_control_receive (f->ends[0], &m), ==, -EPROTO);
  g_assert_cmpint (sentry_control_receive (f->ends[0], &m), ==, 1);
  g_assert_cmpuint (strlen (m.text), ==, SENTRY_CONTROL_TEXT_MAX);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/sentry/control/message/round-trip", Fixture, NULL, set_up, test_round_trip,
              tear_down);
  g_test_add ("/sentry/control/message/long-text-is-cut", Fixture, NULL, set_up,
              test_long_text_is_cut, tear_down);
  g_test_add ("/sentry/control/message/other-side-gone", Fixture, NULL, set_up,
              test_other_side_gone, tear_down);
  g_test_add ("/sentry/control/message/hostile-packets", Fixture, NULL, set_up,
              test_hostile_packets, tear_down);
  return g_test_run ();
}
