/* A timekeeper whose time the test moves. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "time/clock.h"

#define TEST_TYPE_FAKE_TIMEKEEPER (test_fake_timekeeper_get_type ())
G_DECLARE_FINAL_TYPE (TestFakeTimekeeper, test_fake_timekeeper, TEST, FAKE_TIMEKEEPER, GObject)

struct _TestFakeTimekeeper
{
  GObject parent_instance;
  gint64 monotonic, realtime_offset; /* a */
};

static void
fake_now (SentryTimekeeper *tk, SentryTimeNow *ret_now)
{
  TestFakeTimekeeper *self = TEST_FAKE_TIMEKEEPER (tk);
  gint64 now = __atomic_load_n (&self->monotonic, __ATOMIC_SEQ_CST);

  *ret_now = (SentryTimeNow){ .monotonic = now,
                              .boottime = now + 7,
                              .realtime
                              = now + __atomic_load_n (&self->realtime_offset, __ATOMIC_SEQ_CST) };
}

/* The wheel's thread never times out by itself: a test moves time and wakes it by wheel_moved ().
 */
static gint64
fake_to_host (SentryTimekeeper *tk, gint64 monotonic)
{
  return G_MAXINT64;
}

static int
fake_set_realtime (SentryTimekeeper *tk, gint64 realtime)
{
  TestFakeTimekeeper *self = TEST_FAKE_TIMEKEEPER (tk);

  __atomic_store_n (&self->realtime_offset, realtime - self->monotonic, __ATOMIC_SEQ_CST);
  return 0;
}

static void
fake_iface_init (SentryTimekeeperInterface *iface)
{
  iface->now = fake_now;
  iface->to_host = fake_to_host;
  iface->set_realtime = fake_set_realtime;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestFakeTimekeeper, test_fake_timekeeper, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SENTRY_TYPE_TIMEKEEPER, fake_iface_init))

static void
test_fake_timekeeper_class_init (TestFakeTimekeeperClass *klass)
{
}

static void
test_fake_timekeeper_init (TestFakeTimekeeper *self)
{
  self->monotonic = 1000;
  self->realtime_offset = 1000000;
}
