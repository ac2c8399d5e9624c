/* The page pool: regions of 1 MiB, given back to the host when all their pages are free.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "page-pool.h"

#include <string.h>
#include <sys/mman.h>

#include "base/sentry-list.h"
#include "base/sentry-lock.h"

#define REGION_SIZE (1u << 20)
/* The first page of a region is its head. */
#define PAGES (REGION_SIZE / SENTRY_FS_PAGE)

typedef struct
{
  SentryList link;           /* m: among those with free pages */
  guint n_free;              /* m */
  guint fresh;               /* m: pages from here on were never used: zero already */
  guint16 free_stack[PAGES]; /* m: used and free again */
  guint n_stack;             /* m */
} Region;

static SentryMutex pool_lock; /* AUX */
static SentryList partial;
static guint n_empty; /* m: whole regions kept */

static void
ensure_ready (void)
{
  static gsize ready;

  if (g_once_init_enter (&ready))
    {
      sentry_mutex_init (&pool_lock, SENTRY_LOCK_AUX);
      sentry_list_init (&partial);
      g_once_init_leave (&ready, 1);
    }
}

/* Aligned to its size, so that a page's address leads to it. */
static Region *
map_region (void)
{
  char *p = mmap (NULL, 2 * REGION_SIZE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  guintptr start, aligned;

  if (p == MAP_FAILED)
    return NULL;
  start = (guintptr) p;
  aligned = (start + REGION_SIZE - 1) & ~(guintptr) (REGION_SIZE - 1);
  if (aligned > start)
    munmap (p, aligned - start);
  if (start + REGION_SIZE > aligned)
    munmap ((gpointer) (aligned + REGION_SIZE), start + REGION_SIZE - aligned);
  return (Region *) aligned;
}

static Region *
get_region_locked (void)
{
  Region *r;

  if (!sentry_list_is_empty (&partial))
    return SENTRY_CONTAINER (partial.next, Region, link);
  r = map_region ();
  if (r == NULL)
    return NULL;
  r->n_free = PAGES - 1;
  r->fresh = 1;
  n_empty++;
  sentry_list_append (&partial, &r->link);
  return r;
}

gpointer
sentry_fs_page_alloc (void)
{
  gpointer page = NULL;
  gboolean used = FALSE;
  Region *r;

  ensure_ready ();
  sentry_mutex_lock (&pool_lock);
  r = get_region_locked ();
  if (r != NULL)
    {
      used = r->n_stack > 0;
      page = (char *) r + (used ? r->free_stack[--r->n_stack] : r->fresh++) * SENTRY_FS_PAGE;
      if (r->n_free == PAGES - 1)
        n_empty--;
      if (--r->n_free == 0)
        sentry_list_remove (&r->link);
    }
  sentry_mutex_unlock (&pool_lock);
  if (used)
    memset (page, 0, SENTRY_FS_PAGE);
  return page;
}

void
sentry_fs_page_free (gpointer page)
{
  Region *r = (Region *) ((guintptr) page & ~(guintptr) (REGION_SIZE - 1));
  gboolean unmap = FALSE;

  sentry_mutex_lock (&pool_lock);
  r->free_stack[r->n_stack++] = ((guintptr) page - (guintptr) r) / SENTRY_FS_PAGE;
  if (r->n_free++ == 0)
    sentry_list_prepend (&partial, &r->link);
  if (r->n_free == PAGES - 1)
    {
      /* One whole region stays, so that a file written and removed again and again costs no
       * mappings. */
      unmap = n_empty > 0;
      if (unmap)
        sentry_list_remove (&r->link);
      else
        n_empty++;
    }
  sentry_mutex_unlock (&pool_lock);
  if (unmap)
    munmap (r, REGION_SIZE);
}
