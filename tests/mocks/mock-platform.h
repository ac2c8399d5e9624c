/* A platform without host processes: unit tests script what guest code does.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "iface/sentry-platform.h"

G_BEGIN_DECLS

/* Guest memory is sentry memory behind a page table, with protections, copy-on-write forks and
 * shared host descriptors as the contract demands.  Guest code is a C function of the test: `run`
 * calls it in the caller's thread, it may touch guest memory and ctx->regs, fills *event and
 * returns.
 *
 * Which function runs: the one registered at regs.rip, else the platform's default.  So forked and
 * cloned contexts, which start with their parent's rip, run what a real guest would. */

#define SENTRY_TYPE_MOCK_PLATFORM (sentry_mock_platform_get_type ())
G_DECLARE_FINAL_TYPE (SentryMockPlatform, sentry_mock_platform, SENTRY, MOCK_PLATFORM, GObject)

#define SENTRY_MOCK_MIN_ADDR 0x10000
#define SENTRY_MOCK_MAX_ADDR G_GUINT64_CONSTANT (0x7fff00000000)

typedef void (*SentryMockGuest) (SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event,
                                 gpointer data);

SentryMockPlatform *sentry_mock_platform_new (void); /* started */
void sentry_mock_platform_set_guest (SentryMockPlatform *self, SentryMockGuest guest,
                                     gpointer data);
void sentry_mock_platform_add_code (SentryMockPlatform *self, guint64 rip, SentryMockGuest guest,
                                    gpointer data);
/* Leak checks: what exists now. */
guint sentry_mock_platform_n_contexts (SentryMockPlatform *self);
guint sentry_mock_platform_n_address_spaces (SentryMockPlatform *self);

/* For guest functions: fill the event (and registers) as the platform would. */
void sentry_mock_syscall (SentryContext *ctx, SentryEvent *event, int nr, guint64 a0, guint64 a1,
                          guint64 a2, guint64 a3, guint64 a4, guint64 a5);
void sentry_mock_fault (SentryEvent *event, guint64 addr, SentryAccess access, int si_code);
void sentry_mock_exception (SentryEvent *event, int signo, int si_code, guint64 trapno);
/* A guest that computes for ever: returns when the context is interrupted, with the INTERRUPTED
 * event. */
void sentry_mock_spin (SentryContext *ctx, SentryEvent *event);
/* Guest loads and stores: TRUE, or FALSE with the FAULT event filled. */
gboolean sentry_mock_load (SentryAddressSpace *as, SentryEvent *event, gpointer dst, guint64 src,
                           gsize len);
gboolean sentry_mock_store (SentryAddressSpace *as, SentryEvent *event, guint64 dst,
                            gconstpointer src, gsize len);

typedef enum
{
  SENTRY_MOCK_OP_MAP,
  SENTRY_MOCK_OP_UNMAP,
  SENTRY_MOCK_OP_PROTECT,
  SENTRY_MOCK_OP_REMAP,
  SENTRY_MOCK_OP_ADVISE,
  SENTRY_MOCK_OP_SYNC,
  SENTRY_MOCK_OP_FORK,
  SENTRY_MOCK_OP_CMPXCHG,
  SENTRY_MOCK_N_OPS
} SentryMockOp;

/* After `skip` more successful calls of `op` on `as`, the next one fails with -`err` and changes
 * nothing. */
void sentry_mock_address_space_fail (SentryAddressSpace *as, SentryMockOp op, guint skip, int err);
/* How many calls of `op` succeeded. */
guint sentry_mock_address_space_count (SentryAddressSpace *as, SentryMockOp op);
/* The mapping at `addr`: its PROT_* bits, or -1 for none; is it shared; the descriptor's inode and
 * file offset of the page, 0 if anonymous. */
int sentry_mock_address_space_prot (SentryAddressSpace *as, guint64 addr);
gboolean sentry_mock_address_space_file (SentryAddressSpace *as, guint64 addr, guint64 *ret_ino,
                                         guint64 *ret_offset, gboolean *ret_shared);

G_END_DECLS
