/* The vDSO in guests' memory: its image, and the page of parameters that it reads.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loader/loader-private.h"
#include "loader/vdso-image.h"
#include "loader/vdso/vdso-params.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mm/shm.h"

#ifndef F_SEAL_FUTURE_WRITE
#  define F_SEAL_FUTURE_WRITE 0x0010
#endif

#define SAME_OFFSET(member)                                                                        \
  G_STATIC_ASSERT (G_STRUCT_OFFSET (VdsoParams, member)                                            \
                   == G_STRUCT_OFFSET (SentryVdsoParams, member))
SAME_OFFSET (seq);
SAME_OFFSET (usable);
SAME_OFFSET (base_tsc);
SAME_OFFSET (mult);
SAME_OFFSET (shift);
SAME_OFFSET (monotonic_ns);
SAME_OFFSET (realtime_ns);
SAME_OFFSET (boottime_ns);
SAME_OFFSET (max_tsc);
SAME_OFFSET (tz_minuteswest);
SAME_OFFSET (tz_dsttime);
SAME_OFFSET (host_cpus);
G_STATIC_ASSERT (sizeof (VdsoParams) == sizeof (SentryVdsoParams));

/* Made once a process, never freed. */
static SentryMappable *image_pages, *params_pages;
static SentryVdsoParams *params;

/* A memfd of `len` bytes, mapped writable here; `seals` keep everybody else from ever writing it.
 */
static gpointer
make_pages (const char *name, gsize len, int *ret_fd, GError **error)
{
  int fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  gpointer at = MAP_FAILED;

  if (fd >= 0 && ftruncate (fd, len) == 0)
    at = mmap (NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED
      && fcntl (fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)
             == 0)
    {
      *ret_fd = fd;
      return at;
    }
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               "can't make the pages of the vDSO: %s", g_strerror (errno));
  if (at != MAP_FAILED)
    munmap (at, len);
  if (fd >= 0)
    close (fd);
  return NULL;
}

gboolean
sentry_vdso_init (GError **error)
{
  gsize len = sentry_page_up (sentry_vdso_n_bytes);
  int params_fd, image_fd;
  gpointer image;

  if (params != NULL)
    return TRUE;
  image = make_pages ("sentry-vdso", len, &image_fd, error);
  if (image == NULL)
    return FALSE;
  memcpy (image, sentry_vdso_bytes, sentry_vdso_n_bytes);
  munmap (image, len);
  params = make_pages ("sentry-vvar", SENTRY_PAGE_SIZE, &params_fd, error);
  if (params == NULL)
    {
      close (image_fd);
      return FALSE;
    }
  image_pages = sentry_host_pages_new (image_fd);
  params_pages = sentry_host_pages_new (params_fd);
  return TRUE;
}

SentryVdsoParams *
sentry_vdso_params (void)
{
  return params;
}

gconstpointer
sentry_vdso_image (gsize *ret_size)
{
  *ret_size = sentry_vdso_n_bytes;
  return sentry_vdso_bytes;
}

void
sentry_vdso_set_host_cpus (gboolean on)
{
  if (params != NULL)
    __atomic_store_n (&params->host_cpus, on ? 1 : 0, __ATOMIC_RELAXED);
}

static int
map_pages (SentryMM *mm, SentryLimits *limits, SentryMappable *pages, guint64 addr, guint64 len,
           int prot, int max_prot, const char *name)
{
  SentryMmapArgs args = { .addr = addr,
                          .len = len,
                          .prot = prot,
                          .flags = MAP_PRIVATE | MAP_FIXED,
                          .mappable = pages,
                          .max_prot = max_prot,
                          .name = name };
  gint64 r = sentry_mm_mmap (mm, NULL, limits, &args);

  return r < 0 ? r : 0;
}

int
sentry_vdso_map (SentryMM *mm, SentryLimits *limits, guint64 *ret_ehdr)
{
  guint64 len = sentry_page_up (sentry_vdso_n_bytes), at;
  int r;

  *ret_ehdr = 0;
  if (params == NULL)
    return 0;
  at = sentry_mm_unused_range (mm, len + SENTRY_PAGE_SIZE);
  if (at == 0)
    return -ENOMEM;
  r = map_pages (mm, limits, params_pages, at, SENTRY_PAGE_SIZE, PROT_READ, PROT_READ, "[vvar]");
  if (r == 0)
    r = map_pages (mm, limits, image_pages, at + SENTRY_PAGE_SIZE, len, PROT_READ | PROT_EXEC,
                   PROT_READ | PROT_WRITE | PROT_EXEC, "[vdso]");
  if (r == 0)
    *ret_ehdr = at + SENTRY_PAGE_SIZE;
  return r;
}
