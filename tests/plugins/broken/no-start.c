/* A plugin whose start function fails. SPDX-License-Identifier: LGPL-2.1-or-later */
#define GOOD_START no_start
/* GType names are one for the process. */
#define GoodFilesystem NoStartFilesystem
#define GoodFilesystemClass NoStartFilesystemClass
#include <gio/gio.h>

static gboolean
no_start (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "the flux capacitor is missing");
  return FALSE;
}

#include "good.c"
