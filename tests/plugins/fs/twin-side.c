/* Our side of a twin: the same calls as the syscall layer makes them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "twin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "iface/sentry-file.h"
#include "usermem/sentry-usermem.h"

struct TwinSide
{
  SentryMountNamespace *ns;
  const SentryMountNamespaceInterface *ops;
  SentryUserNamespace *user_ns;
  SentryWalk walk;
};

TwinSide *
twin_side_new (SentryMountNamespace *ns)
{
  TwinSide *s = g_new0 (TwinSide, 1);

  s->ns = g_object_ref (ns);
  s->ops = sentry_mount_namespace_ops (ns);
  s->user_ns = sentry_user_namespace_new_root ();
  s->walk.cred = sentry_cred_new_root (s->user_ns);
  s->walk.umask = 022;
  s->ops->get_root (ns, &s->walk.root);
  s->ops->get_root (ns, &s->walk.start);
  return s;
}

void
twin_side_free (TwinSide *s)
{
  sentry_path_unref (&s->walk.root);
  sentry_path_unref (&s->walk.start);
  sentry_cred_unref (s->walk.cred);
  sentry_user_namespace_unref (s->user_ns);
  g_object_unref (s->ns);
  g_free (s);
}

SentryCred *
twin_side_cred (TwinSide *s)
{
  return s->walk.cred;
}

static void
put_attr (TwinAnswer *out, const SentryAttr *a)
{
  g_snprintf (out->text, sizeof out->text, "mode %o nlink %u uid %u gid %u size %lld", a->mode,
              a->nlink, a->uid, a->gid, S_ISDIR (a->mode) ? 0ll : (long long) a->size);
}

static gint64
find (TwinSide *s, const char *name, gboolean follow, SentryPath *ret_path)
{
  return s->ops->lookup (s->ns, &s->walk, name, follow ? SENTRY_LOOKUP_FOLLOW : 0, ret_path);
}

static gint64
do_open (TwinSide *s, const TwinCall *c, TwinAnswer *out)
{
  SentryWalk walk = s->walk;
  SentryFile *f = NULL;
  SentryAttr attr;
  gint64 r;

  walk.resolve = c->number;
  r = s->ops->open (s->ns, &walk, c->a, c->flags, c->mode, &f);
  if (r < 0)
    return r;
  r = s->ops->getattr (s->ns, &f->path, &attr);
  put_attr (out, &attr);
  sentry_file_unref (f);
  return r;
}

static gint64
open_plain (TwinSide *s, const TwinCall *c, guint64 flags, SentryFile **ret_file)
{
  return s->ops->open (s->ns, &s->walk, c->a, flags, 0644, ret_file);
}

typedef struct
{
  SentryDirEmit emit;
  TwinAnswer *out;
  gsize used;
  guint room; /* entries that still fit into this buffer */
} List;

static gboolean
list_emit (SentryDirEmit *emit, const char *name, gsize len, guint64 ino, guint8 type,
           gint64 next_off)
{
  List *l = SENTRY_CONTAINER (emit, List, emit);

  if (l->room == 0)
    return FALSE;
  l->room--;
  if (l->used < sizeof l->out->text - 64)
    l->used += g_snprintf (l->out->text + l->used, sizeof l->out->text - l->used, "%.40s/%d ", name,
                           type);
  return TRUE;
}

static gint64
do_list (TwinSide *s, const TwinCall *c, TwinAnswer *out)
{
  List l = { .emit.emit = list_emit, .out = out };
  SentryFile *f;
  gsize before;
  gint64 r = open_plain (s, c, O_RDONLY | O_DIRECTORY, &f);

  if (r < 0)
    return r;
  do
    {
      before = l.used;
      l.room = 3;
      r = sentry_file_iterate (f, &l.emit);
    }
  while (r == 0 && l.room == 0 && l.used > before);
  sentry_file_unref (f);
  return r == -ENOENT ? 0 : r; /* as readdir(3) sees a removed directory */
}

static gint64
do_write (TwinSide *s, const TwinCall *c)
{
  g_autofree char *buf = g_malloc (c->mode + 1);
  gint64 pos = c->number, r;
  SentryFile *f;
  SentryIter it;

  r = open_plain (s, c, O_WRONLY | c->flags, &f);
  if (r < 0)
    return r;
  memset (buf, 'a' + c->mode % 26, c->mode);
  sentry_iter_init_kernel (&it, buf, c->mode);
  r = sentry_file_write (f, &it, &pos);
  sentry_iter_clear (&it);
  sentry_file_unref (f);
  return r;
}

