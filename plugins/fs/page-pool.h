/* Pages for file contents that live in sentry memory. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SENTRY_FS_PAGE 4096u

/* A zeroed page; NULL: out of memory.  One lock, no host call but one for each 255 pages. */
gpointer sentry_fs_page_alloc (void);
void sentry_fs_page_free (gpointer page);

G_END_DECLS
