/* The Platform conformance suite: one program for every implementation.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/mman.h>
#include <sys/syscall.h>

#include "iface/sentry-platform.h"

G_BEGIN_DECLS

#define PAGE G_GUINT64_CONSTANT (4096)
#define CODE_AT G_GUINT64_CONSTANT (0x400000)
#define DATA_AT G_GUINT64_CONSTANT (0x500000)
#define STACK_AT G_GUINT64_CONSTANT (0x600000)
#define FREE_AT G_GUINT64_CONSTANT (0x10000000)

#define RW (PROT_READ | PROT_WRITE)

/* The platform under test, started, and what it can do. */
extern SentryPlatform *suite_platform;
typedef enum
{
  SUITE_NATIVE = 1 << 0,         /* runs guest code */
  SUITE_HOST_PROCESSES = 1 << 1, /* guests are children of this process */
} SuiteTraits;
extern SuiteTraits suite_traits;

/* A guest: an address space with a page of code, a page of data and a page of stack, and a context
 * about to run. */
typedef struct
{
  SentryAddressSpace *as;
  SentryContext *ctx;
} Guest;

#define GUEST_CODE(name) extern const guint8 guest_##name[], guest_##name##_end[]
#define guest_set_up(g, name)                                                                      \
  guest_start (g, guest_##name, (gsize) (guest_##name##_end - guest_##name))

void guest_start (Guest *g, const guint8 *code, gsize size);
void guest_end (Guest *g);
SentryContext *suite_new_context (void);
SentryAddressSpace *suite_new_address_space (void);

/* Runs and checks the kind of the event. */
void guest_run (Guest *g, SentryEventKind kind, SentryEvent *ret_event);
/* Runs to the next system call. */
void guest_run_to_call (Guest *g);
void guest_goto (Guest *g, guint64 rip);

int as_map (Guest *g, guint64 addr, guint64 len, int prot);
guint64 as_load (SentryAddressSpace *as, guint64 addr);
void as_store (SentryAddressSpace *as, guint64 addr, guint64 value);
gboolean as_readable (SentryAddressSpace *as, guint64 addr);
/* A host file of `pages` pages, each filled with its number + 1. */
int suite_file (guint pages);

/* The host process of the one guest that is stopped by its tracer (SUITE_HOST_PROCESSES). */
pid_t suite_guest_pid (void);
/* Of all guests that have a tracer; the tracer's thread number too. */
guint suite_guests (pid_t *ret_pids, pid_t *ret_tracers, guint max);
/* Children of this process that aren't zombies. */
guint suite_n_children (void);
guint suite_n_fds (const char *pid);

void suite_add_runs (void);
void suite_add_faults (void);
void suite_add_memory (void);
void suite_add_tasks (void);

G_END_DECLS