static gint64
do_read (TwinSide *s, const TwinCall *c, TwinAnswer *out)
{
  g_autofree char *buf = g_malloc (c->mode + 1);
  gint64 pos = c->number, r;
  SentryFile *f;
  SentryIter it;

  r = open_plain (s, c, O_RDONLY, &f);
  if (r < 0)
    return r;
  sentry_iter_init_kernel (&it, buf, c->mode);
  r = sentry_file_read (f, &it, &pos);
  sentry_iter_clear (&it);
  if (r > 0)
    {
      g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_MD5, (guint8 *) buf, r);
      g_strlcpy (out->text, sum, sizeof out->text);
    }
  sentry_file_unref (f);
  return r;
}

static gint64
store_mapped (SentryFile *f, const TwinCall *c)
{
  SentryMapRequest req = {
    .len = 4096, .offset = c->number & ~4095ll, .prot = PROT_READ | PROT_WRITE, .shared = TRUE
  };
  guint64 offset;
  int fd;
  gint64 r = f->ops->mmap (f, &req);
  char *p;

  if (r < 0)
    return r;
  r = req.mappable->ops->acquire_fd (req.mappable, TRUE, TRUE, req.offset, &fd, &offset);
  g_assert_cmpint (r, ==, 0);
  p = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
  g_assert_true (p != MAP_FAILED);
  p[c->number & 4095] = c->mode;
  munmap (p, 4096);
  req.mappable->ops->release_fd (req.mappable, fd);
  req.mappable->ops->unref (req.mappable);
  return 0;
}

static gint64
with_file (TwinSide *s, const TwinCall *c)
{
  SentryFile *f;
  gint64 r = open_plain (s, c, O_RDWR, &f);

  if (r < 0)
    return r;
  if (c->kind == TWIN_SEEK)
    r = sentry_file_seek (f, c->number, c->flags);
  else if (c->kind == TWIN_MMAP_WRITE)
    r = f->ops->mmap == NULL ? -ENODEV : store_mapped (f, c);
  else if (c->number < 0 || c->mode == 0)
    r = -EINVAL;
  else if (f->ops->fallocate == NULL)
    r = S_ISDIR (f->inode->type) ? -EISDIR : -ENODEV;
  else
    r = f->ops->fallocate (f, c->flags, c->number, c->mode);
  sentry_file_unref (f);
  return r;
}

static gint64
set (TwinSide *s, const char *name, gboolean follow, const SentrySetAttr *attr)
{
  SentryPath path;
  gint64 r = find (s, name, follow, &path);

  if (r < 0)
    return r;
  r = s->ops->setattr (s->ns, &path, s->walk.cred, attr);
  sentry_path_unref (&path);
  return r;
}

static gint64
do_chown (TwinSide *s, const TwinCall *c)
{
  SentrySetAttr attr = { .valid = SENTRY_SET_KILL_SUID, .uid = c->number, .gid = c->mode };

  if (c->number != -1)
    attr.valid |= SENTRY_SET_UID;
  if (c->mode != G_MAXUINT32)
    attr.valid |= SENTRY_SET_GID;
  return set (s, c->a, !(c->flags & AT_SYMLINK_NOFOLLOW), &attr);
}

static gint64
do_utimes (TwinSide *s, const TwinCall *c, TwinAnswer *out)
{
  SentrySetAttr attr = { .valid = SENTRY_SET_ATIME | SENTRY_SET_MTIME,
                         .atime = { c->number, 5 },
                         .mtime = { c->number + 1, 6 } };
  SentryAttr got;
  SentryPath path;
  gint64 r;

  if (c->flags & 1)
    attr.valid = SENTRY_SET_ATIME_NOW | SENTRY_SET_MTIME_NOW;
  r = set (s, c->a, TRUE, &attr);
  if (r < 0 || (c->flags & 1) || find (s, c->a, TRUE, &path) < 0)
    return r;
  s->ops->getattr (s->ns, &path, &got);
  g_snprintf (out->text, sizeof out->text, "%ld.%09u %ld.%09u", got.atime.sec, got.atime.nsec,
              got.mtime.sec, got.mtime.nsec);
  sentry_path_unref (&path);
  return 0;
}

