/* The bytes of a tmpfs file: sparse pages in memory, or a memfd once it is mapped.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sentry-charge.h"
#include "page-pool.h"
#include "tmpfs.h"

gboolean
sentry_tmpfs_charge (SentryTmpfs *fs, guint64 pages)
{
  guint64 max = __atomic_load_n (&fs->max_blocks, __ATOMIC_RELAXED);
  guint64 used = __atomic_add_fetch (&fs->used_blocks, pages, __ATOMIC_RELAXED);

  if ((max == 0 || used <= max) && sentry_charge (pages * SENTRY_FS_PAGE))
    return TRUE;
  __atomic_sub_fetch (&fs->used_blocks, pages, __ATOMIC_RELAXED);
  return FALSE;
}

void
sentry_tmpfs_uncharge (SentryTmpfs *fs, guint64 pages)
{
  __atomic_sub_fetch (&fs->used_blocks, pages, __ATOMIC_RELAXED);
  sentry_uncharge (pages * SENTRY_FS_PAGE);
}

void
sentry_tmpfs_data_init (SentryTmpfsData *data)
{
  data->fd = data->read_fd = -1;
}

/* A reserved page has the lowest bit of its address set. */
static gboolean
is_reserved (const guint8 *entry)
{
  return ((guintptr) entry & 1) != 0;
}

static guint8 *
address_of (guint8 *entry)
{
  return (guint8 *) ((guintptr) entry & ~(guintptr) 1);
}

static void
free_leaf (gpointer leaf)
{
  guint8 **pages = leaf;

  for (guint i = 0; i < SENTRY_TMPFS_LEAF; i++)
    if (pages[i] != NULL)
      sentry_fs_page_free (address_of (pages[i]));
  g_free (pages);
}

static guint8 **
find_slot (SentryTmpfsData *data, guint64 index)
{
  guint64 leaf = index / SENTRY_TMPFS_LEAF;
  guint8 **pages;

  if (index < SENTRY_TMPFS_LEAF)
    return index < data->n_low ? &data->low[index] : NULL;
  pages = data->high == NULL ? NULL : g_hash_table_lookup (data->high, &leaf);
  return pages == NULL ? NULL : &pages[index % SENTRY_TMPFS_LEAF];
}

static guint8 **
make_low_slot (SentryTmpfsData *data, guint index)
{
  guint n = MAX (data->n_low, 4);
  guint8 **bigger;

  while (n <= index)
    n *= 2;
  bigger = g_try_renew (guint8 *, data->low, n);
  if (bigger == NULL)
    return NULL;
  memset (bigger + data->n_low, 0, (n - data->n_low) * sizeof *bigger);
  data->low = bigger;
  data->n_low = n;
  return &data->low[index];
}

static guint8 **
make_slot (SentryTmpfsData *data, guint64 index)
{
  guint64 leaf = index / SENTRY_TMPFS_LEAF;
  guint8 **slot = find_slot (data, index), **pages;

  if (slot != NULL)
    return slot;
  if (index < SENTRY_TMPFS_LEAF)
    return make_low_slot (data, index);
  pages = g_try_new0 (guint8 *, SENTRY_TMPFS_LEAF);
  if (pages == NULL)
    return NULL;
  if (data->high == NULL)
    data->high = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, free_leaf);
  g_hash_table_insert (data->high, g_memdup2 (&leaf, sizeof leaf), pages);
  return &pages[index % SENTRY_TMPFS_LEAF];
}

guint8 *
sentry_tmpfs_get_page (SentryTmpfsData *data, guint64 index)
{
  guint8 **slot = find_slot (data, index);

  return slot == NULL || is_reserved (*slot) ? NULL : *slot;
}

/* The slot of a page that is there, made if there is none. */
static guint8 **
fill_slot (SentryTmpfsInode *inode, guint64 index, int *ret_error)
{
  SentryTmpfs *fs = sentry_tmpfs_of (inode);
  guint8 **slot = make_slot (&inode->data, index);

  *ret_error = -ENOMEM;
  if (slot == NULL || *slot != NULL)
    return slot;
  if (!sentry_tmpfs_charge (fs, 1))
    {
      *ret_error = -ENOSPC;
      return NULL;
    }
  *slot = sentry_fs_page_alloc ();
  if (*slot == NULL)
    {
      sentry_tmpfs_uncharge (fs, 1);
      return NULL;
    }
  inode->data.charged++;
  *slot = (guint8 *) ((guintptr) *slot | 1);
  return slot;
}

guint8 *
sentry_tmpfs_make_page (SentryTmpfsInode *inode, guint64 index, int *ret_error)
{
  guint8 **slot = fill_slot (inode, index, ret_error);

  if (slot == NULL)
    return NULL;
  *slot = address_of (*slot);
  return *slot;
}

int
sentry_tmpfs_reserve_page (SentryTmpfsInode *inode, guint64 index)
{
  int error;

  return fill_slot (inode, index, &error) == NULL ? error : 0;
}

static void
drop_page (SentryTmpfsInode *inode, guint8 **slot)
{
  if (*slot == NULL)
    return;
  sentry_fs_page_free (address_of (*slot));
  *slot = NULL;
  inode->data.charged--;
  sentry_tmpfs_uncharge (sentry_tmpfs_of (inode), 1);
}

typedef struct
{
  SentryTmpfsInode *inode;
  guint64 first, end; /* pages */
} DropRange;

/* TRUE: the leaf has become empty and goes. */
static gboolean
drop_in_leaf (gpointer key, gpointer value, gpointer data)
{
  DropRange *range = data;
  guint64 base = *(guint64 *) key * SENTRY_TMPFS_LEAF;
  guint8 **pages = value;
  gboolean empty = TRUE;

  for (guint i = 0; i < SENTRY_TMPFS_LEAF; i++)
    {
      if (base + i >= range->first && base + i < range->end)
        drop_page (range->inode, &pages[i]);
      empty = empty && pages[i] == NULL;
    }
  return empty;
}

