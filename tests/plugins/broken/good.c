/* A plugin with nothing wrong: provides the file system type "good".
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "iface/sentry-filesystem.h"
#include "iface/sentry-plugin.h"

/* Other plugins of this folder include this file with a start function of their own. */
#ifndef GOOD_START
#  define GOOD_START NULL
#endif

typedef struct
{
  GObject parent_instance;
} GoodFilesystem;
typedef GObjectClass GoodFilesystemClass;

static const char *
get_name (SentryFilesystem *self)
{
  return "good";
}

static void
iface_init (SentryFilesystemInterface *iface)
{
  iface->get_name = get_name;
}

static GType good_filesystem_get_type (void);
G_DEFINE_TYPE_WITH_CODE (GoodFilesystem, good_filesystem, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (SENTRY_TYPE_FILESYSTEM, iface_init))

static void
good_filesystem_class_init (GoodFilesystemClass *klass)
{
}

static void
good_filesystem_init (GoodFilesystem *self)
{
}

SENTRY_PLUGIN_DEFINE (good, GOOD_START, { "filesystem", "good", good_filesystem_get_type },
                      { "filesystem", "better", good_filesystem_get_type });
