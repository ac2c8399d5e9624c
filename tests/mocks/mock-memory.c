/* The mock platform's guest memory: pages, copies, atomics.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mock-private.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void
mock_page_unref (gpointer data)
{
  MockPage *page = data;

  if (g_atomic_int_dec_and_test (&page->refs))
    g_free (page);
}

static guint64
page_of (guint64 addr)
{
  return addr & ~(guint64) (MOCK_PAGE - 1);
}

static guint64
file_offset (const MockRegion *r, guint64 addr)
{
  return r->offset + (addr - r->range.start);
}

/* Beyond the last page of the file a real access raises SIGBUS. */
static gboolean
beyond_file (const MockRegion *r, guint64 page)
{
  struct stat st;

  return r->file != NULL
         && (fstat (r->file->fd, &st) != 0 || file_offset (r, page) >= (guint64) st.st_size);
}

static void
read_file (const MockRegion *r, guint64 addr, gpointer dst, gsize len)
{
  ssize_t n = pread (r->file->fd, dst, len, (off_t) file_offset (r, addr));

  if (n < 0)
    n = 0;
  memset ((char *) dst + n, 0, len - (gsize) n);
}

/* Bytes past the end, within the last page, are lost, as Linux may lose them. */
static void
write_file (const MockRegion *r, guint64 addr, gconstpointer src, gsize len)
{
  struct stat st;
  guint64 at = file_offset (r, addr);

  if (fstat (r->file->fd, &st) != 0 || at >= (guint64) st.st_size)
    return;
  len = MIN (len, (guint64) st.st_size - at);
  g_assert_cmpint (pwrite (r->file->fd, src, len, (off_t) at), ==, (gssize) len);
}

static void
set_page_locked (MockSpace *s, guint64 addr, MockPage *page)
{
  guint64 *key = g_new (guint64, 1);

  *key = addr;
  g_hash_table_replace (s->pages, key, page);
}

/* The private page at `addr`, made this address space's own. */
static MockPage *
own_page_locked (MockSpace *s, const MockRegion *r, guint64 addr)
{
  MockPage *page = g_hash_table_lookup (s->pages, &addr), *copy;

  if (page != NULL && g_atomic_int_get (&page->refs) == 1)
    return page;
  copy = g_new0 (MockPage, 1);
  copy->refs = 1;
  if (page != NULL)
    memcpy (copy->bytes, page->bytes, MOCK_PAGE);
  else if (r->file != NULL)
    read_file (r, addr, copy->bytes, MOCK_PAGE);
  set_page_locked (s, addr, copy);
  return copy;
}

static void
read_page_locked (MockSpace *s, const MockRegion *r, guint64 addr, gpointer dst, gsize len)
{
  guint64 base = page_of (addr);
  MockPage *page = r->shared ? NULL : g_hash_table_lookup (s->pages, &base);

  if (page != NULL)
    memcpy (dst, page->bytes + (addr - base), len);
  else if (r->file != NULL)
    read_file (r, addr, dst, len);
  else
    memset (dst, 0, len);
}

static void
write_page_locked (MockSpace *s, const MockRegion *r, guint64 addr, gconstpointer src, gsize len)
{
  guint64 base = page_of (addr);

  if (r->shared)
    write_file (r, addr, src, len);
  else
    memcpy (own_page_locked (s, r, base)->bytes + (addr - base), src, len);
}

static MockRegion *
find_locked (MockSpace *s, guint64 addr, int prot)
{
  MockRegion *r = (MockRegion *) sentry_interval_map_find (&s->regions, addr);

  if (r == NULL || (r->prot & prot) != prot || beyond_file (r, page_of (addr)))
    return NULL;
  return r;
}

typedef void (*PageFunc) (MockSpace *s, const MockRegion *r, guint64 addr, gpointer buf, gsize len);

static gsize
copy (MockSpace *s, guint64 addr, gpointer buf, gsize len, int prot, PageFunc func)
{
  gsize done = 0;

  sentry_mutex_lock (&s->lock);
  while (done < len)
    {
      guint64 at = addr + done;
      gsize n = MIN (len - done, MOCK_PAGE - (at & (MOCK_PAGE - 1)));
      MockRegion *r = find_locked (s, at, prot);

      if (r == NULL)
        break;
      func (s, r, at, (char *) buf + done, n);
      done += n;
    }
  sentry_mutex_unlock (&s->lock);
  return done;
}

