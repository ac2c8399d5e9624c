/* Iterators: a position in a list of guest ranges, or in a piece of sentry memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "usermem/sentry-usermem.h"
#include "usermem/usermem-private.h"

#include <errno.h>
#include <string.h>

#define MAX_IOV 1024
/* How often one page may be asked for in vain; see sentry_iter_fault_in. */
#define MAX_FAULT_TRIES 4

typedef enum
{
  TO_ITER,
  FROM_ITER,
  TO_ITER_NOFAULT,
  FROM_ITER_NOFAULT,
} Way;

static void
iter_reset (SentryIter *it, SentryUserMem *um)
{
  it->um = um;
  it->iov = it->inline_iov;
  it->n_iov = it->at = 0;
  it->at_offset = it->remaining = it->done = 0;
  it->fault_page = G_MAXUINT64;
  it->fault_tries = 0;
  it->append = FALSE;
  it->heap_iov = NULL;
}

int
sentry_iter_init_user (SentryIter *it, SentryUserMem *um, guint64 addr, gsize len)
{
  iter_reset (it, um);
  if (!sentry_access_ok (addr, len))
    return -EFAULT;
  it->iov[0].iov_base = (gpointer) addr;
  it->iov[0].iov_len = MIN (len, SENTRY_MAX_RW_COUNT);
  it->n_iov = 1;
  it->remaining = it->iov[0].iov_len;
  return 0;
}

void
sentry_iter_init_kernel (SentryIter *it, gpointer buf, gsize len)
{
  iter_reset (it, NULL);
  it->iov[0].iov_base = buf;
  it->iov[0].iov_len = MIN (len, SENTRY_MAX_RW_COUNT);
  it->n_iov = 1;
  it->remaining = it->iov[0].iov_len;
}

/* Linux's import_iovec: a negative length is an error wherever it stands, what passes the bound on
 * the total is cut off. */
static int
check_iov (SentryIter *it)
{
  for (guint i = 0; i < it->n_iov; i++)
    {
      struct iovec *v = &it->iov[i];

      if ((gssize) v->iov_len < 0)
        return -EINVAL;
      if (!sentry_access_ok ((guint64) v->iov_base, v->iov_len))
        return -EFAULT;
      v->iov_len = MIN (v->iov_len, SENTRY_MAX_RW_COUNT - it->remaining);
      it->remaining += v->iov_len;
    }
  return 0;
}

int
sentry_iter_init_user_iov (SentryIter *it, SentryUserMem *um, guint64 iov_addr, guint n_iov)
{
  int r;

  iter_reset (it, um);
  if (n_iov > MAX_IOV)
    return -EINVAL;
  if (n_iov > G_N_ELEMENTS (it->inline_iov))
    {
      it->heap_iov = it->iov = g_try_new (struct iovec, n_iov);
      if (it->heap_iov == NULL)
        return -ENOMEM;
    }
  it->n_iov = n_iov;
  r = sentry_copy_in (um, it->iov, iov_addr, n_iov * sizeof (struct iovec));
  if (r == 0)
    r = check_iov (it);
  if (r < 0)
    sentry_iter_clear (it);
  return r;
}

void
sentry_iter_clear (SentryIter *it)
{
  g_clear_pointer (&it->heap_iov, g_free);
  it->iov = it->inline_iov;
  it->n_iov = it->at = 0;
  it->at_offset = it->remaining = 0;
}

/* Bytes left in the current element, after stepping over those that are used up. */
static gsize
here (SentryIter *it, gpointer *ret_addr)
{
  while (it->remaining > 0 && it->at_offset == it->iov[it->at].iov_len)
    {
      it->at++;
      it->at_offset = 0;
    }
  if (it->remaining == 0)
    return 0;
  *ret_addr = (char *) it->iov[it->at].iov_base + it->at_offset;
  return MIN (it->iov[it->at].iov_len - it->at_offset, it->remaining);
}

