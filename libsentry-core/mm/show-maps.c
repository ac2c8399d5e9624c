/* The text of /proc/PID/maps and smaps. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/mm.h"
#include "mm/mm-private.h"

#include <string.h>
#include <sys/mman.h>

/* Names start here (Linux: 25 + 6 * sizeof (void *)). */
#define NAME_COLUMN 73
#define VSYSCALL_LINE                                                                              \
  "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n"

/* A VMA as it was under the lock; names are asked for afterwards, as file systems have locks of
 * their own. */
typedef struct
{
  guint64 start, end, offset;
  int prot;
  int max_prot;
  guint32 flags;
  const char *name; /* static or NULL */
  SentryMappable *mappable;
  SentryFile *file;
  guint64 resident; /* bytes */
} Shown;

static const char *
special_name_locked (SentryMM *mm, const SentryVma *vma)
{
  if (vma->name != NULL)
    return vma->name;
  if (vma->file != NULL || vma->mappable != NULL)
    return NULL;
  if (vma->range.start < mm->brk && vma->range.end > mm->brk_start)
    return "[heap]";
  if (vma->range.start <= mm->layout.start_stack && vma->range.end >= mm->layout.start_stack)
    return "[stack]";
  return NULL;
}

static void
take_locked (SentryMM *mm, SentryVma *vma, Shown *s)
{
  *s = (Shown){ .start = vma->range.start,
                .end = vma->range.end,
                .prot = vma->prot,
                .max_prot = vma->max_prot,
                .flags = vma->flags,
                .name = special_name_locked (mm, vma) };
  if (vma->mappable != NULL)
    {
      s->mappable = vma->mappable->ops->ref (vma->mappable);
      s->offset = vma->name == NULL ? vma->offset : 0;
    }
  if (vma->file != NULL)
    s->file = sentry_file_ref (vma->file);
}

static GArray *
snapshot (SentryMM *mm)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (Shown));

  sentry_mm_lock (mm);
  g_array_set_size (all, mm->vmas.count);
  g_array_set_size (all, 0);
  SENTRY_INTERVAL_FOREACH (i, &mm->vmas)
  {
    Shown s;

    take_locked (mm, sentry_vma_of (i), &s);
    g_array_append_val (all, s);
  }
  sentry_mm_unlock (mm);
  return all;
}

static void
drop (Shown *s)
{
  if (s->mappable != NULL)
    s->mappable->ops->unref (s->mappable);
  if (s->file != NULL)
    sentry_file_unref (s->file);
}

/* A newline in a name would start a line of the guest's choice. */
static void
append_name (GString *out, gsize line_start, const char *name)
{
  gsize width = out->len - line_start;

  for (; width < NAME_COLUMN - 1; width++)
    g_string_append_c (out, ' ');
  g_string_append_c (out, ' ');
  for (; *name != '\0'; name++)
    if (*name == '\n')
      g_string_append (out, "\\012");
    else
      g_string_append_c (out, *name);
}

static void
show_line (const Shown *s, const char *(*file_name) (SentryFile *, gpointer), gpointer data,
           GString *out)
{
  gsize line_start = out->len;
  guint32 major = 0, minor = 0;
  guint64 ino = 0;
  g_autofree char *path = NULL;
  const char *name = s->name;

  if (s->mappable != NULL && s->mappable->ops->identity != NULL)
    s->mappable->ops->identity (s->mappable, &major, &minor, &ino, &path);
  g_string_append_printf (out,
                          "%08" G_GINT64_MODIFIER "x-%08" G_GINT64_MODIFIER
                          "x %c%c%c%c %08" G_GINT64_MODIFIER "x %02x:%02x %" G_GUINT64_FORMAT,
                          s->start, s->end, s->prot & PROT_READ ? 'r' : '-',
                          s->prot & PROT_WRITE ? 'w' : '-', s->prot & PROT_EXEC ? 'x' : '-',
                          s->flags & SENTRY_VMA_SHARED ? 's' : 'p', s->offset, major, minor, ino);
  if (name == NULL && s->file != NULL && file_name != NULL)
    name = file_name (s->file, data);
  if (name == NULL)
    name = path;
  if (name != NULL)
    append_name (out, line_start, name);
  else
    g_string_append_c (out, ' ');
  g_string_append_c (out, '\n');
}

static guint64
count_resident (SentryMM *mm, const Shown *s)
{
  guint8 vec[1024];
  guint64 bytes = 0;

  for (guint64 at = s->start; at < s->end; at += sizeof vec * SENTRY_PAGE_SIZE)
    {
      guint64 n = MIN ((s->end - at) / SENTRY_PAGE_SIZE, sizeof vec);

      if (mm->as->ops->resident (mm->as, at, n * SENTRY_PAGE_SIZE, vec) < 0)
        break;
      for (guint64 i = 0; i < n; i++)
        bytes += vec[i] & 1 ? SENTRY_PAGE_SIZE : 0;
    }
  return bytes;
}

