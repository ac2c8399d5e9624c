/* The library that missing-library.c is linked to, under a name that no file has.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib-object.h>

GType sentry_vanished_get_type (void);

GType
sentry_vanished_get_type (void)
{
  return G_TYPE_OBJECT;
}
