/* The host side of a twin: the calls as they are. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "twin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static void
put_stat (TwinAnswer *out, const struct stat *st)
{
  g_snprintf (out->text, sizeof out->text, "mode %o nlink %u uid %u gid %u size %lld", st->st_mode,
              (guint) st->st_nlink, st->st_uid, st->st_gid,
              S_ISDIR (st->st_mode) ? 0ll : (long long) st->st_size);
}

static gint64
do_open (const TwinCall *c, TwinAnswer *out)
{
  struct open_how how = { .flags = c->flags,
                          .mode = c->flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? c->mode : 0,
                          .resolve = c->number };
  int fd = syscall (SYS_openat2, AT_FDCWD, c->a, &how, sizeof how);
  struct stat st;

  if (fd < 0)
    return -errno;
  fstat (fd, &st);
  put_stat (out, &st);
  close (fd);
  return 0;
}

static gint64
do_list (const TwinCall *c, TwinAnswer *out)
{
  DIR *dir = opendir (c->a);
  struct dirent *e;
  gsize used = 0;

  if (dir == NULL)
    return -errno;
  while ((e = readdir (dir)) != NULL && used < sizeof out->text - 64)
    used += g_snprintf (out->text + used, sizeof out->text - used, "%.40s/%d ", e->d_name,
                        e->d_type);
  closedir (dir);
  return 0;
}

static gint64
do_write (const TwinCall *c)
{
  int fd = open (c->a, O_WRONLY | c->flags, 0644);
  char *buf;
  gint64 r;

  if (fd < 0)
    return -errno;
  buf = g_malloc (c->mode + 1);
  memset (buf, 'a' + c->mode % 26, c->mode);
  r = pwrite (fd, buf, c->mode, c->number);
  r = r < 0 ? -errno : r;
  g_free (buf);
  close (fd);
  return r;
}

static gint64
do_read (const TwinCall *c, TwinAnswer *out)
{
  int fd = open (c->a, O_RDONLY);
  char *buf;
  gint64 r;

  if (fd < 0)
    return -errno;
  buf = g_malloc (c->mode + 1);
  r = pread (fd, buf, c->mode, c->number);
  r = r < 0 ? -errno : r;
  if (r > 0)
    {
      g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_MD5, (guint8 *) buf, r);
      g_strlcpy (out->text, sum, sizeof out->text);
    }
  g_free (buf);
  close (fd);
  return r;
}

static gint64
with_file (const TwinCall *c, TwinAnswer *out)
{
  int fd = open (c->a, O_RDWR);
  gint64 r = 0;
  char *p;

  if (fd < 0)
    return -errno;
  if (c->kind == TWIN_FALLOCATE)
    r = fallocate (fd, c->flags, c->number, c->mode);
  else if (c->kind == TWIN_SEEK)
    r = lseek (fd, c->number, c->flags);
  else
    {
      p = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, c->number & ~4095ll);
      if (p == MAP_FAILED)
        r = -1;
      else
        {
          p[c->number & 4095] = c->mode;
          munmap (p, 4096);
        }
    }
  r = r < 0 ? -errno : r;
  close (fd);
  return r;
}

static gint64
do_utimes (const TwinCall *c, TwinAnswer *out)
{
  struct timespec ts[2] = { { c->number, 5 }, { c->number + 1, 6 } };
  struct stat st;

  if (c->flags & 1)
    ts[0].tv_nsec = ts[1].tv_nsec = UTIME_NOW;
  if (utimensat (AT_FDCWD, c->a, ts, 0) < 0)
    return -errno;
  if (!(c->flags & 1) && stat (c->a, &st) == 0)
    g_snprintf (out->text, sizeof out->text, "%ld.%09ld %ld.%09ld", st.st_atim.tv_sec,
                st.st_atim.tv_nsec, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  return 0;
}

static gint64
do_xattr (const TwinCall *c, TwinAnswer *out)
{
  char buf[2048];
  gint64 r;

  memset (buf, 'x', sizeof buf);
  switch (c->kind)
    {
    case TWIN_SETXATTR:
      r = setxattr (c->a, c->b, buf, MIN (c->mode, sizeof buf), c->flags);
      break;
    case TWIN_GETXATTR:
      r = getxattr (c->a, c->b, buf, c->mode);
      break;
    case TWIN_LISTXATTR:
      r = listxattr (c->a, buf, sizeof buf);
      for (gint64 i = 0; i < r; i++)
        out->text[i] = buf[i] == '\0' ? ' ' : buf[i];
      break;
    default:
      r = removexattr (c->a, c->b);
      break;
    }
  return r < 0 ? -errno : r;
}

static gint64
do_user (const TwinCall *c)
{
  if (seteuid (0) < 0 || setegid (c->number) < 0 || setgroups (0, NULL) < 0
      || seteuid (c->number) < 0)
    return -errno;
  return 0;
}

static gint64
do_stat (const TwinCall *c, TwinAnswer *out)
{
  struct stat st;

  if (fstatat (AT_FDCWD, c->a, &st, c->flags) < 0)
    return -errno;
  put_stat (out, &st);
  return 0;
}

static gint64
do_text (const TwinCall *c, TwinAnswer *out)
{
  struct statfs sf;
  gint64 r;

  switch (c->kind)
    {
    case TWIN_READLINK:
      r = readlink (c->a, out->text, sizeof out->text - 1);
      return r < 0 ? -errno : r;
    case TWIN_GETCWD:
      r = syscall (SYS_getcwd, out->text, sizeof out->text);
      return r < 0 ? -errno : r;
    default:
      if (statfs (c->a, &sf) < 0)
        return -errno;
      g_snprintf (out->text, sizeof out->text, "type %lx flags %lx", (long) sf.f_type,
                  (long) sf.f_flags);
      return 0;
    }
}

static int
simple (const TwinCall *c)
{
  switch (c->kind)
    {
    case TWIN_MKDIR:
      return mkdir (c->a, c->mode);
    case TWIN_MKNOD:
      return mknod (c->a, c->mode, makedev (1, 3));
    case TWIN_SYMLINK:
      return symlink (c->a, c->b);
    case TWIN_LINK:
      return linkat (AT_FDCWD, c->a, AT_FDCWD, c->b, c->flags);
    case TWIN_UNLINK:
      return unlink (c->a);
    case TWIN_RMDIR:
      return rmdir (c->a);
    case TWIN_RENAME:
      return renameat2 (AT_FDCWD, c->a, AT_FDCWD, c->b, c->flags);
    case TWIN_CHMOD:
      return chmod (c->a, c->mode);
    case TWIN_CHOWN:
      return fchownat (AT_FDCWD, c->a, c->number, c->mode, c->flags);
    case TWIN_TRUNCATE:
      return truncate (c->a, c->number);
    case TWIN_ACCESS:
      return syscall (SYS_faccessat2, AT_FDCWD, c->a, c->mode, AT_EACCESS);
    case TWIN_CHDIR:
      return chdir (c->a);
    case TWIN_MOUNT:
      return mount (c->a, c->b, c->mode == 1 ? "tmpfs" : NULL, c->number, NULL);
    case TWIN_UMOUNT:
      return umount2 (c->a, c->flags);
    case TWIN_PIVOT:
      return syscall (SYS_pivot_root, c->a, c->b);
    case TWIN_CHROOT:
      return chroot (c->a);
    case TWIN_UMASK:
      umask (c->mode);
      return 0;
    default:
      g_assert_not_reached ();
    }
}

void
twin_host_call (const TwinCall *c, TwinAnswer *out)
{
  memset (out, 0, sizeof *out);
  switch (c->kind)
    {
    case TWIN_OPEN:
      out->result = do_open (c, out);
      break;
    case TWIN_STAT:
      out->result = do_stat (c, out);
      break;
    case TWIN_LIST:
      out->result = do_list (c, out);
      break;
    case TWIN_WRITE:
      out->result = do_write (c);
      break;
    case TWIN_READ:
      out->result = do_read (c, out);
      break;
    case TWIN_FALLOCATE:
    case TWIN_SEEK:
    case TWIN_MMAP_WRITE:
      out->result = with_file (c, out);
      break;
    case TWIN_UTIMES:
      out->result = do_utimes (c, out);
      break;
    case TWIN_SETXATTR:
    case TWIN_GETXATTR:
    case TWIN_LISTXATTR:
    case TWIN_REMOVEXATTR:
      out->result = do_xattr (c, out);
      break;
    case TWIN_USER:
      out->result = do_user (c);
      break;
    case TWIN_READLINK:
    case TWIN_GETCWD:
    case TWIN_STATFS:
      out->result = do_text (c, out);
      break;
    default:
      out->result = simple (c) < 0 ? -errno : 0;
      break;
    }
}
