/* The mock platform's address spaces: mappings and their changes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mock-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void
file_unref (MockFile *file)
{
  if (file != NULL && g_atomic_int_dec_and_test (&file->refs))
    {
      close (file->fd);
      g_free (file);
    }
}

/* A region [start, end) with `like`'s properties; `like` holds the file offset of `start` if it has
 * a file. */
MockRegion *
mock_region_new (guint64 start, guint64 end, const MockRegion *like)
{
  MockRegion *r = g_new0 (MockRegion, 1);

  r->range.start = start;
  r->range.end = end;
  r->prot = like->prot;
  r->shared = like->shared;
  r->file = like->file;
  r->offset = like->offset;
  if (r->file != NULL)
    g_atomic_int_inc (&r->file->refs);
  return r;
}

static void
region_free (MockRegion *r)
{
  file_unref (r->file);
  g_free (r);
}

int
mock_space_begin_op_locked (MockSpace *s, SentryMockOp op)
{
  if (s->fail_errno[op] != 0 && s->fail_skip[op]-- == 0)
    {
      int err = s->fail_errno[op];
      s->fail_errno[op] = 0;
      return -err;
    }
  s->count[op]++;
  return 0;
}

/* Makes `at` a boundary between regions. */
static void
split_locked (MockSpace *s, guint64 at)
{
  MockRegion *r = (MockRegion *) sentry_interval_map_find (&s->regions, at), *upper;

  if (r == NULL || r->range.start == at)
    return;
  upper = g_new0 (MockRegion, 1);
  upper->prot = r->prot;
  upper->shared = r->shared;
  upper->file = r->file;
  upper->offset = r->offset + (at - r->range.start);
  if (upper->file != NULL)
    g_atomic_int_inc (&upper->file->refs);
  sentry_interval_map_split (&s->regions, &r->range, at, &upper->range);
}

static void
drop_pages_locked (MockSpace *s, guint64 start, guint64 end)
{
  GHashTableIter iter;
  gpointer key;

  if ((end - start) / MOCK_PAGE < g_hash_table_size (s->pages))
    {
      for (guint64 at = start; at < end; at += MOCK_PAGE)
        g_hash_table_remove (s->pages, &at);
      return;
    }
  g_hash_table_iter_init (&iter, s->pages);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (*(guint64 *) key >= start && *(guint64 *) key < end)
      g_hash_table_iter_remove (&iter);
}

void
mock_space_remove_locked (MockSpace *s, guint64 start, guint64 end)
{
  split_locked (s, start);
  split_locked (s, end);
  SENTRY_INTERVAL_FOREACH_IN (i, &s->regions, start, end)
  {
    sentry_interval_map_erase (&s->regions, i);
    region_free ((MockRegion *) i);
  }
  drop_pages_locked (s, start, end);
}

static int
check_range (guint64 addr, guint64 len)
{
  if (((addr | len) & (MOCK_PAGE - 1)) || len == 0)
    return -EINVAL;
  if (addr < SENTRY_MOCK_MIN_ADDR || len > SENTRY_MOCK_MAX_ADDR
      || addr > SENTRY_MOCK_MAX_ADDR - len)
    return -ENOMEM;
  return 0;
}

static gboolean
covered_locked (MockSpace *s, guint64 addr, guint64 len)
{
  guint64 at = addr;

  while (at < addr + len)
    {
      SentryInterval *i = sentry_interval_map_find (&s->regions, at);
      if (i == NULL)
        return FALSE;
      at = i->end;
    }
  return TRUE;
}

/* The rules by which Linux refuses a descriptor. */
static int
check_file (int fd, int prot, gboolean shared)
{
  int flags = fcntl (fd, F_GETFL);
  int mode = flags & O_ACCMODE;

  if (flags < 0)
    return -EBADF;
  if (mode == O_WRONLY || (flags & O_PATH))
    return -EACCES;
  if (shared && (prot & PROT_WRITE) && mode != O_RDWR)
    return -EACCES;
  return 0;
}

static MockFile *
file_new (int fd)
{
  MockFile *file = g_new0 (MockFile, 1);

  file->refs = 1;
  file->fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  g_assert_cmpint (file->fd, >=, 0);
  return file;
}

static int
mock_map (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int prot,
          SentryMapFlags flags, int fd, guint64 offset)
{
  MockSpace *s = (MockSpace *) as;
  MockRegion like = { .prot = prot, .shared = (flags & SENTRY_MAP_SHARED) != 0, .offset = offset };
  MockRegion *r;
  int err = check_range (addr, len);

  g_assert (!like.shared || fd >= 0);
  if (err == 0 && fd >= 0)
    err = check_file (fd, prot, like.shared);
  if (err != 0)
    return err;
  sentry_mutex_lock (&s->lock);
  err = mock_space_begin_op_locked (s, SENTRY_MOCK_OP_MAP);
  if (err == 0)
    {
      mock_space_remove_locked (s, addr, addr + len);
      like.file = fd >= 0 ? file_new (fd) : NULL;
      r = mock_region_new (addr, addr + len, &like);
      file_unref (like.file);
      g_assert (sentry_interval_map_insert (&s->regions, &r->range));
    }
  sentry_mutex_unlock (&s->lock);
  return err;
}

