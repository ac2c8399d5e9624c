/* Hostile registers made safe to resume. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arch/x86-64/sentry-regs.h"

/* User code may set these by itself (popf), and Linux takes them from signal frames and debuggers;
 * IOPL, VM, VIF and VIP it may not. */
#define EFLAGS_USER                                                                                \
  (0x1u /* CF */ | 0x4u /* PF */ | 0x10u /* AF */ | 0x40u /* ZF */ | 0x80u             /* SF */    \
   | 0x100u /* TF */ | 0x400u /* DF */ | 0x800u /* OF */ | 0x4000u /* NT */ | 0x10000u /* RF */    \
   | 0x40000u /* AC */ | 0x200000u /* ID */)
#define EFLAGS_FIXED 0x202u /* bit 1 is always set, user code runs with interrupts on */

#define USER32_CS 0x23
#define CPUNODE_SEG 0x7b /* limit = CPU number; some programs load it */
#define USER_TOP G_GUINT64_CONSTANT (0x7ffffffff000)
/* The lowest kernel address: a fetch from it faults as a fetch from any address that isn't
 * canonical must, and it's not the vsyscall page. */
#define FAULTING_RIP G_GUINT64_CONSTANT (0xffff800000000000)

static guint64
data_selector (guint64 sel)
{
  switch (sel & 0xffff)
    {
    case SENTRY_USER_SS:
    case SENTRY_USER_CS:
    case USER32_CS:
    case CPUNODE_SEG:
      return sel & 0xffff;
    default:
      return 0;
    }
}

static gboolean
is_canonical (guint64 addr)
{
  return (guint64) ((gint64) (addr << 16) >> 16) == addr;
}

void
sentry_regs_sanitize (SentryRegs *regs)
{
  regs->eflags = (regs->eflags & EFLAGS_USER) | EFLAGS_FIXED;
  regs->cs = (regs->cs & 0xffff) == USER32_CS ? USER32_CS : SENTRY_USER_CS;
  regs->ss = SENTRY_USER_SS;
  regs->ds = data_selector (regs->ds);
  regs->es = data_selector (regs->es);
  regs->fs = data_selector (regs->fs);
  regs->gs = data_selector (regs->gs);
  if (!is_canonical (regs->rip))
    regs->rip = FAULTING_RIP;
  if (regs->fs_base >= USER_TOP)
    regs->fs_base = 0;
  if (regs->gs_base >= USER_TOP)
    regs->gs_base = 0;
}
