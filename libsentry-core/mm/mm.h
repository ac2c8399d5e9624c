/* One task group's memory: mappings, limits, faults. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "auth/sentry-limits.h"
#include "iface/sentry-file.h"
#include "iface/sentry-mappable.h"
#include "iface/sentry-platform.h"
#include "state/sentry-state.h"
#include "usermem/sentry-usermem.h"

G_BEGIN_DECLS

/* Life: exec makes one with one reference, threads share it, fork copies it.  The last unref frees
 * the address space. It owns the truth about mappings; changes go through the AddressSpace under
 * the MM lock in one order. `ctx` is the caller's own context (trapped in this mm), or NULL for
 * outsiders.  Results are negative errnos as mmap(2) and kin give. */
typedef struct SentryMM SentryMM;
SENTRY_STATE_DECLARE (SentryMM);

/* An empty mm on a fresh address space, with the layout that Linux's exec picks: `limits` says how
 * much room the stack gets. NULL and *ret_errno (positive). */
SentryMM *sentry_mm_new (SentryPlatform *platform, SentryLimits *limits, gboolean randomize,
                         int *ret_errno);
SentryMM *sentry_mm_ref (SentryMM *mm);
void sentry_mm_unref (SentryMM *mm);
/* fork: a copy-on-write copy in which `child` will run. */
int sentry_mm_fork (SentryMM *mm, SentryContext *parent, SentryContext *child, SentryMM **ret_mm);

/* Each task thread says in which mm its own context is now (NULL, NULL: in none, before it ends),
 * so that guest accesses that it makes for itself can grow the stack: the fault handler has no
 * other way to know the context. */
void sentry_mm_enter (SentryMM *mm, SentryContext *ctx);
/* Takes over the soft limits that faults need (RLIMIT_STACK, AS, DATA); every call with `limits`
 * does so by itself. For prlimit. */
void sentry_mm_set_limits (SentryMM *mm, SentryLimits *limits);

SentryUserMem *sentry_mm_usermem (SentryMM *mm);
SentryAddressSpace *sentry_mm_address_space (SentryMM *mm);

typedef struct
{
  guint64 addr, len;
  int prot, flags;  /* PROT_*, MAP_* as the guest gave them */
  SentryFile *file; /* borrowed; its mmap operation is asked, after mmap's checks of mode and flags;
                       NULL: see mappable */
  SentryMappable *mappable; /* borrowed; maps this instead (SysV segments, the vDSO); NULL and no
                               file: anonymous */
  guint64 offset;           /* bytes, a multiple of the page size */
  int max_prot;             /* with mappable only */
  const char *name;         /* static: "[vdso]", "[vvar]"; such a mapping can't be resized; NULL */
  gboolean stack;           /* the initial stack */
  gboolean may_lock_any;    /* CAP_IPC_LOCK: RLIMIT_MEMLOCK doesn't bind */
} SentryMmapArgs;

/* Limits (RLIMIT_AS, DATA, STACK, MEMLOCK) are read from `limits` of the calling group. */
gint64 sentry_mm_mmap (SentryMM *mm, SentryContext *ctx, SentryLimits *limits,
                       const SentryMmapArgs *args);
/* An unused range for `len` bytes where Linux would put it, for layouts of several pieces; 0: none.
 */
guint64 sentry_mm_unused_range (SentryMM *mm, guint64 len);
/* One past the highest address that guests can use (TASK_SIZE), and the lowest that they can map.
 */
guint64 sentry_mm_task_size (SentryMM *mm);
guint64 sentry_mm_min_addr (SentryMM *mm);
int sentry_mm_munmap (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len);
int sentry_mm_mprotect (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len, int prot);
gint64 sentry_mm_mremap (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, guint64 old_addr,
                         guint64 old_len, guint64 new_len, int flags, guint64 new_addr);
guint64 sentry_mm_brk (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, guint64 addr);
int sentry_mm_madvise (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len, int advice);
/* mseal: 0, -EINVAL, -ENOMEM (a hole). */
int sentry_mm_mseal (SentryMM *mm, guint64 addr, guint64 len, guint64 flags);
int sentry_mm_msync (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len, int flags);
int sentry_mm_mincore (SentryMM *mm, SentryUserMem *um, guint64 addr, guint64 len, guint64 vec);
int sentry_mm_mlock (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, guint64 addr,
                     guint64 len, int flags, gboolean privileged);
int sentry_mm_munlock (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len);
int sentry_mm_mlockall (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, int flags,
                        gboolean privileged);

/* A FAULT event.  TRUE: resolved (stack growth), run on.  FALSE: *ret_info is the siginfo of the
 * signal to send. */
gboolean sentry_mm_handle_fault (SentryMM *mm, SentryContext *ctx, SentryLimits *limits,
                                 const SentryEvent *event, siginfo_t *ret_info);

/* Where futexes live: what FUTEX_PRIVATE and shared keys compare. `object` is the mm for private
 * memory, the mappable for shared mappings. 0 or -EFAULT. */
typedef struct
{
  gconstpointer object;
  guint64 offset;
} SentryFutexKey;
int sentry_mm_futex_key (SentryMM *mm, guint64 addr, gboolean shared, SentryFutexKey *ret_key);

/* Set by the loader, shown by /proc and prctl (PR_SET_MM_*). */
typedef struct
{
  guint64 start_code, end_code, start_data, end_data, start_brk, start_stack;
  guint64 arg_start, arg_end, env_start, env_end;
} SentryMMLayout;
SENTRY_STATE_DECLARE (SentryMMLayout);
SentryMMLayout *sentry_mm_layout (SentryMM *mm);
/* Where the loader puts the stack: one past its highest byte, already moved at random. */
guint64 sentry_mm_stack_top (SentryMM *mm);
void sentry_mm_set_brk_start (SentryMM *mm, guint64 addr);
/* auxv as the process got it, for /proc/PID/auxv: pairs, ends with AT_NULL. Copied. */
void sentry_mm_set_auxv (SentryMM *mm, const guint64 *auxv, gsize n_words);
guint64 *sentry_mm_get_auxv (SentryMM *mm, gsize *ret_n_words); /* a copy: g_free */
void sentry_mm_set_exe (SentryMM *mm, SentryFile *exe);
SentryFile *sentry_mm_get_exe (SentryMM *mm); /* a reference or NULL */

/* Numbers for /proc/PID/status, statm, getrusage; bytes. */
typedef struct
{
  guint64 total_vm, peak_vm, data_vm, stack_vm, exec_vm, locked_vm, pinned_vm, shared_vm;
  guint64 rss, rss_shared, peak_rss;
  guint n_vmas;
} SentryMMStats;
void sentry_mm_stats (SentryMM *mm, SentryMMStats *ret_stats);
void sentry_mm_show_maps (SentryMM *mm, const char *(*file_name) (SentryFile *f, gpointer data),
                          gpointer data, gboolean smaps, GString *out);

G_END_DECLS