static gsize
move_piece (SentryIter *it, Way way, gpointer buf, gpointer addr, gsize len)
{
  if (it->um == NULL)
    {
      if (way == TO_ITER || way == TO_ITER_NOFAULT)
        memcpy (addr, buf, len);
      else
        memcpy (buf, addr, len);
      return len;
    }
  switch (way)
    {
    case TO_ITER:
      return sentry_copy_out_partial (it->um, (guint64) addr, buf, len);
    case FROM_ITER:
      return sentry_copy_in_partial (it->um, buf, (guint64) addr, len);
    case TO_ITER_NOFAULT:
      return sentry_copy_out_nofault (it->um, (guint64) addr, buf, len);
    case FROM_ITER_NOFAULT:
      return sentry_copy_in_nofault (it->um, buf, (guint64) addr, len);
    }
  g_assert_not_reached ();
}

static gsize
move_bytes (SentryIter *it, Way way, gpointer buf, gsize len)
{
  gsize moved = 0;
  gpointer addr;

  while (moved < len)
    {
      gsize want = MIN (here (it, &addr), len - moved), n;

      if (want == 0)
        break;
      n = move_piece (it, way, (char *) buf + moved, addr, want);
      sentry_iter_advance (it, n);
      moved += n;
      if (n < want)
        break;
    }
  return moved;
}

gsize
sentry_iter_copy_to (SentryIter *it, gconstpointer src, gsize len)
{
  return move_bytes (it, TO_ITER, (gpointer) src, len);
}

gsize
sentry_iter_copy_from (SentryIter *it, gpointer dst, gsize len)
{
  return move_bytes (it, FROM_ITER, dst, len);
}

gsize
sentry_iter_copy_to_nofault (SentryIter *it, gconstpointer src, gsize len)
{
  return move_bytes (it, TO_ITER_NOFAULT, (gpointer) src, len);
}

gsize
sentry_iter_copy_from_nofault (SentryIter *it, gpointer dst, gsize len)
{
  return move_bytes (it, FROM_ITER_NOFAULT, dst, len);
}

gsize
sentry_iter_zero (SentryIter *it, gsize len)
{
  static const char zeros[65536];
  gsize moved = 0;

  while (moved < len && it->remaining > 0)
    {
      gsize want = MIN (MIN (len - moved, sizeof zeros), it->remaining);
      gsize n = move_bytes (it, TO_ITER, (gpointer) zeros, want);

      moved += n;
      if (n < want)
        break;
    }
  return moved;
}

int
sentry_iter_fault_in (SentryIter *it, SentryAccess access)
{
  gpointer addr;
  guint64 page;

  if (it->um == NULL || here (it, &addr) == 0)
    return 0;
  page = (guint64) addr & ~(guint64) (SENTRY_PAGE_SIZE - 1);
  if (page != it->fault_page)
    it->fault_tries = 0;
  it->fault_page = page;
  if (++it->fault_tries > MAX_FAULT_TRIES || it->um->fault == NULL)
    return -EFAULT;
  if (page >= it->um->as->max_addr || !it->um->fault (it->um, (guint64) addr, access))
    return -EFAULT;
  return 0;
}

void
sentry_iter_advance (SentryIter *it, gsize len)
{
  g_assert (len <= it->remaining);
  it->remaining -= len;
  it->done += len;
  while (len > 0)
    {
      gsize n = MIN (len, it->iov[it->at].iov_len - it->at_offset);

      it->at_offset += n;
      len -= n;
      if (len > 0)
        {
          it->at++;
          it->at_offset = 0;
        }
    }
}

void
sentry_iter_revert (SentryIter *it, gsize len)
{
  g_assert (len <= it->done);
  it->remaining += len;
  it->done -= len;
  while (len > it->at_offset)
    {
      len -= it->at_offset;
      it->at--;
      it->at_offset = it->iov[it->at].iov_len;
    }
  it->at_offset -= len;
}

void
sentry_iter_truncate (SentryIter *it, gsize len)
{
  it->remaining = MIN (it->remaining, len);
}
