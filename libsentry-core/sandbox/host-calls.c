/* The host system calls that a locked-down sandbox process may make.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/host-calls.h"
#include <errno.h>
#include <gio/gio.h>
#include <seccomp.h>
#include <string.h>
#include <sys/syscall.h>

typedef struct
{
  const char *part;
  const SentryHostCall *call;
} Need;

struct SentryHostCallSet
{
  GArray *needs;        /* of Need, in the order in which they came */
  GHashTable *numbers;  /* the calls needed */
  GHashTable *anything; /* the calls that some part needs without conditions */
};

SentryHostCallSet *
sentry_host_call_set_new (void)
{
  SentryHostCallSet *set = g_new0 (SentryHostCallSet, 1);

  set->needs = g_array_new (FALSE, FALSE, sizeof (Need));
  set->numbers = g_hash_table_new (NULL, NULL);
  set->anything = g_hash_table_new (NULL, NULL);
  return set;
}

void
sentry_host_call_set_free (SentryHostCallSet *set)
{
  g_array_unref (set->needs);
  g_hash_table_unref (set->numbers);
  g_hash_table_unref (set->anything);
  g_free (set);
}

void
sentry_host_call_set_add (SentryHostCallSet *set, const char *part, const SentryHostCall *calls)
{
  for (; calls != NULL && calls->nr >= 0; calls++)
    {
      Need need = { part, calls };

      g_array_append_val (set->needs, need);
      g_hash_table_add (set->numbers, GINT_TO_POINTER (calls->nr));
      if (calls->n_args == 0)
        g_hash_table_add (set->anything, GINT_TO_POINTER (calls->nr));
    }
}

guint
sentry_host_call_set_size (SentryHostCallSet *set)
{
  return g_hash_table_size (set->numbers);
}

static char *
call_name (int nr)
{
  char *name = seccomp_syscall_resolve_num_arch (SCMP_ARCH_X86_64, nr);
  char *copy = name != NULL ? g_strdup (name) : g_strdup_printf ("call_%d", nr);

  free (name);
  return copy;
}

static void
describe_need (GString *out, const Need *need)
{
  g_autofree char *name = call_name (need->call->nr);
  gsize start = out->len;

  g_string_append (out, name);
  for (guint i = 0; i < need->call->n_args; i++)
    g_string_append_printf (out,
                            "%s arg%u & 0x%" G_GINT64_MODIFIER "x == 0x%" G_GINT64_MODIFIER "x",
                            i == 0 ? " if" : " and", need->call->args[i].arg,
                            need->call->args[i].mask, need->call->args[i].value);
  while (out->len - start < 32)
    g_string_append_c (out, ' ');
  g_string_append_printf (out, " %s: %s\n", need->part, need->call->why);
}

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

char *
sentry_host_call_set_describe (SentryHostCallSet *set)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;

  for (guint i = 0; i < set->needs->len; i++)
    describe_need (out, &g_array_index (set->needs, Need, i));
  if (out->len > 0)
    g_string_truncate (out, out->len - 1);
  lines = g_strsplit (out->str, "\n", -1);
  qsort (lines, g_strv_length (lines), sizeof (char *), compare_lines);
  return g_strjoinv ("\n", lines);
}

static int
add_rule (scmp_filter_ctx filter, const SentryHostCall *call)
{
  struct scmp_arg_cmp args[G_N_ELEMENTS (call->args)];

  for (guint i = 0; i < call->n_args; i++)
    args[i] = SCMP_CMP64 (call->args[i].arg, SCMP_CMP_MASKED_EQ, call->args[i].mask,
                          call->args[i].value);
  return seccomp_rule_add_array (filter, SCMP_ACT_ALLOW, call->nr, call->n_args, args);
}

/* A call that anyone needs unconditionally is allowed so: conditions of others on it would only
 * lengthen the filter. */
static int
add_rules (scmp_filter_ctx filter, SentryHostCallSet *set)
{
  g_autoptr (GHashTable) done = g_hash_table_new (NULL, NULL);
  int rc = 0;

  for (guint i = 0; i < set->needs->len && rc == 0; i++)
    {
      const SentryHostCall *call = g_array_index (set->needs, Need, i).call;
      gboolean free_of_conditions
          = g_hash_table_contains (set->anything, GINT_TO_POINTER (call->nr));

      if (!free_of_conditions)
        rc = add_rule (filter, call);
      else if (call->n_args == 0 && g_hash_table_add (done, GINT_TO_POINTER (call->nr)))
        rc = add_rule (filter, call);
      if (rc == -EEXIST) /* two parts with the same conditions */
        rc = 0;
    }
  return rc;
}

/* TSYNC: threads of the core may run already.  The C library tries clone3, whose flags lie in
 * memory where no filter sees them, and falls back to clone when the kernel hasn't got it. */
static int
build_and_load (scmp_filter_ctx filter, SentryHostCallSet *set)
{
  int rc = seccomp_attr_set (filter, SCMP_FLTATR_CTL_TSYNC, 1);

  if (rc == 0)
    rc = seccomp_attr_set (filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (rc == 0)
    rc = seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (rc == 0)
    rc = seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (clone3), 0);
  if (rc == 0)
    rc = add_rules (filter, set);
  if (rc == 0)
    rc = seccomp_load (filter);
  return rc;
}

gboolean
sentry_host_call_set_enforce (SentryHostCallSet *set, GError **error)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_TRAP);
  int rc = filter != NULL ? build_and_load (filter, set) : -ENOMEM;

  if (filter != NULL)
    seccomp_release (filter);
  if (rc == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (-rc),
               "lock-down: the system call filter can't be loaded: %s", g_strerror (-rc));
  return FALSE;
}
