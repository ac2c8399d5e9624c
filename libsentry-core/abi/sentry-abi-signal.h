/* Layouts of amd64 Linux that signals exchange with guests.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <signal.h>

G_BEGIN_DECLS

/* rt_sigaction: the members stand in another order than glibc's, and the mask has 8 bytes. */
#define SENTRY_ABI_SA_RESTORER 0x04000000u
typedef struct
{
  guint64 handler, flags, restorer, mask; /* glibc has macros called sa_handler … */
} SentryAbiSigaction;

typedef struct
{
  guint64 ss_sp;
  gint32 ss_flags;
  guint32 reserved;
  guint64 ss_size;
} SentryAbiStack;

/* glibc's siginfo_t is the kernel's: 128 bytes, the union at 16. */
typedef siginfo_t SentryAbiSiginfo;

typedef struct
{
  guint64 sigev_value;
  gint32 sigev_signo, sigev_notify;
  gint32 sigev_tid; /* SIGEV_THREAD_ID */
  guint32 reserved[11];
} SentryAbiSigevent;

typedef struct
{
  guint32 ssi_signo;
  gint32 ssi_errno, ssi_code;
  guint32 ssi_pid, ssi_uid;
  gint32 ssi_fd;
  guint32 ssi_tid, ssi_band, ssi_overrun, ssi_trapno;
  gint32 ssi_status, ssi_int;
  guint64 ssi_ptr, ssi_utime, ssi_stime, ssi_addr;
  guint16 ssi_addr_lsb, reserved0;
  gint32 ssi_syscall;
  guint64 ssi_call_addr;
  guint32 ssi_arch;
  guint8 reserved[28];
} SentryAbiSignalfdSiginfo;

typedef struct
{
  guint64 r8, r9, r10, r11, r12, r13, r14, r15, di, si, bp, bx, dx, ax, cx, sp, ip, flags;
  guint16 cs, gs, fs, ss;
  guint64 err, trapno, oldmask, cr2;
  guint64 fpstate; /* address of the xstate in the frame, 0: none */
  guint64 reserved[8];
} SentryAbiSigcontext;

#define SENTRY_ABI_UC_FP_XSTATE 1u
#define SENTRY_ABI_UC_SIGCONTEXT_SS 2u
#define SENTRY_ABI_UC_STRICT_RESTORE_SS 4u
typedef struct
{
  guint64 uc_flags, uc_link;
  SentryAbiStack uc_stack;
  SentryAbiSigcontext uc_mcontext;
  guint64 uc_sigmask;
} SentryAbiUcontext;

/* What the handler finds at its stack pointer: the restorer's address, then this. */
typedef struct
{
  guint64 pretcode;
  SentryAbiUcontext uc;
  SentryAbiSiginfo info;
} SentryAbiRtSigframe;

/* In the 48 bytes at 464 of the fxsave area, which the processor leaves alone. */
#define SENTRY_ABI_FP_XSTATE_MAGIC1 0x46505853u
#define SENTRY_ABI_FP_XSTATE_MAGIC2 0x46505845u /* 4 bytes behind the xstate */
#define SENTRY_ABI_FPX_SW_OFFSET 464
typedef struct
{
  guint32 magic1, extended_size;
  guint64 xfeatures;
  guint32 xstate_size, reserved[7];
} SentryAbiFpxSwBytes;

G_END_DECLS
