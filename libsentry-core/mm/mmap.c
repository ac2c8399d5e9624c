/* mmap and munmap. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mm/mm.h"
#include "mm/mm-private.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "iface/sentry-inode.h"
#include "iface/sentry-mount-namespace.h"
#include "mm/shm.h"

#ifndef MAP_32BIT
#  define MAP_32BIT 0x40
#endif
#ifndef MAP_UNINITIALIZED
#  define MAP_UNINITIALIZED 0x4000000
#endif
/* MAP_SHARED ignores all other bits, MAP_SHARED_VALIDATE refuses them. */
#define LEGACY_MAP_MASK                                                                            \
  (MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE           \
   | MAP_UNINITIALIZED | MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK  \
   | MAP_STACK | MAP_HUGETLB | MAP_32BIT | (0x3fu << 26))

/* What a request comes to before the lock is taken. */
typedef struct
{
  const SentryMmapArgs *args;
  guint64 len;
  int flags;
  SentryVma *vma; /* the new mapping, in no tree yet */
} MmapPlan;

/* Linux's file_mmap_ok. */
static int
check_file_range (SentryFile *file, guint64 offset, guint64 len)
{
  guint64 max = G_MAXUINT64;

  if (file->inode != NULL && file->inode->type == S_IFREG && file->inode->sb != NULL
      && file->inode->sb->max_bytes > 0)
    max = file->inode->sb->max_bytes;
  return len > max || offset > max - len ? -EOVERFLOW : 0;
}

static gboolean
file_is_noexec (SentryFile *file)
{
  const SentryMount *mount = file->path.mount;

  if (mount == NULL)
    return FALSE;
  return (__atomic_load_n (&mount->flags, __ATOMIC_RELAXED) & MS_NOEXEC) || mount->sb->no_exec;
}

/* do_mmap's part for files, as far as the mode of the file decides. */
static int
check_file_mode (MmapPlan *p, SentryFile *file)
{
  SentryVma *vma = p->vma;
  int prot = p->args->prot;

  switch (p->flags & MAP_TYPE)
    {
    case MAP_SHARED_VALIDATE:
      if (p->flags & ~(LEGACY_MAP_MASK | MAP_SHARED_VALIDATE))
        return -EOPNOTSUPP;
      /* fall through */
    case MAP_SHARED:
      if ((prot & PROT_WRITE) && !(file->mode & SENTRY_FMODE_WRITE))
        return -EACCES;
      if ((file->mode & SENTRY_FMODE_APPEND_ONLY) && (file->mode & SENTRY_FMODE_WRITE))
        return -EACCES;
      vma->flags |= SENTRY_VMA_SHARED;
      if (!(file->mode & SENTRY_FMODE_WRITE))
        vma->max_prot &= ~PROT_WRITE;
      break;
    case MAP_PRIVATE:
      break;
    default:
      return -EINVAL;
    }
  if (!(file->mode & SENTRY_FMODE_READ))
    return -EACCES;
  if (file_is_noexec (file))
    {
      if (prot & PROT_EXEC)
        return -EPERM;
      vma->max_prot &= ~PROT_EXEC;
    }
  if (file->ops->mmap == NULL)
    return -ENODEV;
  return p->flags & MAP_GROWSDOWN ? -EINVAL : 0;
}

static int
plan_anonymous (MmapPlan *p)
{
  int r = 0;

  switch (p->flags & MAP_TYPE)
    {
    case MAP_SHARED:
      if (p->flags & MAP_GROWSDOWN)
        return -EINVAL;
      p->vma->flags |= SENTRY_VMA_SHARED;
      p->vma->offset = 0;
      p->vma->mappable = sentry_shm_new (p->len, NULL, &r);
      return p->vma->mappable != NULL ? 0 : -r;
    case MAP_PRIVATE:
      return 0;
    default:
      return -EINVAL;
    }
}

/* Asks the file for what shall be mapped; it may take its time (copy-up, promotion to a host file).
 */
static int
plan_file (MmapPlan *p, SentryFile *file)
{
  SentryVma *vma = p->vma;
  SentryMapRequest req = { .len = p->len,
                           .offset = p->args->offset,
                           .prot = p->args->prot & SENTRY_PROT_MASK,
                           .max_prot = SENTRY_PROT_MASK };
  int r = check_file_range (file, req.offset, req.len);

  if (r == 0)
    r = check_file_mode (p, file);
  if (r < 0)
    return r;
  req.shared = (vma->flags & SENTRY_VMA_SHARED) != 0;
  r = file->ops->mmap (file, &req);
  if (r < 0)
    return r;
  vma->max_prot &= req.max_prot;
  if (req.mappable == NULL)
    return plan_anonymous (p);
  vma->mappable = req.mappable;
  vma->file = sentry_file_ref (file);
  vma->offset = req.offset;
  return 0;
}

