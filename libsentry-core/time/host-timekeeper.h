/* The default Timekeeper: the host's clocks, calibrated against the TSC. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "iface/sentry-timekeeper.h"

G_BEGIN_DECLS

SentryTimekeeper *sentry_host_timekeeper_new (void);

G_END_DECLS
