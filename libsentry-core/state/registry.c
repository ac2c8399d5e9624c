/* The registry of state tables. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state/sentry-state.h"

GQuark
sentry_state_error_quark (void)
{
  return g_quark_from_static_string ("sentry-state-error");
}

/* Filled by constructors: the core's before main, a plugin's when it is loaded. */
static GMutex registry_lock;
static GHashTable *registry; /* registry_lock: name to table */

void
sentry_state_register (const SentryStateTable *table)
{
  g_mutex_lock (&registry_lock);
  if (registry == NULL)
    registry = g_hash_table_new (g_str_hash, g_str_equal);
  if (!g_hash_table_insert (registry, (gpointer) table->name, (gpointer) table))
    g_error ("two state tables are called \"%s\"", table->name);
  g_mutex_unlock (&registry_lock);
}

const SentryStateTable *
sentry_state_lookup (const char *name)
{
  const SentryStateTable *table = NULL;

  g_mutex_lock (&registry_lock);
  if (registry != NULL)
    table = g_hash_table_lookup (registry, name);
  g_mutex_unlock (&registry_lock);
  return table;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  const SentryStateTable *const *x = a, *const *y = b;
  return strcmp ((*x)->name, (*y)->name);
}

GPtrArray *
sentry_state_tables (void)
{
  GPtrArray *tables = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer table;

  g_mutex_lock (&registry_lock);
  if (registry != NULL)
    {
      g_hash_table_iter_init (&iter, registry);
      while (g_hash_table_iter_next (&iter, NULL, &table))
        g_ptr_array_add (tables, table);
    }
  g_mutex_unlock (&registry_lock);
  g_ptr_array_sort (tables, compare_names);
  return tables;
}
