/* What /proc/PID shows of a task's memory. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "kernel/attributes.h"

/* More than execve lets through (a quarter of the stack limit, which may be raised); read in
 * pieces. */
#define MAX_AREA (8 * 1024 * 1024)
#define PAGE 4096

static void
append_area (SentryMM *mm, guint64 start, guint64 end, GString *out)
{
  SentryUserMem *um = sentry_mm_usermem (mm);
  char buf[PAGE];

  end = MIN (end, start + MAX_AREA);
  while (start < end)
    {
      gsize want = MIN (end - start, sizeof buf),
            got = sentry_copy_in_partial (um, buf, start, want);

      g_string_append_len (out, buf, (gssize) got);
      start += got;
      if (got < want)
        break;
    }
}

/* setproctitle: when the last byte isn't NUL any more, the title goes on into the environment. */
static void
append_title (SentryMM *mm, const SentryMMLayout *l, GString *out)
{
  gsize len;

  if (l->env_end > l->arg_start)
    append_area (mm, l->arg_start, MIN (l->env_end, l->arg_end + PAGE), out);
  len = strnlen (out->str, out->len);
  g_string_truncate (out, len);
}

int
sentry_proc_show_cmdline (const SentryProcPlace *p, GString *out)
{
  SentryMM *mm = sentry_task_get_mm (p->task);
  const SentryMMLayout *l;

  if (mm == NULL)
    return 0;
  l = sentry_mm_layout (mm);
  if (l->arg_end > l->arg_start)
    append_area (mm, l->arg_start, l->arg_end, out);
  if (out->len > 0 && out->str[out->len - 1] != '\0')
    {
      g_string_truncate (out, 0);
      append_title (mm, l, out);
    }
  sentry_mm_unref (mm);
  return 0;
}

int
sentry_proc_show_environ (const SentryProcPlace *p, GString *out)
{
  SentryMM *mm = sentry_task_get_mm (p->task);

  if (mm == NULL)
    return 0;
  append_area (mm, sentry_mm_layout (mm)->env_start, sentry_mm_layout (mm)->env_end, out);
  sentry_mm_unref (mm);
  return 0;
}

int
sentry_proc_show_auxv (const SentryProcPlace *p, GString *out)
{
  SentryMM *mm = sentry_task_get_mm (p->task);
  g_autofree guint64 *auxv = NULL;
  gsize n;

  if (mm == NULL)
    return 0;
  auxv = sentry_mm_get_auxv (mm, &n);
  g_string_append_len (out, (const char *) auxv, (gssize) (n * sizeof *auxv));
  sentry_mm_unref (mm);
  return 0;
}

/* --- maps --- */

typedef struct
{
  const SentryProcPlace *place;
  char *last; /* belongs to us until the next name */
} Names;

static const char *
name_of_file (SentryFile *f, gpointer data)
{
  Names *names = data;

  g_clear_pointer (&names->last, g_free);
  if (!sentry_path_is_empty (&f->path))
    names->last = sentry_proc_path_name (names->place, &f->path);
  return names->last;
}

static int
show_maps (const SentryProcPlace *p, gboolean smaps, GString *out)
{
  SentryMM *mm = sentry_task_get_mm (p->task);
  Names names = { p, NULL };

  if (mm == NULL)
    return 0;
  sentry_mm_show_maps (mm, name_of_file, &names, smaps, out);
  g_free (names.last);
  sentry_mm_unref (mm);
  return 0;
}

int
sentry_proc_show_maps (const SentryProcPlace *p, GString *out)
{
  return show_maps (p, FALSE, out);
}

int
sentry_proc_show_smaps (const SentryProcPlace *p, GString *out)
{
  return show_maps (p, TRUE, out);
}

/* The lines of the sum, in Linux's order. */
static const char *const rollup_names[] = {
  "Rss",
  "Pss",
  "Pss_Dirty",
  "Pss_Anon",
  "Pss_File",
  "Pss_Shmem",
  "Shared_Clean",
  "Shared_Dirty",
  "Private_Clean",
  "Private_Dirty",
  "Referenced",
  "Anonymous",
  "KSM",
  "LazyFree",
  "AnonHugePages",
  "ShmemPmdMapped",
  "FilePmdMapped",
  "Shared_Hugetlb",
  "Private_Hugetlb",
  "Swap",
  "SwapPss",
  "Locked",
};

