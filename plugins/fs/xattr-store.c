/* Extended attributes in a sorted array. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xattr-store.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/sentry-charge.h"

struct SentryFsXattr
{
  char *name;
  guint8 *value;
  gsize size;
};

static gsize
cost (gsize name_len, gsize size)
{
  return sizeof (struct SentryFsXattr) + name_len + 1 + size + 32;
}

static void
entry_clear (struct SentryFsXattr *e)
{
  sentry_uncharge (cost (strlen (e->name), e->size));
  g_free (e->name);
  g_free (e->value);
}

void
sentry_fs_xattrs_clear (SentryFsXattrs *x)
{
  for (guint i = 0; i < x->n; i++)
    entry_clear (&x->entries[i]);
  g_clear_pointer (&x->entries, g_free);
  x->n = 0;
}

/* Where `name` is, or where it would be. */
static gboolean
find (const SentryFsXattrs *x, const char *name, guint *ret_at)
{
  guint low = 0, high = x->n;

  while (low < high)
    {
      guint middle = (low + high) / 2;
      int c = strcmp (name, x->entries[middle].name);

      if (c == 0)
        {
          *ret_at = middle;
          return TRUE;
        }
      if (c < 0)
        high = middle;
      else
        low = middle + 1;
    }
  *ret_at = low;
  return FALSE;
}

gssize
sentry_fs_xattrs_get (const SentryFsXattrs *x, const char *name, gpointer value, gsize size)
{
  guint at;

  if (!find (x, name, &at))
    return -ENODATA;
  if (size == 0)
    return x->entries[at].size;
  if (size < x->entries[at].size)
    return -ERANGE;
  if (x->entries[at].size > 0)
    memcpy (value, x->entries[at].value, x->entries[at].size);
  return x->entries[at].size;
}

static int
insert (SentryFsXattrs *x, guint at, struct SentryFsXattr *fresh)
{
  struct SentryFsXattr *bigger = g_try_renew (struct SentryFsXattr, x->entries, x->n + 1);

  if (bigger == NULL)
    return -ENOSPC;
  x->entries = bigger;
  if (x->n > at)
    memmove (bigger + at + 1, bigger + at, (x->n - at) * sizeof *bigger);
  bigger[at] = *fresh;
  x->n++;
  return 0;
}

int
sentry_fs_xattrs_set (SentryFsXattrs *x, const char *name, gconstpointer value, gsize size,
                      int flags)
{
  struct SentryFsXattr fresh = { .size = size };
  guint at;
  gboolean found = find (x, name, &at);
  int r = 0;

  if (found && (flags & XATTR_CREATE))
    return -EEXIST;
  if (!found && (flags & XATTR_REPLACE))
    return -ENODATA;
  if (!sentry_charge (cost (strlen (name), size)))
    return -ENOSPC;
  fresh.name = g_strdup (name);
  fresh.value = g_memdup2 (value, size);
  if (found)
    {
      entry_clear (&x->entries[at]);
      x->entries[at] = fresh;
    }
  else
    r = insert (x, at, &fresh);
  if (r < 0)
    entry_clear (&fresh);
  return r;
}

gssize
sentry_fs_xattrs_list (const SentryFsXattrs *x, char *list, gsize size)
{
  gsize len = 0;

  for (guint i = 0; i < x->n; i++)
    len += strlen (x->entries[i].name) + 1;
  if (size == 0)
    return len;
  if (len > size)
    return -ERANGE;
  for (guint i = x->n; i-- > 0;)
    list = stpcpy (list, x->entries[i].name) + 1;
  return len;
}

int
sentry_fs_xattrs_remove (SentryFsXattrs *x, const char *name)
{
  guint at;

  if (!find (x, name, &at))
    return -ENODATA;
  entry_clear (&x->entries[at]);
  x->n--;
  if (x->n > at)
    memmove (x->entries + at, x->entries + at + 1, (x->n - at) * sizeof *x->entries);
  return 0;
}
