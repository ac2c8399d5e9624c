/* --user: names and numbers into ids, by the user database of the sandbox's root.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

/* Only files, never NSS: with --root the database is that directory's, and NSS modules have no
 * place in the process that becomes the sandbox.  The path may contain symlinks that leave root;
 * then the host's file is read, as the caller. */
static FILE *
open_database (const SentrySandboxConfig *s, const char *name)
{
  g_autofree char *path = g_build_filename (s->root, "etc", name, NULL);

  return fopen (path, "re");
}

static gboolean
parse_id (const char *text, guint32 *ret_id)
{
  guint64 id;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32 - 1, &id, NULL))
    return FALSE;
  *ret_id = (guint32) id;
  return TRUE;
}

/* Fills uid, gid and *ret_name (NULL if the database doesn't know the number). */
static gboolean
find_user (SentrySandboxConfig *s, const char *text, char **ret_name, GError **error)
{
  FILE *f = open_database (s, "passwd");
  guint32 id = 0;
  gboolean numeric = parse_id (text, &id);
  gboolean found = FALSE;
  struct passwd *pw;

  while (f != NULL && !found && (pw = fgetpwent (f)) != NULL)
    if (numeric ? pw->pw_uid == id : g_str_equal (pw->pw_name, text))
      {
        s->uid = pw->pw_uid;
        s->gid = pw->pw_gid;
        *ret_name = g_strdup (pw->pw_name);
        found = TRUE;
      }
  if (f != NULL)
    fclose (f);
  if (found)
    return TRUE;
  if (!numeric)
    {
      usage_error (error, "'%s' is not a user of the sandbox", text);
      return FALSE;
    }
  s->uid = s->gid = id;
  return TRUE;
}

static gboolean
find_group (const SentrySandboxConfig *s, const char *text, gid_t *ret_gid, GError **error)
{
  FILE *f;
  struct group *gr;
  gboolean found = FALSE;

  if (parse_id (text, ret_gid))
    return TRUE;
  f = open_database (s, "group");
  while (f != NULL && !found && (gr = fgetgrent (f)) != NULL)
    if (g_str_equal (gr->gr_name, text))
      {
        *ret_gid = gr->gr_gid;
        found = TRUE;
      }
  if (f != NULL)
    fclose (f);
  if (!found)
    usage_error (error, "'%s' is not a group of the sandbox", text);
  return found;
}

static void
set_groups (SentrySandboxConfig *s, GArray *groups)
{
  g_free (s->groups);
  s->n_groups = groups->len;
  s->groups = g_memdup2 (groups->data, groups->len * sizeof (gid_t));
}

/* Every group that lists the user, as initgroups () has it. */
static void
groups_of_user (SentrySandboxConfig *s, const char *name)
{
  g_autoptr (GArray) groups = g_array_new (FALSE, FALSE, sizeof (gid_t));
  FILE *f = name != NULL ? open_database (s, "group") : NULL;
  struct group *gr;

  g_array_append_val (groups, s->gid);
  while (f != NULL && (gr = fgetgrent (f)) != NULL)
    if (gr->gr_gid != s->gid && g_strv_contains ((const char *const *) gr->gr_mem, name))
      g_array_append_val (groups, gr->gr_gid);
  if (f != NULL)
    fclose (f);
  set_groups (s, groups);
}

/* The first is the primary group, the rest are supplementary. */
static gboolean
groups_given (SentrySandboxConfig *s, const char *text, GError **error)
{
  g_auto (GStrv) names = g_strsplit (text, ",", -1);
  g_autoptr (GArray) groups = g_array_new (FALSE, FALSE, sizeof (gid_t));

  for (char **name = names; *name != NULL; name++)
    {
      gid_t gid;

      if (!find_group (s, *name, &gid, error))
        return FALSE;
      if (name == names)
        s->gid = gid;
      else
        g_array_append_val (groups, gid);
    }
  set_groups (s, groups);
  return TRUE;
}

gboolean
sentry_user_resolve (SentrySandboxConfig *s, const char *user, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (user, ":", 2);
  g_autofree char *name = NULL;

  if (parts[0] == NULL || *parts[0] == '\0' || (parts[1] != NULL && *parts[1] == '\0'))
    {
      usage_error (error, "'%s' is not USER or USER:GROUP,…", user);
      return FALSE;
    }
  if (!find_user (s, parts[0], &name, error))
    return FALSE;
  if (parts[1] != NULL)
    return groups_given (s, parts[1], error);
  groups_of_user (s, name);
  return TRUE;
}