static void
write_func (MockSpace *s, const MockRegion *r, guint64 addr, gpointer buf, gsize len)
{
  write_page_locked (s, r, addr, buf, len);
}

gsize
mock_copy_in (SentryAddressSpace *as, gpointer dst, guint64 src, gsize len)
{
  return copy ((MockSpace *) as, src, dst, len, PROT_READ, read_page_locked);
}

gsize
mock_copy_out (SentryAddressSpace *as, guint64 dst, gconstpointer src, gsize len)
{
  return copy ((MockSpace *) as, dst, (gpointer) src, len, PROT_WRITE, write_func);
}

/* As Linux's FOLL_FORCE: a shared mapping that can't be written stays unwritten. */
static void
poke_func (MockSpace *s, const MockRegion *r, guint64 addr, gpointer buf, gsize len)
{
  if (!r->shared || (r->prot & PROT_WRITE))
    write_page_locked (s, r, addr, buf, len);
}

int
mock_poke (SentryAddressSpace *as, SentryContext *ctx, guint64 dst, gconstpointer src, gsize len)
{
  MockSpace *s = (MockSpace *) as;
  gboolean forbidden = FALSE;

  sentry_mutex_lock (&s->lock);
  SENTRY_INTERVAL_FOREACH_IN (i, &s->regions, dst, dst + len)
  {
    MockRegion *r = (MockRegion *) i;
    forbidden |= r->shared && !(r->prot & PROT_WRITE);
  }
  sentry_mutex_unlock (&s->lock);
  if (forbidden || copy (s, dst, (gpointer) src, len, 0, poke_func) < len)
    return -EFAULT;
  return 0;
}

int
mock_load32 (SentryAddressSpace *as, guint64 addr, guint32 *ret_value)
{
  return mock_copy_in (as, ret_value, addr, 4) == 4 ? 0 : -EFAULT;
}

int
mock_cmpxchg32 (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint32 expected,
                guint32 desired, gboolean nonblock, guint32 *ret_found)
{
  static GMutex shared; /* two address spaces may map one object */
  MockSpace *s = (MockSpace *) as;
  MockRegion *r;
  int err;

  g_mutex_lock (&shared);
  sentry_mutex_lock (&s->lock);
  err = mock_space_begin_op_locked (s, SENTRY_MOCK_OP_CMPXCHG);
  r = find_locked (s, addr, PROT_READ | PROT_WRITE);
  if (err == 0 && r == NULL)
    err = -EFAULT;
  if (err == 0)
    {
      read_page_locked (s, r, addr, ret_found, 4);
      if (*ret_found == expected)
        write_page_locked (s, r, addr, &desired, 4);
    }
  sentry_mutex_unlock (&s->lock);
  g_mutex_unlock (&shared);
  return err;
}

int
mock_resident (SentryAddressSpace *as, guint64 addr, guint64 len, guint8 *ret_vec)
{
  MockSpace *s = (MockSpace *) as;

  sentry_mutex_lock (&s->lock);
  for (guint64 i = 0; i < len / MOCK_PAGE; i++)
    {
      guint64 page = addr + i * MOCK_PAGE;
      ret_vec[i] = g_hash_table_contains (s->pages, &page);
    }
  sentry_mutex_unlock (&s->lock);
  return 0;
}

static gint
compare_addr (gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return x < y ? -1 : x > y;
}

int
mock_foreach_private_page (SentryAddressSpace *as, guint64 addr, guint64 len,
                           gboolean (*page) (guint64 addr, gpointer data), gpointer data)
{
  MockSpace *s = (MockSpace *) as;
  GArray *found = g_array_new (FALSE, FALSE, sizeof (guint64));
  GHashTableIter iter;
  gpointer key;

  sentry_mutex_lock (&s->lock);
  g_hash_table_iter_init (&iter, s->pages);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (*(guint64 *) key - addr < len)
      g_array_append_vals (found, key, 1);
  sentry_mutex_unlock (&s->lock);
  g_array_sort (found, compare_addr);
  for (guint i = 0; i < found->len; i++)
    if (!page (g_array_index (found, guint64, i), data))
      break;
  g_array_free (found, TRUE);
  return 0;
}

void
mock_rss (SentryAddressSpace *as, guint64 *ret_total, guint64 *ret_shared)
{
  MockSpace *s = (MockSpace *) as;

  sentry_mutex_lock (&s->lock);
  *ret_total = (guint64) g_hash_table_size (s->pages) * MOCK_PAGE;
  *ret_shared = 0;
  sentry_mutex_unlock (&s->lock);
}