static gint64
do_xattr (TwinSide *s, const TwinCall *c, TwinAnswer *out)
{
  SentryPath path;
  char buf[2048];
  gint64 r = find (s, c->a, TRUE, &path);

  if (r < 0)
    return r;
  memset (buf, 'x', sizeof buf);
  switch (c->kind)
    {
    case TWIN_SETXATTR:
      r = s->ops->setxattr (s->ns, &path, s->walk.cred, c->b, buf, MIN (c->mode, sizeof buf),
                            c->flags);
      break;
    case TWIN_GETXATTR:
      r = s->ops->getxattr (s->ns, &path, s->walk.cred, c->b, buf, c->mode);
      break;
    case TWIN_LISTXATTR:
      r = s->ops->listxattr (s->ns, &path, s->walk.cred, buf, sizeof buf);
      for (gint64 i = 0; i < r; i++)
        out->text[i] = buf[i] == '\0' ? ' ' : buf[i];
      break;
    default:
      r = s->ops->removexattr (s->ns, &path, s->walk.cred, c->b);
      break;
    }
  sentry_path_unref (&path);
  return r;
}

static gint64
do_user (TwinSide *s, const TwinCall *c)
{
  sentry_cred_unref (s->walk.cred);
  s->walk.cred = sentry_cred_new_user (s->user_ns, c->number, c->number, NULL, 0);
  return 0;
}

static gint64
on_path (TwinSide *s, const TwinCall *c, TwinAnswer *out)
{
  gboolean follow = c->kind != TWIN_READLINK && !(c->flags & AT_SYMLINK_NOFOLLOW);
  g_autofree char *target = NULL;
  struct statfs sf;
  SentryAttr attr;
  SentryPath path;
  gint64 r = find (s, c->a, follow, &path);

  if (r < 0)
    return r;
  switch (c->kind)
    {
    case TWIN_STAT:
      r = s->ops->getattr (s->ns, &path, &attr);
      put_attr (out, &attr);
      break;
    case TWIN_ACCESS:
      r = s->ops->access (s->ns, &path, s->walk.cred, c->mode);
      break;
    case TWIN_READLINK:
      r = s->ops->readlink (s->ns, &path, s->walk.cred, &target);
      if (r == 0)
        r = g_strlcpy (out->text, target, sizeof out->text);
      break;
    default:
      r = s->ops->statfs (s->ns, &path, &sf);
      g_snprintf (out->text, sizeof out->text, "type %lx flags %lx", (long) sf.f_type,
                  (long) sf.f_flags);
      break;
    }
  sentry_path_unref (&path);
  return r;
}

/* chdir and chroot. */
static gint64
go (TwinSide *s, const TwinCall *c)
{
  SentryPath path, *place = c->kind == TWIN_CHDIR ? &s->walk.start : &s->walk.root;
  gint64 r = s->ops->lookup (s->ns, &s->walk, c->a, SENTRY_LOOKUP_FOLLOW | SENTRY_LOOKUP_DIRECTORY,
                             &path);

  if (r < 0)
    return r;
  r = s->ops->access (s->ns, &path, s->walk.cred, SENTRY_MAY_EXEC);
  if (r == 0 && c->kind == TWIN_CHROOT && !sentry_cred_capable (s->walk.cred, CAP_SYS_CHROOT))
    r = -EPERM;
  if (r == 0)
    {
      sentry_path_unref (place);
      *place = path;
      return 0;
    }
  sentry_path_unref (&path);
  return r;
}

static gint64
do_getcwd (TwinSide *s, TwinAnswer *out)
{
  gboolean deleted;
  g_autofree char *name = s->ops->path_name (s->ns, &s->walk.start, &s->walk.root, NULL, &deleted);

  if (deleted)
    return -ENOENT;
  return g_strlcpy (out->text, name, sizeof out->text) + 1;
}

static gint64
do_link (TwinSide *s, const TwinCall *c)
{
  SentryPath path;
  gint64 r = find (s, c->a, (c->flags & AT_SYMLINK_FOLLOW) != 0, &path);

  if (r < 0)
    return r;
  r = s->ops->link (s->ns, &path, &s->walk, c->b);
  sentry_path_unref (&path);
  return r;
}

