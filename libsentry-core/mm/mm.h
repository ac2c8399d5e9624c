/* One task group's memory: mappings, limits, faults. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "auth/sentry-limits.h"
#include "iface/sentry-file.h"
#include "iface/sentry-mappable.h"
#include "iface/sentry-platform.h"
#include "usermem/sentry-usermem.h"

G_BEGIN_DECLS

/* Life: exec makes one with one reference, threads share it, fork copies it.  The last unref frees the address space.
 * It owns the truth about mappings; changes go through the AddressSpace under the MM lock in one order. `ctx` is
 * the caller's own context (trapped in this mm), or NULL for outsiders.  Results are negative errnos as mmap(2) and kin give. */
typedef struct SentryMM SentryMM;

/* An empty mm on a fresh address space. `limits` is borrowed until sentry_mm_set_limits or the end. NULL and *ret_errno. */
SentryMM *sentry_mm_new (SentryPlatform *platform, int *ret_errno);
SentryMM *sentry_mm_ref (SentryMM *mm);
void sentry_mm_unref (SentryMM *mm);
/* fork: a copy-on-write copy in which `child` will run. */
int sentry_mm_fork (SentryMM *mm, SentryContext *parent, SentryContext *child, SentryMM **ret_mm);

SentryUserMem *sentry_mm_usermem (SentryMM *mm);
SentryAddressSpace *sentry_mm_address_space (SentryMM *mm);

typedef struct
{
  guint64 addr, len;
  int prot, flags;        /* PROT_*, MAP_* as the guest gave them */
  SentryMappable *mappable; /* borrowed; NULL: anonymous */
  SentryFile *file;       /* borrowed; for vm_file (maps, fdinfo); NULL: anonymous */
  guint64 offset;
  int max_prot;
  const char *name;       /* static: "[stack]", "[heap]", "[vdso]"; NULL */
} SentryMmapArgs;

/* Limits (RLIMIT_AS, DATA, STACK, MEMLOCK) are read from `limits` of the calling group. */
gint64 sentry_mm_mmap (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, const SentryMmapArgs *args);
int sentry_mm_munmap (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len);
int sentry_mm_mprotect (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len, int prot);
gint64 sentry_mm_mremap (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, guint64 old_addr,
                         guint64 old_len, guint64 new_len, int flags, guint64 new_addr);
guint64 sentry_mm_brk (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, guint64 addr);
int sentry_mm_madvise (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len, int advice);
int sentry_mm_msync (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len, int flags);
int sentry_mm_mincore (SentryMM *mm, SentryUserMem *um, guint64 addr, guint64 len, guint64 vec);
int sentry_mm_mlock (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, guint64 addr, guint64 len, int flags,
                     gboolean privileged);
int sentry_mm_munlock (SentryMM *mm, SentryContext *ctx, guint64 addr, guint64 len);
int sentry_mm_mlockall (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, int flags, gboolean privileged);

/* A FAULT event.  TRUE: resolved (stack growth), run on.  FALSE: *ret_info is the siginfo of the signal to send. */
gboolean sentry_mm_handle_fault (SentryMM *mm, SentryContext *ctx, SentryLimits *limits, const SentryEvent *event,
                                 siginfo_t *ret_info);

/* Where futexes live: what FUTEX_PRIVATE and shared keys compare. `object` is the mm for private memory, the mappable for
 * shared mappings. 0 or -EFAULT. */
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
SentryMMLayout *sentry_mm_layout (SentryMM *mm);
void sentry_mm_set_brk_start (SentryMM *mm, guint64 addr);
/* auxv as the process got it, for /proc/PID/auxv: pairs, ends with AT_NULL. Copied. */
void sentry_mm_set_auxv (SentryMM *mm, const guint64 *auxv, gsize n_words);
const guint64 *sentry_mm_auxv (SentryMM *mm, gsize *ret_n_words);
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
void sentry_mm_show_maps (SentryMM *mm, const char *(*file_name) (SentryFile *f, gpointer data), gpointer data,
                          gboolean smaps, GString *out);

G_END_DECLS
