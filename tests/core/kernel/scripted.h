/* Kernels whose guests are C functions, one system call a step.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "kernel/task-private.h"
#include "mock-platform.h"

/* A guest is a switch over a step counter, kept in rbx so that fork copies it.  `call` fills the
 * registers of the next system call; the result is in rax at the next step.  Signal handlers have
 * numbers of their own: a handler's address is HANDLER (n), its steps are counted in rbp from 0. */
#define SCRIPT_CODE 0x100000
#define SCRIPT_CALL 0x100100
#define SCRIPT_RESTORER 0x100200
#define SCRIPT_HANDLER(n) (0x101000 + (n) *0x1000)
#define SCRIPT_STACK_TOP 0x700000
#define SCRIPT_DATA 0x200000 /* 64 KiB of memory, shared by CLONE_VM */

typedef struct Script Script;
typedef void (*ScriptFunc) (Script *s, SentryContext *ctx, SentryAddressSpace *as,
                            SentryEvent *event);

struct Script
{
  SentryKernel *kernel;
  SentryMockPlatform *platform;
  SentryMountNamespace *mount_ns;
  ScriptFunc main;
  ScriptFunc handler[4];
  GMutex lock;
  GString *log; /* what guests said */
  gpointer data;
};

Script *script_new (ScriptFunc main);
void script_start (Script *s);
/* Waits for the end, checks that nothing is left, frees; the wait status of init. */
int script_finish (Script *s);
/* start and finish. */
int script_run (ScriptFunc main);

/* The step that is due; and the next one after it. */
#define STEP(ctx) ((ctx)->regs.rbx++)
void script_say (Script *s, const char *format, ...) G_GNUC_PRINTF (2, 3);
void script_expect (Script *s, const char *log);
void script_call (SentryContext *ctx, SentryEvent *event, int nr, ...);
#define CALL(nr, ...)                                                                              \
  script_call (ctx, event, nr, ##__VA_ARGS__, (guint64) 0, (guint64) 0, (guint64) 0, (guint64) 0,  \
               (guint64) 0, (guint64) 0)
/* From a handler: return through the restorer. */
void script_return (SentryContext *ctx, SentryEvent *event);
guint32 script_load32 (SentryAddressSpace *as, guint64 addr);
guint64 script_load64 (SentryAddressSpace *as, guint64 addr);
void script_store (SentryAddressSpace *as, guint64 addr, gconstpointer data, gsize len);
void script_store64 (SentryAddressSpace *as, guint64 addr, guint64 value);
/* Writes a struct for rt_sigaction to `at` and calls it. */
void script_sigaction (SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event, int sig,
                       guint64 handler, guint64 flags, guint64 mask);
/* Waits until the task is asleep in a call. */
void script_wait_blocked (Script *s, gint32 tid);
