/* What copies and iterators share. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "usermem/sentry-usermem.h"

/* Bytes copied without asking the fault handler; under any lock down to PLATFORM's row. */
gsize sentry_copy_in_nofault (SentryUserMem *um, gpointer dst, guint64 src, gsize len);
gsize sentry_copy_out_nofault (SentryUserMem *um, guint64 dst, gconstpointer src, gsize len);
