/* What uname shows. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/utsname.h>
#include "base/sentry-lock.h"
#include "base/sentry-ref.h"
#include "state/sentry-state.h"

G_BEGIN_DECLS

typedef struct SentryUtsNamespace SentryUtsNamespace;
SENTRY_STATE_DECLARE (SentryUtsNamespace);

#define SENTRY_UTS_MAX 64 /* bytes of a name, without the NUL */

/* NULL: "sentry", "(none)".  Release and version are the host kernel's, so that programs choose the
 * same paths as natively. */
SentryUtsNamespace *sentry_uts_namespace_new (const char *nodename, const char *domainname);
SentryUtsNamespace *sentry_uts_namespace_ref (SentryUtsNamespace *ns);
void sentry_uts_namespace_unref (SentryUtsNamespace *ns);
void sentry_uts_namespace_get (SentryUtsNamespace *ns, struct utsname *ret_names);
/* At most SENTRY_UTS_MAX bytes, which need no NUL. */
void sentry_uts_namespace_set_nodename (SentryUtsNamespace *ns, const char *name, gsize len);
void sentry_uts_namespace_set_domainname (SentryUtsNamespace *ns, const char *name, gsize len);

G_END_DECLS