/* What the syscall layer does for every task. */
static void
replace_root (TwinSide *s, const SentryPath *fresh)
{
  SentryPath old = s->walk.root;

  sentry_path_ref (fresh);
  s->walk.root = *fresh;
  if (sentry_path_equal (&s->walk.start, &old))
    {
      sentry_path_unref (&s->walk.start);
      sentry_path_ref (fresh);
      s->walk.start = *fresh;
    }
  sentry_path_unref (&old);
}

static gint64
do_pivot (TwinSide *s, const TwinCall *c)
{
  SentryPath root, old;
  gint64 r = s->ops->lookup (s->ns, &s->walk, c->a, SENTRY_LOOKUP_FOLLOW | SENTRY_LOOKUP_DIRECTORY,
                             &root);

  if (r < 0)
    return r;
  r = s->ops->lookup (s->ns, &s->walk, c->b, SENTRY_LOOKUP_FOLLOW | SENTRY_LOOKUP_DIRECTORY, &old);
  if (r == 0)
    {
      r = s->ops->pivot_root (s->ns, &s->walk.root, &root, &old);
      if (r == 0)
        replace_root (s, &root);
      sentry_path_unref (&old);
    }
  sentry_path_unref (&root);
  return r;
}

static gint64
simple (TwinSide *s, const TwinCall *c)
{
  const SentrySetAttr mode = { .valid = SENTRY_SET_MODE, .mode = c->mode };
  const SentrySetAttr size = { .valid = SENTRY_SET_SIZE, .size = c->number };

  switch (c->kind)
    {
    case TWIN_MKDIR:
      return s->ops->mkdir (s->ns, &s->walk, c->a, c->mode);
    case TWIN_MKNOD:
      return s->ops->mknod (s->ns, &s->walk, c->a, c->mode, 1, 3, NULL);
    case TWIN_SYMLINK:
      return s->ops->symlink (s->ns, &s->walk, c->b, c->a);
    case TWIN_LINK:
      return do_link (s, c);
    case TWIN_UNLINK:
      return s->ops->unlink (s->ns, &s->walk, c->a);
    case TWIN_RMDIR:
      return s->ops->rmdir (s->ns, &s->walk, c->a);
    case TWIN_RENAME:
      return s->ops->rename (s->ns, &s->walk, c->a, &s->walk, c->b, c->flags);
    case TWIN_CHMOD:
      return set (s, c->a, TRUE, &mode);
    case TWIN_CHOWN:
      return do_chown (s, c);
    case TWIN_TRUNCATE:
      return c->number < 0 ? -EINVAL : set (s, c->a, TRUE, &size);
    case TWIN_CHDIR:
    case TWIN_CHROOT:
      return go (s, c);
    case TWIN_MOUNT:
      return s->ops->mount (s->ns, &s->walk, c->a, c->b, c->mode == 1 ? "tmpfs" : NULL, c->number,
                            NULL);
    case TWIN_UMOUNT:
      return s->ops->umount (s->ns, &s->walk, c->a, c->flags);
    case TWIN_PIVOT:
      return do_pivot (s, c);
    case TWIN_USER:
      return do_user (s, c);
    case TWIN_UMASK:
      s->walk.umask = c->mode;
      return 0;
    default:
      g_assert_not_reached ();
    }
}

void
twin_side_call (TwinSide *s, const TwinCall *c, TwinAnswer *out)
{
  memset (out, 0, sizeof *out);
  switch (c->kind)
    {
    case TWIN_OPEN:
      out->result = do_open (s, c, out);
      break;
    case TWIN_LIST:
      out->result = do_list (s, c, out);
      break;
    case TWIN_WRITE:
      out->result = do_write (s, c);
      break;
    case TWIN_READ:
      out->result = do_read (s, c, out);
      break;
    case TWIN_FALLOCATE:
    case TWIN_SEEK:
    case TWIN_MMAP_WRITE:
      out->result = with_file (s, c);
      break;
    case TWIN_UTIMES:
      out->result = do_utimes (s, c, out);
      break;
    case TWIN_SETXATTR:
    case TWIN_GETXATTR:
    case TWIN_LISTXATTR:
    case TWIN_REMOVEXATTR:
      out->result = do_xattr (s, c, out);
      break;
    case TWIN_STAT:
    case TWIN_ACCESS:
    case TWIN_READLINK:
    case TWIN_STATFS:
      out->result = on_path (s, c, out);
      break;
    case TWIN_GETCWD:
      out->result = do_getcwd (s, out);
      break;
    default:
      out->result = simple (s, c);
      break;
    }
}
