/* The kinds of thing a plugin can provide, by name. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

/* The interface that every provider of `kind` implements; G_TYPE_INVALID for an unknown kind. */
GType sentry_plugin_kind_interface (const char *kind);
