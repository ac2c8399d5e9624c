/* The CPU that guests see. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "kernel/sentry-kernel.h"

G_BEGIN_DECLS

struct SentryFeatureSet
{
  guint32 hwcap, hwcap2; /* AT_HWCAP, AT_HWCAP2 */
  char *cpuinfo; /* /proc/cpuinfo's lines for one processor, without the lines that number it */
};

G_END_DECLS
