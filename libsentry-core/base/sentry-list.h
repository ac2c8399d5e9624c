/* An intrusive doubly linked list: no allocation, O(1) removal.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A head points to itself when empty; a link that is on no list has next == NULL. */
typedef struct SentryList
{
  struct SentryList *next, *prev;
} SentryList;

#define SENTRY_CONTAINER(ptr, Type, member)                                                        \
  ((Type *) ((char *) (ptr) -G_STRUCT_OFFSET (Type, member)))

/* `link` walks the list; `safe` holds the next link, so that `link` may be removed in the body. */
#define SENTRY_LIST_FOREACH(link, safe, head)                                                      \
  for (SentryList *link = (head)->next, *safe = link->next; link != (head);                        \
       link = safe, safe = link->next)

static inline void
sentry_list_init (SentryList *head)
{
  head->next = head->prev = head;
}

static inline gboolean
sentry_list_is_empty (const SentryList *head)
{
  return head->next == head;
}

static inline gboolean
sentry_list_linked (const SentryList *link)
{
  return link->next != NULL;
}

static inline void
sentry_list_insert_before (SentryList *at, SentryList *link)
{
  g_assert (link->next == NULL);
  link->next = at;
  link->prev = at->prev;
  at->prev->next = link;
  at->prev = link;
}

static inline void
sentry_list_append (SentryList *head, SentryList *link)
{
  sentry_list_insert_before (head, link);
}

static inline void
sentry_list_prepend (SentryList *head, SentryList *link)
{
  sentry_list_insert_before (head->next, link);
}

/* Harmless on a link that is on no list. */
static inline void
sentry_list_remove (SentryList *link)
{
  if (link->next == NULL)
    return;
  link->prev->next = link->next;
  link->next->prev = link->prev;
  link->next = link->prev = NULL;
}

G_END_DECLS
