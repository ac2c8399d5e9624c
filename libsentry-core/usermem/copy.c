/* Copies between sentry and guest memory, with faults resolved on the way.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "usermem/sentry-usermem.h"
#include "usermem/usermem-private.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/sentry-lock.h"

/* A fault handler that says "try again" is believed this often in a row without progress: another
 * thread may unmap what was just made accessible, but not keep us here. */
#define MAX_TRIES 4

typedef enum
{
  COPY_IN,
  COPY_OUT,
} Direction;

/* The part of [addr, addr + len) that guests may own: the hidden region of a platform lies above.
 */
static gsize
clamp_range (SentryAddressSpace *as, guint64 addr, gsize len)
{
  if (addr >= as->max_addr)
    return 0;
  return MIN (len, as->max_addr - addr);
}

static gsize
copy_once (SentryAddressSpace *as, Direction dir, gpointer buf, guint64 addr, gsize len)
{
  len = clamp_range (as, addr, len);
  if (len == 0)
    return 0;
  if (dir == COPY_IN)
    return as->ops->copy_in (as, buf, addr, len);
  return as->ops->copy_out (as, addr, buf, len);
}

static gsize
copy_faulting (SentryUserMem *um, Direction dir, gpointer buf, guint64 addr, gsize len)
{
  SentryAccess access = dir == COPY_IN ? SENTRY_ACCESS_READ : SENTRY_ACCESS_WRITE;
  gsize done = 0;
  guint tries = 0;

  sentry_lock_check_may_take (SENTRY_LOCK_MM, "guest memory access");
  while (done < len)
    {
      gsize n = copy_once (um->as, dir, (char *) buf + done, addr + done, len - done);

      done += n;
      if (done == len)
        break;
      tries = n > 0 ? 0 : tries + 1;
      if (tries > MAX_TRIES || clamp_range (um->as, addr + done, 1) == 0)
        break;
      if (um->fault == NULL || !um->fault (um, addr + done, access))
        break;
    }
  return done;
}

gsize
sentry_copy_in_partial (SentryUserMem *um, gpointer dst, guint64 src, gsize len)
{
  return copy_faulting (um, COPY_IN, dst, src, len);
}

gsize
sentry_copy_out_partial (SentryUserMem *um, guint64 dst, gconstpointer src, gsize len)
{
  return copy_faulting (um, COPY_OUT, (gpointer) src, dst, len);
}

gsize
sentry_copy_in_nofault (SentryUserMem *um, gpointer dst, guint64 src, gsize len)
{
  return copy_once (um->as, COPY_IN, dst, src, len);
}

gsize
sentry_copy_out_nofault (SentryUserMem *um, guint64 dst, gconstpointer src, gsize len)
{
  return copy_once (um->as, COPY_OUT, (gpointer) src, dst, len);
}

int
sentry_copy_in (SentryUserMem *um, gpointer dst, guint64 src, gsize len)
{
  if (!sentry_access_ok (src, len))
    return -EFAULT;
  return copy_faulting (um, COPY_IN, dst, src, len) == len ? 0 : -EFAULT;
}

int
sentry_copy_out (SentryUserMem *um, guint64 dst, gconstpointer src, gsize len)
{
  if (!sentry_access_ok (dst, len))
    return -EFAULT;
  return copy_faulting (um, COPY_OUT, (gpointer) src, dst, len) == len ? 0 : -EFAULT;
}

gsize
sentry_zero_out_partial (SentryUserMem *um, guint64 dst, gsize len)
{
  static const char zeros[65536];
  gsize done = 0;

  while (done < len)
    {
      gsize want = MIN (len - done, sizeof zeros);
      gsize n = copy_faulting (um, COPY_OUT, (gpointer) zeros, dst + done, want);

      done += n;
      if (n < want)
        break;
    }
  return done;
}

/* Reads page by page, so that a string which ends just before unmapped memory is no fault. */
gssize
sentry_copy_in_string (SentryUserMem *um, char *dst, guint64 src, gsize size)
{
  gsize done = 0;

  while (done < size)
    {
      gsize to_page_end = SENTRY_PAGE_SIZE - ((src + done) & (SENTRY_PAGE_SIZE - 1));
      gsize want = MIN (size - done, to_page_end);
      gsize n = copy_faulting (um, COPY_IN, dst + done, src + done, want);
      const char *nul = memchr (dst + done, '\0', n);

      if (nul != NULL)
        return nul - dst;
      if (n < want)
        return -EFAULT;
      done += n;
    }
  return -ENAMETOOLONG;
}

int
sentry_copy_in_path (SentryUserMem *um, guint64 src, char **ret_path)
{
  char buf[PATH_MAX];
  gssize len = sentry_copy_in_string (um, buf, src, sizeof buf);
  char *path;

  if (len < 0)
    return len;
  path = g_try_malloc (len + 1);
  if (path == NULL)
    return -ENOMEM;
  memcpy (path, buf, len + 1);
  *ret_path = path;
  return 0;
}
