/* An overlay over temporary host directories. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay-fixture.h"

#include <stdlib.h>

#include "plugins/fs/overlay-private.h"

SentrySuperBlock *
overlay_fixture_mount (SentrySuperBlock *upper, SentrySuperBlock **lower, guint n_lower)
{
  g_autoptr (SentryFilesystem) fs = g_object_new (SENTRY_TYPE_OVERLAY_FILESYSTEM, NULL);
  SentryMountRequest req = { .cred = fs_root_cred (),
                             .options = "userxattr",
                             .host_fd = -1,
                             .upper = upper,
                             .lower = lower,
                             .n_lower = n_lower };
  SentrySuperBlock *sb = NULL;

  g_assert_cmpint (sentry_filesystem_mount (fs, &req, &sb), ==, 0);
  return sb;
}

static void
mount (OverlayFixture *f)
{
  SentrySuperBlock *upper = fs_mount_host (f->upper_dir, FALSE, FALSE);
  SentrySuperBlock *lower = fs_mount_host (f->lower_dir, TRUE, FALSE);

  f->sb = overlay_fixture_mount (upper, &lower, 1);
  sentry_super_block_unref (upper);
  sentry_super_block_unref (lower);
}

void
overlay_fixture_init (OverlayFixture *f, const char *script)
{
  g_autofree char *command = NULL;

  f->lower_dir = fs_temp_dir ();
  f->upper_dir = fs_temp_dir ();
  command = g_strdup_printf ("cd '%s' && %s", f->lower_dir, script);
  g_assert_cmpint (system (command), ==, 0);
  mount (f);
}

void
overlay_fixture_remount (OverlayFixture *f)
{
  sentry_super_block_unref (f->sb);
  mount (f);
}

void
overlay_fixture_clear (OverlayFixture *f)
{
  sentry_super_block_unref (f->sb);
  g_free (f->lower_dir);
  g_free (f->upper_dir);
}

char *
overlay_fixture_sum (const char *dir)
{
  g_autofree char *command = g_strdup_printf (
      "sh -c \"cd '%s' && { find . -printf '%%p %%m %%U %%T@ %%l %%n\\n' | sort; "
      "find . -type f | sort | xargs -r -d '\\n' cat; } | sha256sum\"",
      dir);
  char *out = NULL;

  g_assert_true (g_spawn_command_line_sync (command, &out, NULL, NULL, NULL));
  return out;
}