static void
append_kb (GString *out, const char *name, guint64 bytes)
{
  g_autofree char *label = g_strdup_printf ("%s:", name);

  g_string_append_printf (out, "%-16s%8" G_GUINT64_FORMAT " kB\n", label, bytes / 1024);
}

/* show_smap_vma_flags, for the flags that we keep. */
static void
append_vm_flags (GString *out, const Shown *s)
{
  static const struct
  {
    guint32 flag;
    const char *text;
  } names[] = {
    { SENTRY_VMA_GROWSDOWN, "gd" },  { SENTRY_VMA_LOCKED, "lo" },
    { SENTRY_VMA_SEQUENTIAL, "sr" }, { SENTRY_VMA_RANDOM, "rr" },
    { SENTRY_VMA_DONTFORK, "dc" },   { SENTRY_VMA_SPECIAL, "de" },
    { SENTRY_VMA_NORESERVE, "nr" },  { SENTRY_VMA_LOCKONFAULT, "lf" },
    { SENTRY_VMA_WIPEONFORK, "wf" }, { SENTRY_VMA_DONTDUMP, "dd" },
    { SENTRY_VMA_HUGEPAGE, "hg" },   { SENTRY_VMA_NOHUGEPAGE, "nh" },
    { SENTRY_VMA_KSM, "mg" },        { SENTRY_VMA_SEALED, "sl" },
  };
  static const char access[] = "rwe";
  gboolean shared = (s->flags & SENTRY_VMA_SHARED) != 0;

  g_string_append (out, "VmFlags: ");
  for (guint i = 0; i < 3; i++)
    if (s->prot & (1 << i))
      g_string_append_printf (out, "%c%c ", access[i], "drx"[i]);
  if (shared && (s->max_prot & PROT_WRITE))
    g_string_append (out, "sh ");
  for (guint i = 0; i < 3; i++)
    if (s->max_prot & (1 << i))
      g_string_append_printf (out, "m%c ", access[i]);
  if (shared)
    g_string_append (out, "ms ");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (s->flags & names[i].flag)
      g_string_append_printf (out, "%s ", names[i].text);
  g_string_append_c (out, '\n');
}

/* The host knows no more through our contract than what is resident: anonymous memory counts as
 * private and dirty, files as clean. */
static void
show_details (SentryMM *mm, const Shown *s, GString *out)
{
  guint64 rss = count_resident (mm, s);
  gboolean shared = (s->flags & SENTRY_VMA_SHARED) != 0, anon = s->mappable == NULL;

  append_kb (out, "Size", s->end - s->start);
  append_kb (out, "KernelPageSize", SENTRY_PAGE_SIZE);
  append_kb (out, "MMUPageSize", SENTRY_PAGE_SIZE);
  append_kb (out, "Rss", rss);
  append_kb (out, "Pss", rss);
  append_kb (out, "Pss_Dirty", anon ? rss : 0);
  append_kb (out, "Shared_Clean", shared ? rss : 0);
  append_kb (out, "Shared_Dirty", 0);
  append_kb (out, "Private_Clean", !shared && !anon ? rss : 0);
  append_kb (out, "Private_Dirty", anon ? rss : 0);
  append_kb (out, "Referenced", rss);
  append_kb (out, "Anonymous", anon ? rss : 0);
  for (const char *const *name
       = (const char *const[]){ "KSM", "LazyFree", "AnonHugePages", "ShmemPmdMapped",
                                "FilePmdMapped", "Shared_Hugetlb", "Private_Hugetlb", "Swap",
                                "SwapPss", NULL };
       *name != NULL; name++)
    append_kb (out, *name, 0);
  append_kb (out, "Locked", s->flags & SENTRY_VMA_LOCKED ? rss : 0);
  g_string_append_printf (out, "THPeligible:    %8d\n", 0);
  append_vm_flags (out, s);
}

void
sentry_mm_show_maps (SentryMM *mm, const char *(*file_name) (SentryFile *f, gpointer data),
                     gpointer data, gboolean smaps, GString *out)
{
  GArray *all = snapshot (mm);

  for (guint i = 0; i < all->len; i++)
    {
      Shown *s = &g_array_index (all, Shown, i);

      show_line (s, file_name, data, out);
      if (smaps)
        show_details (mm, s, out);
      drop (s);
    }
  g_array_unref (all);
  if (!smaps)
    g_string_append (out, VSYSCALL_LINE);
}
