/* What uname shows. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/uts-namespace.h"

#include <string.h>

struct SentryUtsNamespace
{
  SentryRef ref;
  SentryMutex lock;     /* CRED */
  struct utsname names; /* m */
};

SENTRY_STATE_TABLE (SentryUtsNamespace, "uts-namespace", 1,
                    SENTRY_STATE_REFCOUNT (SentryUtsNamespace, ref),
                    SENTRY_STATE_MUTEX (SentryUtsNamespace, lock, SENTRY_LOCK_CRED),
                    SENTRY_STATE_BYTES (SentryUtsNamespace, names));

SentryUtsNamespace *
sentry_uts_namespace_new (const char *nodename, const char *domainname)
{
  SentryUtsNamespace *ns = g_new0 (SentryUtsNamespace, 1);

  sentry_ref_init (&ns->ref);
  sentry_mutex_init (&ns->lock, SENTRY_LOCK_CRED);
  uname (&ns->names);
  memset (ns->names.nodename, 0, sizeof ns->names.nodename);
  memset (ns->names.domainname, 0, sizeof ns->names.domainname);
  g_strlcpy (ns->names.nodename, nodename != NULL ? nodename : "sentry", sizeof ns->names.nodename);
  g_strlcpy (ns->names.domainname, domainname != NULL ? domainname : "(none)",
             sizeof ns->names.domainname);
  return ns;
}

SentryUtsNamespace *
sentry_uts_namespace_ref (SentryUtsNamespace *ns)
{
  sentry_ref_get (&ns->ref);
  return ns;
}

void
sentry_uts_namespace_unref (SentryUtsNamespace *ns)
{
  if (ns != NULL && sentry_ref_put (&ns->ref))
    g_free (ns);
}

void
sentry_uts_namespace_get (SentryUtsNamespace *ns, struct utsname *ret_names)
{
  sentry_mutex_lock (&ns->lock);
  *ret_names = ns->names;
  sentry_mutex_unlock (&ns->lock);
}

static void
set_name (SentryUtsNamespace *ns, char *dst, const char *name, gsize len)
{
  sentry_mutex_lock (&ns->lock);
  memset (dst, 0, SENTRY_UTS_MAX + 1);
  memcpy (dst, name, MIN (len, SENTRY_UTS_MAX));
  sentry_mutex_unlock (&ns->lock);
}

void
sentry_uts_namespace_set_nodename (SentryUtsNamespace *ns, const char *name, gsize len)
{
  set_name (ns, ns->names.nodename, name, len);
}

void
sentry_uts_namespace_set_domainname (SentryUtsNamespace *ns, const char *name, gsize len)
{
  set_name (ns, ns->names.domainname, name, len);
}