/* An object of the kernel's own. */
static int
plan_mappable (MmapPlan *p)
{
  SentryMappable *m = p->args->mappable;

  if ((p->flags & MAP_TYPE) == MAP_SHARED)
    p->vma->flags |= SENTRY_VMA_SHARED;
  p->vma->mappable = m->ops->ref (m);
  p->vma->max_prot = p->args->max_prot;
  p->vma->offset = p->args->offset;
  return 0;
}

static int
plan (MmapPlan *p)
{
  const SentryMmapArgs *args = p->args;
  SentryVma *vma = p->vma;

  vma->prot = args->prot & SENTRY_PROT_MASK;
  vma->max_prot = SENTRY_PROT_MASK;
  vma->name = args->name;
  if (args->name != NULL)
    vma->flags |= SENTRY_VMA_SPECIAL;
  if ((p->flags & MAP_GROWSDOWN) || args->stack)
    vma->flags |= SENTRY_VMA_GROWSDOWN;
  if (p->flags & MAP_LOCKED)
    vma->flags |= SENTRY_VMA_LOCKED;
  if (p->flags & MAP_NORESERVE)
    vma->flags |= SENTRY_VMA_NORESERVE;
  if (args->file != NULL)
    return plan_file (p, args->file);
  return args->mappable != NULL ? plan_mappable (p) : plan_anonymous (p);
}

int
sentry_mm_host_map_locked (SentryMM *mm, SentryContext *ctx, const SentryVma *vma, guint64 addr,
                           guint64 len, gboolean populate)
{
  gboolean shared = (vma->flags & SENTRY_VMA_SHARED) != 0;
  gboolean writable = shared && (vma->max_prot & PROT_WRITE);
  SentryMapFlags flags = shared ? SENTRY_MAP_SHARED : SENTRY_MAP_PRIVATE;
  guint64 offset = vma->offset + (addr - vma->range.start), fd_offset = 0;
  SentryMappable *m = vma->mappable;
  int fd = -1, r;

  if (m != NULL)
    {
      r = m->ops->acquire_fd (m, shared, writable, offset, &fd, &fd_offset);
      if (r < 0)
        return r;
    }
  if (populate)
    flags |= SENTRY_MAP_POPULATE;
  if (vma->flags & SENTRY_VMA_NORESERVE)
    flags |= SENTRY_MAP_NORESERVE;
  if (vma->flags & SENTRY_VMA_GROWSDOWN)
    flags |= SENTRY_MAP_STACK;
  r = mm->as->ops->map (mm->as, ctx, addr, len, vma->prot, flags, fd, fd_offset);
  if (m != NULL)
    m->ops->release_fd (m, fd);
  return r;
}

/* Limits, with what the new mapping replaces taken off. */
static int
check_limits_locked (SentryMM *mm, SentryLimits *limits, const SentryVma *vma, guint64 replaced)
{
  guint64 len = sentry_vma_len (vma);

  if (!sentry_mm_may_lock_locked (mm, limits, vma->flags, len))
    return -EAGAIN;
  if (!sentry_mm_may_expand_locked (mm, vma->prot, vma->flags, len - replaced))
    return -ENOMEM;
  return 0;
}

/* Linux populates what is locked (unless only on fault), and on MAP_POPULATE without MAP_NONBLOCK.
 */
