/* The trees of /proc and /sys: rows that subsystems register, and walks over them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "iface/sentry-proc.h"

#include <errno.h>
#include <string.h>

#include "kernel/attributes.h"
#include "kernel/process.h"
#include "kernel/task-info.h"

/* Below these bits of a directory's cursor lie ".", ".." and the static names; above them the
 * numbered ones. */
#define NUMBERED (G_GINT64_CONSTANT (1) << 62)

/* Made before main and never freed. */
struct SentryProcNode
{
  const char *name; /* one part of a path */
  const SentryProcEntry *entry;
  const SentryProcNode *parent;
  SentryProcNode *numbered; /* the child in brackets, or NULL */
  GPtrArray *children;      /* SentryProcNode, in the order of listings */
  guint32 id;               /* the same in each run of the same program */
};

typedef struct
{
  const char *name;
  SentryProcNode *root;
} Tree;

static Tree trees[2];
static guint n_nodes;

static const SentryProcEntry plain_directory = { .mode = S_IFDIR | 0555 };

/* --- building --- */

static SentryProcNode *
new_node (const SentryProcNode *parent, char *name)
{
  SentryProcNode *node = g_new0 (SentryProcNode, 1);

  node->name = name;
  node->parent = parent;
  node->entry = &plain_directory;
  node->children = g_ptr_array_new ();
  node->id = ++n_nodes;
  return node;
}

static SentryProcNode *
tree_root (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (trees); i++)
    {
      if (trees[i].name == NULL)
        trees[i] = (Tree){ name, new_node (NULL, g_strdup ("")) };
      if (strcmp (trees[i].name, name) == 0)
        return trees[i].root;
    }
  g_assert_not_reached ();
}

static SentryProcNode *
find_child (const SentryProcNode *dir, const char *name)
{
  for (guint i = 0; i < dir->children->len; i++)
    {
      SentryProcNode *child = dir->children->pdata[i];
      if (strcmp (child->name, name) == 0)
        return child;
    }
  return NULL;
}

/* Linux keeps names of /proc sorted by length first, sysctls and sysfs by the alphabet; a task's
 * directory has the order of its table, and "self" stands at the end of the root's. */
static gboolean
goes_before (const SentryProcNode *a, const SentryProcNode *b)
{
  gboolean a_last = g_str_has_suffix (a->name, "self"), b_last = g_str_has_suffix (b->name, "self");
  gsize a_len = strlen (a->name), b_len = strlen (b->name);

  if (a->parent->parent != NULL)
    return strcmp (a->name, b->name) < 0;
  if (a_last != b_last)
    return b_last;
  return a_len != b_len ? a_len < b_len : strcmp (a->name, b->name) < 0;
}

static gboolean
is_below_task (const SentryProcNode *node)
{
  for (; node != NULL; node = node->parent)
    if (strcmp (node->name, "[pid]") == 0)
      return TRUE;
  return FALSE;
}

static void
add_child (SentryProcNode *dir, SentryProcNode *child)
{
  guint at = dir->children->len;

  if (!is_below_task (dir))
    for (at = 0; at < dir->children->len; at++)
      if (goes_before (child, dir->children->pdata[at]))
        break;
  g_ptr_array_insert (dir->children, (gint) at, child);
}

static SentryProcNode *
get_or_make (SentryProcNode *dir, const char *name)
{
  SentryProcNode *child;

  if (name[0] == '[')
    {
      if (dir->numbered == NULL)
        dir->numbered = new_node (dir, g_strdup (name));
      return dir->numbered;
    }
  child = find_child (dir, name);
  if (child == NULL)
    {
      child = new_node (dir, g_strdup (name));
      add_child (dir, child);
    }
  return child;
}

void
sentry_proc_register (const char *tree, const SentryProcEntry *entries, guint n_entries)
{
  for (guint i = 0; i < n_entries; i++)
    {
      g_auto (GStrv) parts = g_strsplit (entries[i].path, "/", -1);
      SentryProcNode *node = tree_root (tree);

      for (guint j = 0; parts[j] != NULL; j++)
        if (*parts[j] != '\0')
          node = get_or_make (node, parts[j]);
      node->entry = &entries[i];
    }
}

