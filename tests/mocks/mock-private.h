/* Shared by the files of the mock platform. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/sentry-interval-map.h"
#include "base/sentry-lock.h"
#include "mock-platform.h"

#define MOCK_PAGE 4096

struct _SentryMockPlatform
{
  GObject parent;
  GMutex lock;
  GHashTable *code; /* m: rip (guint64) → MockCode */
  SentryMockGuest guest;
  gpointer guest_data;
  gint n_contexts;       /* a */
  gint n_address_spaces; /* a */
};

typedef struct
{
  SentryContext base;
  SentryMockPlatform *platform; /* I */
  GMutex lock;
  GCond cond;
  gboolean interrupted; /* m: remembered once */
  gboolean single_step; /* T */
  guint8 *xstate;       /* T */
} MockContext;

/* A page that private mappings share after fork until one of them writes. */
typedef struct
{
  gint refs; /* a */
  guint8 bytes[MOCK_PAGE];
} MockPage;

/* A duplicate of a mapped descriptor. */
typedef struct
{
  gint refs; /* a */
  int fd;
} MockFile;

typedef struct
{
  SentryInterval range;
  int prot;
  gboolean shared;
  MockFile *file; /* NULL: anonymous */
  guint64 offset; /* of range.start */
} MockRegion;

typedef struct
{
  SentryAddressSpace base;
  SentryMockPlatform *platform; /* I */
  SentryMutex lock;             /* PLATFORM; guards the rest */
  SentryIntervalMap regions;
  GHashTable *pages; /* page address (guint64) → MockPage, private pages that were touched */
  int fail_errno[SENTRY_MOCK_N_OPS];
  guint fail_skip[SENTRY_MOCK_N_OPS];
  guint count[SENTRY_MOCK_N_OPS];
} MockSpace;

SentryAddressSpace *mock_space_new (SentryMockPlatform *platform);
/* 0, or the injected error. */
int mock_space_begin_op_locked (MockSpace *s, SentryMockOp op);
void mock_space_remove_locked (MockSpace *s, guint64 start, guint64 end);
MockRegion *mock_region_new (guint64 start, guint64 end, const MockRegion *like);

/* mock-memory.c */
gsize mock_copy_in (SentryAddressSpace *as, gpointer dst, guint64 src, gsize len);
gsize mock_copy_out (SentryAddressSpace *as, guint64 dst, gconstpointer src, gsize len);
int mock_poke (SentryAddressSpace *as, SentryContext *ctx, guint64 dst, gconstpointer src,
               gsize len);
int mock_load32 (SentryAddressSpace *as, guint64 addr, guint32 *ret_value);
int mock_cmpxchg32 (SentryAddressSpace *as, SentryContext *ctx, guint64 addr, guint32 expected,
                    guint32 desired, gboolean nonblock, guint32 *ret_found);
int mock_resident (SentryAddressSpace *as, guint64 addr, guint64 len, guint8 *ret_vec);
int mock_foreach_private_page (SentryAddressSpace *as, guint64 addr, guint64 len,
                               gboolean (*page) (guint64 addr, gpointer data), gpointer data);
void mock_rss (SentryAddressSpace *as, guint64 *ret_total, guint64 *ret_shared);
void mock_page_unref (gpointer page);
