/* Shared anonymous memory: a sealed memfd for each object.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/sentry-charge.h"
#include "base/sentry-host-fd.h"
#include "base/sentry-list.h"
#include "state/sentry-state.h"
#include "usermem/sentry-usermem.h"

/* Life: sentry_shm_new gives one reference, each mapping and each SysV segment holds one. */
typedef struct
{
  SentryMappable base;
  SentryRef ref;
  int fd;       /* I */
  guint64 size; /* I: whole pages, charged */
  guint64 ino;  /* I: as /proc/PID/maps shows it */
  char *name;   /* I: owned */
} SentryShm;

/* clang-format off */
SENTRY_STATE_TABLE (SentryShm, "shm", 1,
  SENTRY_STATE_SKIP (SentryShm, base, "its ops are set by post_load"),
  SENTRY_STATE_REFCOUNT (SentryShm, ref),
  SENTRY_STATE_SKIP (SentryShm, fd, "made anew and filled from the image's memory"),
  SENTRY_STATE_U64 (SentryShm, size),
  SENTRY_STATE_U64 (SentryShm, ino),
  SENTRY_STATE_STRING (SentryShm, name, 4096));
/* clang-format on */

static guint64 last_ino;

static SentryShm *
shm_of (SentryMappable *m)
{
  return SENTRY_CONTAINER (m, SentryShm, base);
}

static SentryMappable *
shm_ref (SentryMappable *m)
{
  sentry_ref_get (&shm_of (m)->ref);
  return m;
}

static void
shm_unref (SentryMappable *m)
{
  SentryShm *shm = shm_of (m);

  if (!sentry_ref_put (&shm->ref))
    return;
  sentry_host_fd_close (shm->fd);
  sentry_uncharge (shm->size);
  g_free (shm->name);
  g_free (shm);
}

/* All who map it may write it: there is no weaker descriptor to give. */
static int
shm_acquire_fd (SentryMappable *m, gboolean shared, gboolean writable, guint64 offset, int *ret_fd,
                guint64 *ret_fd_offset)
{
  *ret_fd = shm_of (m)->fd;
  *ret_fd_offset = offset;
  return 0;
}

static void
shm_release_fd (SentryMappable *m, int fd)
{
}

static void
shm_identity (SentryMappable *m, guint32 *ret_dev_major, guint32 *ret_dev_minor, guint64 *ret_ino,
              char **ret_path)
{
  *ret_dev_major = 0;
  *ret_dev_minor = 1; /* Linux's internal tmpfs */
  *ret_ino = shm_of (m)->ino;
  *ret_path = g_strdup (shm_of (m)->name);
}

static const SentryMappableOps shm_ops = {
  .ref = shm_ref,
  .unref = shm_unref,
  .acquire_fd = shm_acquire_fd,
  .release_fd = shm_release_fd,
  .identity = shm_identity,
};

static int
make_sealed_memfd (guint64 size)
{
  int fd, r = sentry_host_fd_take ();

  if (r < 0)
    return r;
  fd = memfd_create ("sentry-shm", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    {
      r = errno == EMFILE ? -ENFILE : -errno;
      sentry_host_fd_give ();
      return r;
    }
  if (ftruncate (fd, size) < 0
      || fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
    {
      r = errno == EINVAL || errno == EFBIG ? -ENOMEM : -errno;
      sentry_host_fd_close (fd);
      return r;
    }
  return fd;
}

SentryMappable *
sentry_shm_new (guint64 size, const char *name, int *ret_errno)
{
  SentryShm *shm;
  int fd;

  if (size > G_MAXINT64 - SENTRY_PAGE_SIZE || !sentry_charge (sentry_page_up (size)))
    {
      *ret_errno = ENOMEM;
      return NULL;
    }
  size = sentry_page_up (size);
  fd = make_sealed_memfd (size);
  if (fd < 0)
    {
      sentry_uncharge (size);
      *ret_errno = -fd;
      return NULL;
    }
  shm = g_new0 (SentryShm, 1);
  shm->base.ops = &shm_ops;
  sentry_ref_init (&shm->ref);
  shm->fd = fd;
  shm->size = size;
  shm->ino = __atomic_add_fetch (&last_ino, 1, __ATOMIC_RELAXED);
  shm->name = g_strdup (name != NULL ? name : "/dev/zero (deleted)");
  return &shm->base;
}

int
sentry_shm_fd (SentryMappable *m)
{
  g_assert (m->ops == &shm_ops);
  return shm_of (m)->fd;
}

typedef struct
{
  SentryMappable base;
  int fd;
} SentryHostPages;

static SentryMappable *
pages_ref (SentryMappable *m)
{
  return m;
}

static void
pages_unref (SentryMappable *m)
{
}

static int
pages_acquire_fd (SentryMappable *m, gboolean shared, gboolean writable, guint64 offset,
                  int *ret_fd, guint64 *ret_fd_offset)
{
  *ret_fd = SENTRY_CONTAINER (m, SentryHostPages, base)->fd;
  *ret_fd_offset = offset;
  return 0;
}

static void
pages_identity (SentryMappable *m, guint32 *ret_dev_major, guint32 *ret_dev_minor, guint64 *ret_ino,
                char **ret_path)
{
  *ret_dev_major = *ret_dev_minor = 0;
  *ret_ino = 0;
  *ret_path = NULL;
}

static const SentryMappableOps pages_ops = {
  .ref = pages_ref,
  .unref = pages_unref,
  .acquire_fd = pages_acquire_fd,
  .release_fd = shm_release_fd,
  .identity = pages_identity,
};

SentryMappable *
sentry_host_pages_new (int fd)
{
  SentryHostPages *pages = g_new0 (SentryHostPages, 1);

  pages->base.ops = &pages_ops;
  pages->fd = fd;
  return &pages->base;
}