/* --- places --- */

SentryProcPlace
sentry_proc_root (const char *tree, SentryKernel *kernel)
{
  return (SentryProcPlace){ .node = tree_root (tree), .kernel = kernel };
}

void
sentry_proc_place_copy (const SentryProcPlace *place, SentryProcPlace *ret_copy)
{
  *ret_copy = *place;
  if (place->task != NULL)
    sentry_task_ref (place->task);
}

void
sentry_proc_place_clear (SentryProcPlace *place)
{
  if (place->task != NULL)
    sentry_task_unref (g_steal_pointer (&place->task));
}

const SentryProcEntry *
sentry_proc_entry (const SentryProcPlace *place)
{
  return place->node->entry;
}

gboolean
sentry_proc_is_dynamic (const SentryProcPlace *dir)
{
  return dir->node->numbered != NULL;
}

static gboolean
parse_decimal (const char *name, guint64 *ret_key)
{
  /* "007" is no name of 7. */
  if (name[0] == '0' && name[1] != '\0')
    return FALSE;
  return g_ascii_string_to_unsigned (name, 10, 0, G_MAXINT32, ret_key, NULL);
}

static void
print_key (const SentryProcEntry *entry, guint64 key, char ret_name[SENTRY_PROC_NAME_MAX])
{
  if (entry->print != NULL)
    entry->print (key, ret_name);
  else
    g_snprintf (ret_name, SENTRY_PROC_NAME_MAX, "%" G_GUINT64_FORMAT, key);
}

static gboolean
enter_numbered (const SentryProcPlace *dir, guint64 key, SentryProcPlace *child)
{
  const SentryProcEntry *entry = child->node->entry;
  guint64 found;

  child->key = key;
  if (entry->enter != NULL)
    return entry->enter (dir, key, child);
  return entry->next != NULL && entry->next (dir, key, &found) && found == key;
}

static int
lookup_numbered (const SentryProcPlace *dir, const char *name, SentryProcPlace *child)
{
  const SentryProcEntry *entry;
  guint64 key;

  child->node = dir->node->numbered;
  if (child->node == NULL)
    return -ENOENT;
  entry = child->node->entry;
  if (!(entry->parse != NULL ? entry->parse (name, &key) : parse_decimal (name, &key))
      || !enter_numbered (dir, key, child))
    return -ENOENT;
  return 0;
}

int
sentry_proc_lookup (const SentryProcPlace *dir, const char *name, SentryProcPlace *ret_child)
{
  SentryProcPlace child = { .kernel = dir->kernel, .thread = dir->thread, .key = dir->key };

  child.node = find_child (dir->node, name);
  if (child.node == NULL && lookup_numbered (dir, name, &child) < 0)
    return -ENOENT;
  if (child.task == NULL && dir->task != NULL)
    child.task = sentry_task_ref (dir->task);
  *ret_child = child;
  return 0;
}

gboolean
sentry_proc_is_alive (const SentryProcPlace *place)
{
  if (place->task != NULL
      && __atomic_load_n (&place->task->run_state, __ATOMIC_ACQUIRE) == SENTRY_RUN_DEAD)
    return FALSE;
  return place->node->entry->alive == NULL || place->node->entry->alive (place);
}

/* --- listing --- */

static guint64
ino_of (const SentryProcNode *node, SentryTask *task, guint64 key)
{
  guint64 mixed;

  if (node->parent == NULL)
    return 1;
  if (task == NULL && !g_str_has_prefix (node->name, "["))
    return 0xf0000000u + node->id;
  mixed = node->id
          + (task == NULL ? 0 : (guint64) task->tid * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15))
          + key * G_GUINT64_CONSTANT (0xd6e8feb86659fd93);
  mixed ^= mixed >> 29;
  mixed *= G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  return (mixed >> 24) + 2;
}