static gboolean
wants_populate (const SentryVma *vma, int flags)
{
  if ((vma->flags & SENTRY_VMA_LOCK_MASK) == SENTRY_VMA_LOCKED)
    return TRUE;
  return (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
}

/* Cutting a piece out of the middle of a mapping makes one more. */
static gboolean
may_cut_locked (SentryMM *mm, guint64 start, guint64 end)
{
  SentryVma *vma = sentry_vma_find (mm, start);

  return vma == NULL || vma->range.start == start || vma->range.end <= end
         || sentry_mm_has_room_locked (mm, 1);
}

static int
place_locked (SentryMM *mm, MmapPlan *p, guint64 *ret_at)
{
  gint64 at;

  if (sentry_mm_is_full_locked (mm))
    return -ENOMEM;
  at = sentry_mm_place_locked (mm, p->args->addr, p->len, p->flags, p->vma->mappable != NULL);
  if (at < 0)
    return at;
  *ret_at = at;
  if ((p->flags & MAP_FIXED_NOREPLACE) && sentry_vma_bytes_in (mm, at, at + p->len) > 0)
    return -EEXIST;
  if (sentry_vma_any_sealed (mm, at, at + p->len))
    return -EPERM;
  return may_cut_locked (mm, at, at + p->len) ? 0 : -ENOMEM;
}

/* Places the planned VMA, has the host map it over whatever was there, and writes that into the
 * books. */
static gint64
mmap_locked (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, SentryVmaBatch *b, MmapPlan *p)
{
  SentryVma *vma = p->vma;
  guint64 at = 0, end;
  int r = place_locked (mm, p, &at);

  if (r < 0)
    return r;
  end = at + p->len;
  vma->flags |= mm->future_flags;
  vma->range.start = at;
  vma->range.end = end;
  if (vma->mappable == NULL)
    vma->offset = at;
  r = check_limits_locked (mm, limits, vma, sentry_vma_bytes_in (mm, at, end));
  if (r == 0)
    r = sentry_mm_host_map_locked (mm, ctx, vma, at, p->len, wants_populate (vma, p->flags));
  if (r < 0)
    return r;
  sentry_vma_remove_range (mm, b, at, end);
  sentry_vma_insert (mm, vma);
  p->vma = NULL;
  sentry_vma_merge_around (mm, b, at, end);
  return at;
}

/* do_mmap's checks that need neither file nor books. */
static int
check_request (SentryLimits *limits, MmapPlan *p)
{
  const SentryMmapArgs *args = p->args;

  if (args->offset % SENTRY_PAGE_SIZE != 0 || args->len == 0)
    return -EINVAL;
  if (p->flags & MAP_FIXED_NOREPLACE)
    p->flags |= MAP_FIXED;
  p->len = sentry_page_up (args->len);
  if (p->len == 0 || p->len > G_MAXINT64)
    return -ENOMEM;
  if (args->offset + p->len < args->offset)
    return -EOVERFLOW;
  if ((p->flags & MAP_LOCKED) && !args->may_lock_any
      && sentry_limits_get (limits, RLIMIT_MEMLOCK) == 0)
    return -EPERM;
  return 0;
}

gint64
sentry_mm_mmap (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, const SentryMmapArgs *args)
{
  MmapPlan p = { .args = args, .flags = args->flags };
  SentryVmaBatch b;
  gint64 r = check_request (limits, &p);

  if (r == 0)
    r = sentry_vma_batch_init (&b, 3);
  if (r < 0)
    return r;
  sentry_mm_set_limits (mm, limits);
  p.vma = sentry_vma_batch_take (&b);
  r = plan (&p);
  if (r == 0)
    {
      sentry_mm_lock (mm);
      mm->may_lock_any = args->may_lock_any;
      r = mmap_locked (mm, ctx, limits, &b, &p);
      sentry_mm_unlock (mm);
    }
  if (p.vma != NULL)
    sentry_vma_batch_drop (&b, p.vma);
  sentry_vma_batch_clear (&b);
  return r;
}

int
sentry_mm_unmap_locked (SentryMM *mm, SentryContext *ctx, SentryVmaBatch *b, guint64 addr,
                        guint64 end)
{
  int r;

  if (!may_cut_locked (mm, addr, end))
    return -ENOMEM;
  if (sentry_vma_bytes_in (mm, addr, end) == 0)
    return 0;
  if (sentry_vma_any_sealed (mm, addr, end))
    return -EPERM;
  r = mm->as->ops->unmap (mm->as, ctx, addr, end - addr);
  if (r < 0)
    return r;
  sentry_vma_remove_range (mm, b, addr, end);
  return 0;
}

int
sentry_mm_munmap (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len)
{
  guint64 size = sentry_mm_task_size (mm);
  SentryVmaBatch b;
  int r;

  if (addr % SENTRY_PAGE_SIZE != 0 || addr > size || len > size - addr || len == 0)
    return -EINVAL;
  r = sentry_vma_batch_init (&b, 2);
  if (r < 0)
    return r;
  sentry_mm_lock (mm);
  r = sentry_mm_unmap_locked (mm, ctx, &b, addr, addr + sentry_page_up (len));
  sentry_mm_unlock (mm);
  sentry_vma_batch_clear (&b);
  return r;
}
