/* Interface: where the sandbox's time comes from. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define SENTRY_TYPE_TIMEKEEPER (sentry_timekeeper_get_type ())
G_DECLARE_INTERFACE (SentryTimekeeper, sentry_timekeeper, SENTRY, TIMEKEEPER, GObject)

typedef struct
{
  gint64 realtime, monotonic, boottime; /* ns */
} SentryTimeNow;

/* What the vDSO reads: a sequence lock (odd while being written) and, for each clock,
 * ns = base_ns + ((tsc - base_tsc) * mult >> shift).  `usable` 0 sends the vDSO to the kernel. */
typedef struct
{
  guint32 seq;
  guint32 usable;
  guint64 base_tsc;
  guint32 mult, shift;
  guint64 monotonic_ns, realtime_ns, boottime_ns; /* at base_tsc */
  guint64 max_tsc; /* past base_tsc + max_tsc the vDSO asks the kernel (update lost) */
  gint32 tz_minuteswest, tz_dsttime;
  guint32 host_cpus; /* the kernel's: getcpu may answer with the host CPU's number */
} SentryVdsoParams;

struct _SentryTimekeeperInterface
{
  GTypeInterface parent_iface;

  /* Starts calibration and updates; `params` lies in memory that every guest sees read-only. */
  gboolean (*start) (SentryTimekeeper *self, SentryVdsoParams *params, GError **error);
  void (*now) (SentryTimekeeper *self, SentryTimeNow *ret_now);
  /* Stops the clocks' updates (the vDSO is sent to the kernel); monotonic time stands still until
   * resume.  Twice is harmless. */
  void (*pause) (SentryTimekeeper *self);
  void (*resume) (SentryTimekeeper *self);
  /* A sandbox monotonic deadline as host CLOCK_MONOTONIC ns, for sleeping; G_MAXINT64 stays. */
  gint64 (*to_host) (SentryTimekeeper *self, gint64 monotonic);
  /* clock_settime by a privileged guest: realtime only.  Negative errno if refused. */
  int (*set_realtime) (SentryTimekeeper *self, gint64 realtime);
};

gboolean sentry_timekeeper_start (SentryTimekeeper *self, SentryVdsoParams *params, GError **error);
void sentry_timekeeper_now (SentryTimekeeper *self, SentryTimeNow *ret_now);
void sentry_timekeeper_pause (SentryTimekeeper *self);
void sentry_timekeeper_resume (SentryTimekeeper *self);
gint64 sentry_timekeeper_to_host (SentryTimekeeper *self, gint64 monotonic);
int sentry_timekeeper_set_realtime (SentryTimekeeper *self, gint64 realtime);

G_END_DECLS
