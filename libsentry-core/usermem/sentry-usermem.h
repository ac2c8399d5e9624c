/* Guest memory: the only door to it. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/uio.h>
#include "iface/sentry-address-space.h"

G_BEGIN_DECLS

/* The guest may change its memory while we look: copy once into ours, then check the copy.
 *
 * A SentryUserMem is an address space plus the fault handler of the mm that owns it.  Copies first
 * try what the host can do alone; where that stops, the handler is asked (stack growth, lazy
 * restore, KVM fill) and the copy goes on, a bounded number of times.  Thread: any.  Locks: the
 * handler takes MM, so only classes above it may be held, and only FILE (a file's position, as
 * Linux's f_pos_lock) and an inode's contents are; the _nofault calls never call the handler and
 * may be made under any lock down to PLATFORM's row. */

typedef struct SentryUserMem SentryUserMem;

/* Makes `addr` accessible if the mappings say that it should be.  TRUE: try again. */
typedef gboolean (*SentryUserFault) (SentryUserMem *um, guint64 addr, SentryAccess access);

struct SentryUserMem
{
  SentryAddressSpace *as; /* I; owned by the mm */
  SentryUserFault fault;  /* I; may be NULL */
};

/* 0, or -EFAULT when not all of it could be copied (what was copied stays copied). */
int sentry_copy_in (SentryUserMem *um, gpointer dst, guint64 src, gsize len);
int sentry_copy_out (SentryUserMem *um, guint64 dst, gconstpointer src, gsize len);
/* Number of bytes copied before the first bad address. */
gsize sentry_copy_in_partial (SentryUserMem *um, gpointer dst, guint64 src, gsize len);
gsize sentry_copy_out_partial (SentryUserMem *um, guint64 dst, gconstpointer src, gsize len);
gsize sentry_zero_out_partial (SentryUserMem *um, guint64 dst, gsize len);
/* A NUL-terminated string of less than `size` bytes including the NUL.  Returns its length,
 * -EFAULT, or -ENAMETOOLONG when no NUL lies in the first `size` bytes. */
gssize sentry_copy_in_string (SentryUserMem *um, char *dst, guint64 src, gsize size);
/* A path: at most PATH_MAX bytes with the NUL; *ret_path is to be freed with g_free.  0, -EFAULT,
 * -ENAMETOOLONG, -ENOMEM.  The empty path is returned as "": callers decide about AT_EMPTY_PATH. */
int sentry_copy_in_path (SentryUserMem *um, guint64 src, char **ret_path);

#define sentry_copy_in_object(um, ptr, src) sentry_copy_in (um, ptr, src, sizeof *(ptr))
#define sentry_copy_out_object(um, dst, ptr) sentry_copy_out (um, dst, ptr, sizeof *(ptr))

/* Where a read puts its bytes, or a write takes them: a list of guest ranges, or one range of
 * sentry memory. Lies on the caller's stack.  Position only moves forward; sentry_iter_revert goes
 * back within what was moved. The total is bounded by MAX_RW_COUNT (0x7ffff000), as Linux does. */
typedef struct SentryIter
{
  SentryUserMem *um; /* NULL: kernel memory */
  struct iovec *iov; /* guest or sentry addresses */
  guint n_iov;
  guint at;           /* current element */
  gsize at_offset;    /* and offset in it */
  gsize remaining;    /* bytes left in all */
  gsize done;         /* bytes moved so far */
  gboolean append;    /* a write goes to the end of the file, as with O_APPEND (RWF_APPEND) */
  guint64 fault_page; /* bounds sentry_iter_fault_in: the page asked for last */
  guint fault_tries;
  struct iovec inline_iov[8];
  struct iovec *heap_iov; /* when more than 8 */
} SentryIter;

#define SENTRY_MAX_RW_COUNT 0x7ffff000u
/* Linux's TASK_SIZE_MAX with 4-level page tables. */
#define SENTRY_USER_MAX G_GUINT64_CONSTANT (0x7ffffffff000)

#define SENTRY_PAGE_SIZE 4096u

static inline guint64
sentry_page_down (guint64 addr)
{
  return addr & ~(guint64) (SENTRY_PAGE_SIZE - 1);
}

/* Linux's PAGE_ALIGN: wraps to 0 near the end. */
static inline guint64
sentry_page_up (guint64 addr)
{
  return sentry_page_down (addr + SENTRY_PAGE_SIZE - 1);
}

/* Linux's access_ok: does [addr, addr + len) lie in the user half? */
static inline gboolean
sentry_access_ok (guint64 addr, guint64 len)
{
  return len <= SENTRY_USER_MAX && addr <= SENTRY_USER_MAX - len;
}

/* One guest buffer.  Linux's access_ok: -EFAULT when the range leaves the user half; no other check
 * yet. */
int sentry_iter_init_user (SentryIter *it, SentryUserMem *um, guint64 addr, gsize len);
/* A guest iovec array: -EINVAL (count > 1024, negative length or overflow), -EFAULT, -ENOMEM. */
int sentry_iter_init_user_iov (SentryIter *it, SentryUserMem *um, guint64 iov_addr, guint n_iov);
void sentry_iter_init_kernel (SentryIter *it, gpointer buf, gsize len);
void sentry_iter_clear (SentryIter *it);

/* Moves up to `len` bytes to (copy_to) or from (copy_from) where the iterator stands.  Returns the
 * bytes moved; fewer than MIN (len, remaining) means that the next address is bad. */
gsize sentry_iter_copy_to (SentryIter *it, gconstpointer src, gsize len);
gsize sentry_iter_copy_from (SentryIter *it, gpointer dst, gsize len);
gsize sentry_iter_zero (SentryIter *it, gsize len);
/* The same without the fault handler, for use under an object's lock.  On a short count: drop the
 * lock, call sentry_iter_fault_in, and if that is 0, try again; else -EFAULT is the answer. */
gsize sentry_iter_copy_to_nofault (SentryIter *it, gconstpointer src, gsize len);
gsize sentry_iter_copy_from_nofault (SentryIter *it, gpointer dst, gsize len);
/* Makes the next page accessible (`access` of guest memory).  0 or -EFAULT, which is also the
 * answer when the same page is asked for again and again in vain: a loop of copy and fault_in
 * always ends. */
int sentry_iter_fault_in (SentryIter *it, SentryAccess access);
void sentry_iter_advance (SentryIter *it, gsize len);
void sentry_iter_revert (SentryIter *it, gsize len);
/* Shortens what is left. */
void sentry_iter_truncate (SentryIter *it, gsize len);

G_END_DECLS