static int
mock_unmap (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len)
{
  MockSpace *s = (MockSpace *) as;
  int err = check_range (addr, len);

  if (err != 0)
    return err;
  sentry_mutex_lock (&s->lock);
  err = mock_space_begin_op_locked (s, SENTRY_MOCK_OP_UNMAP);
  if (err == 0)
    mock_space_remove_locked (s, addr, addr + len);
  sentry_mutex_unlock (&s->lock);
  return err;
}

static int
may_protect_locked (MockSpace *s, guint64 addr, guint64 len, int prot)
{
  if (!covered_locked (s, addr, len))
    return -ENOMEM;
  SENTRY_INTERVAL_FOREACH_IN (i, &s->regions, addr, addr + len)
  {
    MockRegion *r = (MockRegion *) i;
    if (r->file != NULL && r->shared && check_file (r->file->fd, prot, TRUE) != 0)
      return -EACCES;
  }
  return 0;
}

static int
mock_protect (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int prot)
{
  MockSpace *s = (MockSpace *) as;
  int err = check_range (addr, len);

  if (err != 0)
    return err;
  sentry_mutex_lock (&s->lock);
  err = may_protect_locked (s, addr, len, prot);
  if (err == 0)
    err = mock_space_begin_op_locked (s, SENTRY_MOCK_OP_PROTECT);
  if (err == 0)
    {
      split_locked (s, addr);
      split_locked (s, addr + len);
      SENTRY_INTERVAL_FOREACH_IN (i, &s->regions, addr, addr + len)
      {
        ((MockRegion *) i)->prot = prot;
      }
    }
  sentry_mutex_unlock (&s->lock);
  return err;
}

static void
take_pages_locked (MockSpace *s, guint64 start, guint64 len, guint64 to, GHashTable *moved)
{
  for (guint64 at = 0; at < len; at += MOCK_PAGE)
    {
      guint64 from = start + at, *key;
      MockPage *page = g_hash_table_lookup (s->pages, &from);

      if (page == NULL)
        continue;
      g_atomic_int_inc (&page->refs);
      key = g_new (guint64, 1);
      *key = to + at;
      g_hash_table_replace (moved, key, page);
    }
}

static void
remap_locked (MockSpace *s, MockRegion *r, guint64 addr, guint64 old_len, guint64 new_addr,
              guint64 new_len, gboolean keep_source)
{
  MockRegion like = *r, *moved;
  GHashTable *pages = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer key, page;

  like.offset = r->offset + (addr - r->range.start);
  moved = mock_region_new (new_addr, new_addr + new_len, &like);
  take_pages_locked (s, addr, MIN (old_len, new_len), new_addr, pages);
  if (!keep_source)
    mock_space_remove_locked (s, addr, addr + old_len);
  else
    drop_pages_locked (s, addr, addr + old_len);
  mock_space_remove_locked (s, new_addr, new_addr + new_len);
  g_assert (sentry_interval_map_insert (&s->regions, &moved->range));
  g_hash_table_iter_init (&iter, pages);
  while (g_hash_table_iter_next (&iter, &key, &page))
    {
      g_hash_table_iter_steal (&iter);
      g_hash_table_replace (s->pages, key, page);
    }
  g_hash_table_unref (pages);
}

static int
mock_remap (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 old_len,
            guint64 new_addr, guint64 new_len, gboolean keep_source)
{
  MockSpace *s = (MockSpace *) as;
  MockRegion *r;
  int err = check_range (addr, old_len);

  if (err == 0)
    err = check_range (new_addr, new_len);
  if (err != 0)
    return err;
  sentry_mutex_lock (&s->lock);
  r = (MockRegion *) sentry_interval_map_find (&s->regions, addr);
  if (r == NULL || r->range.end < addr + old_len)
    err = -EFAULT;
  if (err == 0)
    err = mock_space_begin_op_locked (s, SENTRY_MOCK_OP_REMAP);
  if (err == 0)
    remap_locked (s, r, addr, old_len, new_addr, new_len, keep_source);
  sentry_mutex_unlock (&s->lock);
  return err;
}

static int
mock_advise (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int advice)
{
  MockSpace *s = (MockSpace *) as;
  int err = check_range (addr, len);

  if (err != 0)
    return err;
  sentry_mutex_lock (&s->lock);
  if (!covered_locked (s, addr, len))
    err = -ENOMEM;
  if (err == 0)
    err = mock_space_begin_op_locked (s, SENTRY_MOCK_OP_ADVISE);
  if (err == 0 && advice == MADV_DONTNEED)
    drop_pages_locked (s, addr, addr + len);
  sentry_mutex_unlock (&s->lock);
  return err;
}