static void
add_up (const char *line, guint64 sums[])
{
  const char *colon = strchr (line, ':');

  if (colon == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (rollup_names); i++)
    if (strlen (rollup_names[i]) == (gsize) (colon - line)
        && strncmp (line, rollup_names[i], (gsize) (colon - line)) == 0)
      sums[i] += g_ascii_strtoull (colon + 1, NULL, 10);
}

int
sentry_proc_show_smaps_rollup (const SentryProcPlace *p, GString *out)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;
  guint64 sums[G_N_ELEMENTS (rollup_names)] = { 0 }, start = 0, end = 0, a, b;
  int r = show_maps (p, TRUE, text);

  if (r < 0 || text->len == 0)
    return r < 0 ? r : -ESRCH;
  lines = g_strsplit (text->str, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (sscanf (lines[i], "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x ", &a, &b) == 2)
      {
        start = start == 0 ? a : start;
        end = b;
      }
    else
      add_up (lines[i], sums);
  /* Private anonymous memory is the one kind that is told apart. */
  sums[3] = sums[11];
  sums[4] = sums[1] - MIN (sums[1], sums[11]);
  g_string_append_printf (out,
                          "%08" G_GINT64_MODIFIER "x-%08" G_GINT64_MODIFIER
                          "x ---p 00000000 00:00 0 %*s[rollup]\n",
                          start, end, 23, "");
  for (guint i = 0; i < G_N_ELEMENTS (rollup_names); i++)
    {
      g_autofree char *label = g_strconcat (rollup_names[i], ":", NULL);
      g_string_append_printf (out, "%-16s%8" G_GUINT64_FORMAT " kB\n", label, sums[i]);
    }
  return 0;
}

/* --- mem --- */

/* The mm that the task had when it was opened, as on Linux: after an execve it reads as empty. */
typedef struct
{
  SentryFile base;
  SentryMM *mm; /* I: owned; NULL: it had none */
} MemFile;

static void
mem_release (SentryFile *f)
{
  MemFile *mem = (MemFile *) f;

  if (mem->mm != NULL)
    sentry_mm_unref (mem->mm);
  sentry_file_clear (f);
  g_free (mem);
}

static gint64
mem_read (SentryFile *f, SentryIter *dst, gint64 *pos)
{
  MemFile *mem = (MemFile *) f;
  char buf[PAGE];
  gint64 done = 0;

  while (mem->mm != NULL && dst->remaining > 0)
    {
      gsize want = MIN (dst->remaining, sizeof buf);
      gsize got = sentry_copy_in_partial (sentry_mm_usermem (mem->mm), buf, (guint64) *pos, want);
      gsize out = got == 0 ? 0 : sentry_iter_copy_to (dst, buf, got);

      done += (gint64) out;
      *pos += (gint64) out;
      if (out < want)
        return done > 0 ? done : got == 0 ? -EIO : -EFAULT;
    }
  return done;
}

/* Protections don't bind it (FOLL_FORCE): private mappings get their own copy. */
static gint64
mem_write (SentryFile *f, SentryIter *src, gint64 *pos)
{
  MemFile *mem = (MemFile *) f;
  char buf[PAGE];
  gint64 done = 0;

  while (mem->mm != NULL && src->remaining > 0)
    {
      SentryAddressSpace *as = sentry_mm_address_space (mem->mm);
      gsize want = MIN (src->remaining, PAGE - ((gsize) *pos & (PAGE - 1)));
      gsize got = sentry_iter_copy_from (src, buf, want);

      if (got < want)
        return done > 0 ? done : -EFAULT;
      if (as->ops->poke (as, NULL, (guint64) *pos, buf, got) < 0)
        {
          sentry_iter_revert (src, got);
          return done > 0 ? done : -EIO;
        }
      done += (gint64) got;
      *pos += (gint64) got;
    }
  return done;
}

static gint64
mem_seek (SentryFile *f, gint64 offset, int whence)
{
  if (whence != SEEK_SET && whence != SEEK_CUR)
    return -EINVAL;
  return sentry_file_seek_generic (f, offset, whence, 0, G_MAXINT64);
}

static const SentryFileOps mem_ops = {
  .name = "mem", .release = mem_release, .read = mem_read, .write = mem_write, .seek = mem_seek
};

int
sentry_proc_open_mem (const SentryProcPlace *p, SentryInode *inode, const SentryPath *path,
                      SentryCred *cred, guint32 mode, guint32 flags, SentryFile **ret_file)
{
  MemFile *mem = g_new0 (MemFile, 1);

  sentry_file_init (&mem->base, &mem_ops, mode, flags, path, inode, cred);
  mem->mm = sentry_task_get_mm (p->task);
  *ret_file = &mem->base;
  return 0;
}
