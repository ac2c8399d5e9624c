/* Mappings of overlay files: a layer's mappable under the overlay's identity.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay-private.h"

/* One mappable for the lower file and one for its copy, so that each mapping stays with the pages
 * that it was made with: memory of a lower file isn't the memory of the copy (Linux's overlayfs
 * says the same). */

static SentryOverlayMappable *
overlay_mappable (SentryMappable *m)
{
  return (SentryOverlayMappable *) m;
}

static SentryMappable *
real_of (SentryMappable *m)
{
  return __atomic_load_n (&overlay_mappable (m)->real, __ATOMIC_ACQUIRE);
}

static SentryMappable *
map_ref (SentryMappable *m)
{
  sentry_inode_ref (&overlay_mappable (m)->inode->base);
  return m;
}

static void
map_unref (SentryMappable *m)
{
  sentry_inode_unref (&overlay_mappable (m)->inode->base);
}

static int
map_acquire_fd (SentryMappable *m, gboolean shared, gboolean writable, guint64 offset, int *ret_fd,
                guint64 *ret_fd_offset)
{
  SentryMappable *real = real_of (m);

  return real->ops->acquire_fd (real, shared, writable, offset, ret_fd, ret_fd_offset);
}

static void
map_release_fd (SentryMappable *m, int fd)
{
  SentryMappable *real = real_of (m);

  real->ops->release_fd (real, fd);
}

static void
map_mapped (SentryMappable *m, guint64 offset, guint64 len, gboolean shared, gboolean writable,
            int delta)
{
  SentryMappable *real = real_of (m);

  if (real->ops->mapped != NULL)
    real->ops->mapped (real, offset, len, shared, writable, delta);
}

static void
map_identity (SentryMappable *m, guint32 *ret_dev_major, guint32 *ret_dev_minor, guint64 *ret_ino,
              char **ret_path)
{
  SentryOverlayInode *o = overlay_mappable (m)->inode;

  *ret_dev_major = o->base.sb->dev_major;
  *ret_dev_minor = o->base.dev_minor;
  *ret_ino = o->base.ino;
  *ret_path = NULL;
}

static const SentryMappableOps map_ops = {
  .ref = map_ref,
  .unref = map_unref,
  .acquire_fd = map_acquire_fd,
  .release_fd = map_release_fd,
  .mapped = map_mapped,
  .identity = map_identity,
};

void
sentry_overlay_maps_init (SentryOverlayInode *o)
{
  for (guint i = 0; i < SENTRY_OVERLAY_N_MAPS; i++)
    o->maps[i] = (SentryOverlayMappable){ { &map_ops }, o, NULL };
}

void
sentry_overlay_maps_clear (SentryOverlayInode *o)
{
  for (guint i = 0; i < SENTRY_OVERLAY_N_MAPS; i++)
    if (o->maps[i].real != NULL)
      o->maps[i].real->ops->unref (o->maps[i].real);
}

SentryMappable *
sentry_overlay_map (SentryOverlayInode *o, guint which, SentryMappable *real)
{
  SentryOverlayMappable *map = &o->maps[which];
  SentryMappable *none = NULL;

  if (!__atomic_compare_exchange_n (&map->real, &none, real, FALSE, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
    real->ops->unref (real);
  return &map->base;
}
