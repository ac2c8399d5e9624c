/* A plugin whose class doesn't implement the interface that it says.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "iface/sentry-plugin.h"

typedef struct
{
  GObject parent_instance;
} LiarThing;
typedef GObjectClass LiarThingClass;

static GType liar_thing_get_type (void);
G_DEFINE_TYPE (LiarThing, liar_thing, G_TYPE_OBJECT)

static void
liar_thing_class_init (LiarThingClass *klass)
{
}

static void
liar_thing_init (LiarThing *self)
{
}

SENTRY_PLUGIN_DEFINE (liar, NULL, { "filesystem", "liar", liar_thing_get_type });