/* Costs the leaves that there are, not the length of the range. */
static void
drop_pages (SentryTmpfsInode *inode, guint64 first, guint64 end)
{
  DropRange range = { inode, first, end };

  for (guint64 i = first; i < MIN (end, inode->data.n_low); i++)
    drop_page (inode, &inode->data.low[i]);
  if (inode->data.high != NULL && end > SENTRY_TMPFS_LEAF)
    g_hash_table_foreach_remove (inode->data.high, drop_in_leaf, &range);
}

void
sentry_tmpfs_drop_pages (SentryTmpfsInode *inode)
{
  drop_pages (inode, 0, G_MAXUINT64);
  g_clear_pointer (&inode->data.low, g_free);
  g_clear_pointer (&inode->data.high, g_hash_table_unref);
  inode->data.n_low = 0;
}

void
sentry_tmpfs_data_clear (SentryTmpfsInode *inode)
{
  SentryTmpfsData *data = &inode->data;

  if (data->fd >= 0)
    {
      sentry_tmpfs_uncharge (sentry_tmpfs_of (inode), data->charged);
      data->charged = 0;
      sentry_tmpfs_close_memfd (inode);
    }
  sentry_tmpfs_drop_pages (inode);
}

/* Zeroes the rest of the page that `offset` lies in: what is cut off must not come back. */
static void
zero_tail (SentryTmpfsData *data, guint64 offset)
{
  guint8 *page = sentry_tmpfs_get_page (data, offset / SENTRY_FS_PAGE);
  guint32 in_page = offset % SENTRY_FS_PAGE;

  if (page != NULL && in_page != 0)
    memset (page + in_page, 0, SENTRY_FS_PAGE - in_page);
}

int
sentry_tmpfs_set_size (SentryTmpfsInode *inode, guint64 size)
{
  SentryTmpfsData *data = &inode->data;

  if (size > (guint64) inode->inode.sb->max_bytes)
    return -EFBIG;
  if (data->fd >= 0 && ftruncate (data->fd, size) < 0)
    return -errno;
  if (data->fd < 0 && size < data->size)
    {
      drop_pages (inode, (size + SENTRY_FS_PAGE - 1) / SENTRY_FS_PAGE, G_MAXUINT64);
      zero_tail (data, size);
    }
  __atomic_store_n (&data->size, size, __ATOMIC_RELEASE);
  return data->fd >= 0 ? sentry_tmpfs_recount (inode) : 0;
}

int
sentry_tmpfs_punch (SentryTmpfsInode *inode, guint64 start, guint64 end)
{
  SentryTmpfsData *data = &inode->data;
  guint64 first = (start + SENTRY_FS_PAGE - 1) / SENTRY_FS_PAGE, last = end / SENTRY_FS_PAGE;
  guint8 *page;

  if (data->fd >= 0)
    {
      if (fallocate (data->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start, end - start) < 0)
        return -errno;
      return sentry_tmpfs_recount (inode);
    }
  if (first > last) /* within one page */
    {
      page = sentry_tmpfs_get_page (data, last);
      if (page != NULL)
        memset (page + start % SENTRY_FS_PAGE, 0, end - start);
      return 0;
    }
  zero_tail (data, start);
  page = end % SENTRY_FS_PAGE != 0 ? sentry_tmpfs_get_page (data, last) : NULL;
  if (page != NULL)
    memset (page, 0, end % SENTRY_FS_PAGE);
  drop_pages (inode, first, last);
  return 0;
}

/* The next leaf that exists, from `leaf` on. */
static guint64
next_leaf (SentryTmpfsData *data, guint64 leaf)
{
  guint64 best = G_MAXUINT64;
  GHashTableIter iter;
  gpointer key;

  if (data->high == NULL)
    return best;
  g_hash_table_iter_init (&iter, data->high);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (*(guint64 *) key >= leaf)
      best = MIN (best, *(guint64 *) key);
  return best;
}

static gboolean
is_what (const guint8 *entry, SentryTmpfsPages what)
{
  gboolean written = entry != NULL && !is_reserved (entry);

  return what == SENTRY_TMPFS_ALLOCATED ? entry != NULL : written == (what == SENTRY_TMPFS_WRITTEN);
}

guint64
sentry_tmpfs_next_page (SentryTmpfsData *data, guint64 index, guint64 end, SentryTmpfsPages what)
{
  while (index < end)
    {
      guint8 **slot = find_slot (data, index);

      if (is_what (slot == NULL ? NULL : *slot, what))
        return index;
      index++;
      /* Where no leaf is, its whole range is a hole. */
      if (slot == NULL && index >= SENTRY_TMPFS_LEAF)
        {
          guint64 leaf = next_leaf (data, index / SENTRY_TMPFS_LEAF);

          if (leaf == G_MAXUINT64)
            return end;
          index = MAX (index, leaf * SENTRY_TMPFS_LEAF);
        }
    }
  return end;
}

void
sentry_tmpfs_unreserve (SentryTmpfsInode *inode, guint64 first, guint64 end)
{
  for (guint64 page = first; page < end; page++)
    {
      guint8 **slot = find_slot (&inode->data, page);

      if (slot != NULL && is_reserved (*slot))
        drop_page (inode, slot);
    }
}

guint64
sentry_tmpfs_data_blocks (SentryTmpfsData *data)
{
  struct stat st;

  if (data->fd >= 0 && fstat (data->fd, &st) == 0)
    return st.st_blocks;
  return data->charged * (SENTRY_FS_PAGE / 512);
}