guint64
sentry_proc_ino (const SentryProcPlace *place)
{
  return ino_of (place->node, place->task, place->key);
}

static gboolean
next_numbered (const SentryProcPlace *dir, gint64 *cursor, char ret_name[SENTRY_PROC_NAME_MAX],
               guint32 *ret_type, guint64 *ret_ino)
{
  const SentryProcNode *node = dir->node->numbered;
  guint64 from = *cursor < NUMBERED ? 0 : (guint64) (*cursor - NUMBERED), key;
  SentryProcPlace child = { .node = node, .kernel = dir->kernel };

  for (; node != NULL && node->entry->next != NULL && node->entry->next (dir, from, &key);
       from = key + 1)
    {
      if (!enter_numbered (dir, key, &child))
        continue;
      *cursor = NUMBERED + (gint64) key + 1;
      print_key (node->entry, key, ret_name);
      *ret_type = node->entry->mode & S_IFMT;
      *ret_ino = ino_of (node, child.task != NULL ? child.task : dir->task, key);
      sentry_proc_place_clear (&child);
      return TRUE;
    }
  return FALSE;
}

gboolean
sentry_proc_next (const SentryProcPlace *dir, gint64 *cursor, char ret_name[SENTRY_PROC_NAME_MAX],
                  guint32 *ret_type, guint64 *ret_ino)
{
  const SentryProcNode *child;

  if (*cursor < 0 || *cursor >= (gint64) dir->node->children->len)
    return next_numbered (dir, cursor, ret_name, ret_type, ret_ino);
  child = dir->node->children->pdata[(*cursor)++];
  g_strlcpy (ret_name, child->name, SENTRY_PROC_NAME_MAX);
  *ret_type = child->entry->mode & S_IFMT;
  *ret_ino = ino_of (child, dir->task, dir->key);
  return TRUE;
}

guint
sentry_proc_n_subdirs (const SentryProcPlace *dir)
{
  guint n = 0;

  for (guint i = 0; i < dir->node->children->len; i++)
    n += S_ISDIR (((const SentryProcNode *) dir->node->children->pdata[i])->entry->mode);
  return n;
}

/* --- permissions --- */

void
sentry_proc_owner (const SentryProcPlace *place, guint32 *ret_mode, guint32 *ret_uid,
                   guint32 *ret_gid)
{
  const SentryProcEntry *entry = place->node->entry;
  SentryCred *cred;

  *ret_mode = entry->mode;
  *ret_uid = *ret_gid = 0;
  if (entry->link_mode != NULL)
    *ret_mode = (entry->mode & S_IFMT) | entry->link_mode (place);
  if (place->task == NULL || (entry->flags & SENTRY_PROC_ROOT_OWNED))
    return;
  /* task_dump_owner: everybody may see whose a task is by its directory, not what is in it. */
  if (entry->mode != (S_IFDIR | 0555) && sentry_task_dumpable (place->task) != 1)
    return;
  cred = sentry_task_get_cred (place->task);
  if (cred == NULL)
    return;
  *ret_uid = cred->euid;
  *ret_gid = cred->egid;
  sentry_cred_unref (cred);
}

int
sentry_proc_check_access (const SentryProcPlace *place)
{
  guint32 flags = place->node->entry->flags & (SENTRY_PROC_READ_ACCESS | SENTRY_PROC_ATTACH_ACCESS);
  SentryTask *current = sentry_task_current ();

  if (place->task == NULL || flags == 0 || current == NULL)
    return 0;
  return sentry_task_may_access (current, place->task, (flags & SENTRY_PROC_ATTACH_ACCESS) != 0,
                                 TRUE)
                 < 0
             ? -EACCES
             : 0;
}

gboolean
sentry_proc_is_own (const SentryProcPlace *place)
{
  SentryTask *current = sentry_task_current ();

  return (place->node->entry->flags & SENTRY_PROC_SEARCH_TASK) && place->task != NULL
         && current != NULL && current->group == place->task->group;
}