static int
mock_sync (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint64 len, int flags)
{
  MockSpace *s = (MockSpace *) as;
  int err;

  sentry_mutex_lock (&s->lock);
  err = covered_locked (s, addr, len) ? mock_space_begin_op_locked (s, SENTRY_MOCK_OP_SYNC)
                                      : -ENOMEM;
  sentry_mutex_unlock (&s->lock);
  return err;
}

static void
copy_tables_locked (MockSpace *from, MockSpace *to)
{
  GHashTableIter iter;
  gpointer key, page;

  SENTRY_INTERVAL_FOREACH (i, &from->regions)
  {
    MockRegion *r = mock_region_new (i->start, i->end, (MockRegion *) i);
    g_assert (sentry_interval_map_insert (&to->regions, &r->range));
  }
  g_hash_table_iter_init (&iter, from->pages);
  while (g_hash_table_iter_next (&iter, &key, &page))
    {
      g_atomic_int_inc (&((MockPage *) page)->refs);
      g_hash_table_insert (to->pages, g_memdup2 (key, sizeof (guint64)), page);
    }
}

static int
mock_fork (SentryAddressSpace *as, SentryContext *parent, SentryContext *child,
           SentryAddressSpace **ret_child_as)
{
  MockSpace *s = (MockSpace *) as, *c;
  int err;

  memcpy (((MockContext *) child)->xstate, ((MockContext *) parent)->xstate, sentry_xstate_size ());
  sentry_mutex_lock (&s->lock);
  err = mock_space_begin_op_locked (s, SENTRY_MOCK_OP_FORK);
  if (err == 0)
    {
      c = (MockSpace *) mock_space_new (s->platform);
      copy_tables_locked (s, c);
      *ret_child_as = &c->base;
    }
  sentry_mutex_unlock (&s->lock);
  return err;
}

static void
mock_free (SentryAddressSpace *as)
{
  MockSpace *s = (MockSpace *) as;

  mock_space_remove_locked (s, 0, G_MAXUINT64 & ~(guint64) (MOCK_PAGE - 1));
  g_assert (s->regions.root == NULL);
  g_hash_table_unref (s->pages);
  g_atomic_int_add (&s->platform->n_address_spaces, -1);
  g_object_unref (s->platform);
  g_free (s);
}

static const SentryAddressSpaceOps mock_space_ops = {
  .map = mock_map,
  .unmap = mock_unmap,
  .protect = mock_protect,
  .remap = mock_remap,
  .advise = mock_advise,
  .sync = mock_sync,
  .fork = mock_fork,
  .copy_in = mock_copy_in,
  .copy_out = mock_copy_out,
  .poke = mock_poke,
  .load32 = mock_load32,
  .cmpxchg32 = mock_cmpxchg32,
  .resident = mock_resident,
  .foreach_private_page = mock_foreach_private_page,
  .rss = mock_rss,
  .free = mock_free,
};

SentryAddressSpace *
mock_space_new (SentryMockPlatform *platform)
{
  MockSpace *s = g_new0 (MockSpace, 1);

  s->base.ops = &mock_space_ops;
  sentry_ref_init (&s->base.ref);
  s->base.min_addr = SENTRY_MOCK_MIN_ADDR;
  s->base.max_addr = SENTRY_MOCK_MAX_ADDR;
  s->platform = g_object_ref (platform);
  sentry_mutex_init (&s->lock, SENTRY_LOCK_PLATFORM);
  s->pages = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, mock_page_unref);
  g_atomic_int_inc (&platform->n_address_spaces);
  return &s->base;
}

void
sentry_mock_address_space_fail (SentryAddressSpace *as, SentryMockOp op, guint skip, int err)
{
  MockSpace *s = (MockSpace *) as;

  s->fail_errno[op] = err;
  s->fail_skip[op] = skip;
}

guint
sentry_mock_address_space_count (SentryAddressSpace *as, SentryMockOp op)
{
  return ((MockSpace *) as)->count[op];
}

int
sentry_mock_address_space_prot (SentryAddressSpace *as, guint64 addr)
{
  MockRegion *r = (MockRegion *) sentry_interval_map_find (&((MockSpace *) as)->regions, addr);

  return r != NULL ? r->prot : -1;
}

gboolean
sentry_mock_address_space_file (SentryAddressSpace *as, guint64 addr, guint64 *ret_ino,
                                guint64 *ret_offset, gboolean *ret_shared)
{
  MockRegion *r = (MockRegion *) sentry_interval_map_find (&((MockSpace *) as)->regions, addr);
  struct stat st = { 0 };

  if (r == NULL)
    return FALSE;
  if (r->file != NULL)
    g_assert_cmpint (fstat (r->file->fd, &st), ==, 0);
  *ret_ino = st.st_ino;
  *ret_offset = r->file != NULL ? r->offset + (addr - r->range.start) : 0;
  *ret_shared = r->shared;
  return TRUE;
}
