/* An address space of a few pages with rights, for tests of the copies alone.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>
#include <sys/mman.h>
#include "base/sentry-list.h"
#include "usermem/sentry-usermem.h"

#define FAKE_BASE G_GUINT64_CONSTANT (0x10000)
#define FAKE_PAGES 8
#define FAKE_PAGE 4096

typedef struct
{
  SentryAddressSpace as;
  SentryUserMem um;
  guint8 mem[FAKE_PAGES * FAKE_PAGE];
  int prot[FAKE_PAGES];
  int fault_gives; /* rights that the fault handler gives to a page, 0: it refuses */
  gboolean fault_lies;
  guint n_faults;
} FakePages;

static gsize
fake_reach (SentryAddressSpace *as, guint64 addr, gsize len, int need)
{
  FakePages *f = (FakePages *) as;
  gsize ok = 0;

  while (ok < len)
    {
      guint64 at = addr + ok;
      gsize page_left = FAKE_PAGE - at % FAKE_PAGE;

      if (at < FAKE_BASE || at >= FAKE_BASE + sizeof f->mem
          || !(f->prot[(at - FAKE_BASE) / FAKE_PAGE] & need))
        break;
      ok += MIN (page_left, len - ok);
    }
  return ok;
}

static gsize
fake_copy_in (SentryAddressSpace *as, gpointer dst, guint64 src, gsize len)
{
  gsize n = fake_reach (as, src, len, PROT_READ);
  memcpy (dst, ((FakePages *) as)->mem + (src - FAKE_BASE), n);
  return n;
}

static gsize
fake_copy_out (SentryAddressSpace *as, guint64 dst, gconstpointer src, gsize len)
{
  gsize n = fake_reach (as, dst, len, PROT_WRITE);
  memcpy (((FakePages *) as)->mem + (dst - FAKE_BASE), src, n);
  return n;
}

static gboolean
fake_fault (SentryUserMem *um, guint64 addr, SentryAccess access)
{
  FakePages *f = SENTRY_CONTAINER (um, FakePages, um);

  f->n_faults++;
  if (f->fault_lies)
    return TRUE;
  if (f->fault_gives == 0 || addr < FAKE_BASE || addr >= FAKE_BASE + sizeof f->mem)
    return FALSE;
  f->prot[(addr - FAKE_BASE) / FAKE_PAGE] |= f->fault_gives;
  return TRUE;
}

static FakePages *
fake_pages_new (void)
{
  static const SentryAddressSpaceOps ops = { .copy_in = fake_copy_in, .copy_out = fake_copy_out };
  FakePages *f = g_new0 (FakePages, 1);

  f->as.ops = &ops;
  f->as.max_addr = SENTRY_USER_MAX;
  f->um.as = &f->as;
  f->um.fault = fake_fault;
  for (guint i = 0; i < FAKE_PAGES; i++)
    f->prot[i] = PROT_READ | PROT_WRITE;
  return f;
}
