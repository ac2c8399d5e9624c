/* An address space that is this process's own memory. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/uio.h>
#include <unistd.h>

#include "usermem/sentry-usermem.h"

/* The kernel checks the addresses, so that a bad one is a short copy. */
static gsize
own_copy_in (SentryAddressSpace *as, gpointer dst, guint64 src, gsize len)
{
  gsize done = 0;

  while (done < len)
    {
      gsize n = MIN (len - done, 4096 - (src + done) % 4096);
      struct iovec to = { (char *) dst + done, n }, from = { (gpointer) (src + done), n };
      if (process_vm_readv (getpid (), &to, 1, &from, 1, 0) != (gssize) n)
        break;
      done += n;
    }
  return done;
}

static const SentryAddressSpaceOps own_ops = { .copy_in = own_copy_in };
static SentryAddressSpace own_space = { .ops = &own_ops, .max_addr = SENTRY_USER_MAX };
static SentryUserMem own_memory = { .as = &own_space };
