/* The sentry's ways into the memory of a guest host-process that need no help of its threads.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096
/* Bits of a pagemap entry (Documentation/admin-guide/mm/pagemap.rst). */
#define PM_PRESENT (G_GUINT64_CONSTANT (1) << 63)
#define PM_SWAPPED (G_GUINT64_CONSTANT (1) << 62)
#define PM_FILE (G_GUINT64_CONSTANT (1) << 61)
/* One read of the pagemap covers 2 MiB of address space. */
#define PM_BATCH 512
/* process_vm_* stops within an iovec only at page granularity, and takes at most INT_MAX &
 * PAGE_MASK at once. */
#define COPY_MAX (G_GUINT64_CONSTANT (1) << 30)

typedef ssize_t (*VmFunc) (pid_t, const struct iovec *, unsigned long, const struct iovec *,
                           unsigned long, unsigned long);

static gsize
copy (VmFunc func, pid_t pid, gpointer local, guint64 remote, gsize len)
{
  gsize done = 0;

  while (done < len)
    {
      struct iovec l = { (char *) local + done, MIN (len - done, COPY_MAX) };
      struct iovec r = { (gpointer) (guintptr) (remote + done), l.iov_len };
      ssize_t n = func (pid, &l, 1, &r, 1, 0);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      done += (gsize) n;
      if ((gsize) n < l.iov_len)
        break;
    }
  return done;
}

gsize
sentry_host_memory_read (pid_t pid, gpointer dst, guint64 src, gsize len)
{
  return copy (process_vm_readv, pid, dst, src, len);
}

gsize
sentry_host_memory_write (pid_t pid, guint64 dst, gconstpointer src, gsize len)
{
  return copy (process_vm_writev, pid, (gpointer) src, dst, len);
}

static int
open_proc (int proc_fd, pid_t pid, const char *name, int flags)
{
  struct open_how how
      = { .flags = (guint64) flags | O_CLOEXEC,
          .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS };
  char path[48];
  long fd;

  if (proc_fd < 0)
    return -ENOSYS;
  snprintf (path, sizeof path, "%d/%s", (int) pid, name);
  fd = syscall (SYS_openat2, proc_fd, path, &how, sizeof how);
  return fd < 0 ? -errno : (int) fd;
}

int
sentry_host_memory_poke (int proc_fd, pid_t pid, guint64 dst, gconstpointer src, gsize len)
{
  int fd = open_proc (proc_fd, pid, "mem", O_WRONLY);
  gsize done = 0;

  if (fd < 0)
    return fd;
  while (done < len)
    {
      ssize_t n = pwrite (fd, (const char *) src + done, MIN (len - done, COPY_MAX),
                          (off_t) (dst + done));

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      done += (gsize) n;
    }
  close (fd);
  return done == len ? 0 : -EFAULT;
}

typedef gboolean (*EntryFunc) (guint64 addr, guint64 entry, gpointer data);

/* Calls `func` for each page until it returns FALSE. */
static int
walk_pagemap (int proc_fd, pid_t pid, guint64 addr, guint64 len, EntryFunc func, gpointer data)
{
  guint64 entries[PM_BATCH];
  int fd = open_proc (proc_fd, pid, "pagemap", O_RDONLY), err = 0;
  gboolean more = TRUE;

  if (fd < 0)
    return fd;
  for (guint64 at = addr; more && err == 0 && at < addr + len;)
    {
      gsize want = MIN ((addr + len - at) / PAGE, PM_BATCH);
      ssize_t n = pread (fd, entries, want * 8, (off_t) (at / PAGE * 8));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 8)
        err = n < 0 ? -errno : -EFAULT;
      for (gssize i = 0; more && i < n / 8; i++, at += PAGE)
        more = func (at, entries[i], data);
    }
  close (fd);
  return err;
}

typedef struct
{
  guint8 *vec;
  gboolean (*page) (guint64 addr, gpointer data);
  gpointer data;
} Walk;

static gboolean
note_resident (guint64 addr, guint64 entry, gpointer data)
{
  Walk *w = data;

  *w->vec++ = (entry & PM_PRESENT) != 0;
  return TRUE;
}

int
sentry_host_memory_resident (int proc_fd, pid_t pid, guint64 addr, guint64 len, guint8 *ret_vec)
{
  Walk w = { .vec = ret_vec };

  return walk_pagemap (proc_fd, pid, addr, len, note_resident, &w);
}

static gboolean
note_private (guint64 addr, guint64 entry, gpointer data)
{
  Walk *w = data;

  if (!(entry & (PM_PRESENT | PM_SWAPPED)) || (entry & PM_FILE))
    return TRUE;
  return w->page (addr, w->data);
}

int
sentry_host_memory_foreach_private (int proc_fd, pid_t pid, guint64 addr, guint64 len,
                                    gboolean (*page) (guint64 addr, gpointer data), gpointer data)
{
  Walk w = { .page = page, .data = data };

  return walk_pagemap (proc_fd, pid, addr, len, note_private, &w);
}

int
sentry_host_memory_rss (int proc_fd, pid_t pid, guint64 *ret_total, guint64 *ret_shared)
{
  char text[128];
  unsigned long size, resident, shared;
  int fd = open_proc (proc_fd, pid, "statm", O_RDONLY);
  ssize_t n;

  if (fd < 0)
    return fd;
  n = read (fd, text, sizeof text - 1);
  close (fd);
  if (n <= 0)
    return -EIO;
  text[n] = '\0';
  if (sscanf (text, "%lu %lu %lu", &size, &resident, &shared) != 3)
    return -EIO;
  *ret_total = (guint64) resident * PAGE;
  *ret_shared = (guint64) shared * PAGE;
  return 0;
}
