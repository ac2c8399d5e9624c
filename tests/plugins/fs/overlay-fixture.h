/* An overlay over temporary host directories. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fs-harness.h"

G_BEGIN_DECLS

typedef struct
{
  char *lower_dir, *upper_dir; /* host paths */
  SentrySuperBlock *sb;
} OverlayFixture;

/* `script`: a shell script that fills the lower directory, run inside it. */
void overlay_fixture_init (OverlayFixture *f, const char *script);
/* Unmounts and mounts again: what is left is what the upper layer kept. */
void overlay_fixture_remount (OverlayFixture *f);
void overlay_fixture_clear (OverlayFixture *f);
SentrySuperBlock *overlay_fixture_mount (SentrySuperBlock *upper, SentrySuperBlock **lower,
                                         guint n_lower);
/* The lower layer as it was? A checksum over names, modes, contents. */
char *overlay_fixture_sum (const char *dir);

G_END_DECLS
