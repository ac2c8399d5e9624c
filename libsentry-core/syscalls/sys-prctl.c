/* prctl, arch_prctl, personality. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <asm/prctl.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>

#include "kernel/attributes.h"
#include "kernel/process.h"
#include "kernel/signal.h"
#include "syscalls/handlers.h"

typedef const guint64 *Args;

static gboolean
rest_is_zero (Args a, guint from)
{
  for (guint i = from; i <= 4; i++)
    if (a[i] != 0)
      return FALSE;
  return TRUE;
}

static gint64
set_name (SentryTask *task, guint64 addr)
{
  char name[16] = { 0 };
  gssize n = sentry_copy_in_string (sentry_task_usermem (task), name, addr, sizeof name);

  if (n < 0 && n != -ENAMETOOLONG)
    return -EFAULT;
  name[15] = '\0';
  sentry_task_set_comm (task, name);
  return 0;
}

static gint64
get_name (SentryTask *task, guint64 addr)
{
  char name[16];

  sentry_task_get_comm (task, name);
  return sentry_copy_out (sentry_task_usermem (task), addr, name, sizeof name);
}

static gint64
put_int (SentryTask *task, guint64 addr, gint32 value)
{
  return sentry_copy_out_object (sentry_task_usermem (task), addr, &value);
}

/* --- credentials --- */

static gint64
set_no_new_privs (SentryTask *task)
{
  SentryCred *cred = sentry_cred_copy (task->cred);

  cred->no_new_privs = TRUE;
  sentry_task_set_cred (task, cred);
  return 0;
}

static gint64
set_keep_caps (SentryTask *task, guint64 on)
{
  SentryCred *cred;

  if (on > 1)
    return -EINVAL;
  if (task->cred->securebits & (1u << SECURE_KEEP_CAPS_LOCKED))
    return -EPERM;
  cred = sentry_cred_copy (task->cred);
  cred->securebits &= ~(1u << SECURE_KEEP_CAPS);
  cred->securebits |= (guint32) on << SECURE_KEEP_CAPS;
  sentry_task_set_cred (task, cred);
  return 0;
}

static gint64
set_securebits (SentryTask *task, guint64 bits)
{
  guint32 old = task->cred->securebits, locked = (old & SECURE_ALL_LOCKS) >> 1;
  SentryCred *cred;

  if ((locked & (old ^ bits)) != 0 || ((old & SECURE_ALL_LOCKS) & ~bits) != 0
      || (bits & ~(guint64) (SECURE_ALL_LOCKS | SECURE_ALL_BITS)) != 0
      || !sentry_task_capable (task, CAP_SETPCAP))
    return -EPERM;
  cred = sentry_cred_copy (task->cred);
  cred->securebits = (guint32) bits;
  sentry_task_set_cred (task, cred);
  return 0;
}

static gint64
drop_bounding (SentryTask *task, guint64 cap)
{
  SentryCred *cred;

  if (!sentry_cred_capable_in (task->cred, task->cred->user_ns, CAP_SETPCAP))
    return -EPERM;
  if (cap > CAP_LAST_CAP)
    return -EINVAL;
  cred = sentry_cred_copy (task->cred);
  cred->cap_bounding &= ~(G_GUINT64_CONSTANT (1) << cap);
  sentry_task_set_cred (task, cred);
  return 0;
}

static gint64
ambient (SentryTask *task, Args a)
{
  guint64 bit;
  SentryCred *cred;

  if (a[1] == PR_CAP_AMBIENT_CLEAR_ALL)
    {
      if (!rest_is_zero (a, 2))
        return -EINVAL;
      cred = sentry_cred_copy (task->cred);
      cred->cap_ambient = 0;
      sentry_task_set_cred (task, cred);
      return 0;
    }
  if (a[2] > CAP_LAST_CAP || !rest_is_zero (a, 3))
    return -EINVAL;
  bit = G_GUINT64_CONSTANT (1) << a[2];
  if (a[1] == PR_CAP_AMBIENT_IS_SET)
    return (task->cred->cap_ambient & bit) != 0;
  if (a[1] != PR_CAP_AMBIENT_RAISE && a[1] != PR_CAP_AMBIENT_LOWER)
    return -EINVAL;
  if (a[1] == PR_CAP_AMBIENT_RAISE
      && (!(task->cred->cap_permitted & task->cred->cap_inheritable & bit)
          || (task->cred->securebits & (1u << SECURE_NO_CAP_AMBIENT_RAISE))))
    return -EPERM;
  cred = sentry_cred_copy (task->cred);
  if (a[1] == PR_CAP_AMBIENT_RAISE)
    cred->cap_ambient |= bit;
  else
    cred->cap_ambient &= ~bit;
  sentry_task_set_cred (task, cred);
  return 0;
}

static gint64
prctl_cred (SentryTask *task, int option, Args a)
{
  switch (option)
    {
    case PR_SET_NO_NEW_PRIVS:
      return a[1] == 1 && rest_is_zero (a, 2) ? set_no_new_privs (task) : -EINVAL;
    case PR_GET_NO_NEW_PRIVS:
      return rest_is_zero (a, 1) ? task->cred->no_new_privs : -EINVAL;
    case PR_GET_KEEPCAPS:
      return (task->cred->securebits >> SECURE_KEEP_CAPS) & 1;
    case PR_SET_KEEPCAPS:
      return set_keep_caps (task, a[1]);
    case PR_GET_SECUREBITS:
      return task->cred->securebits;
    case PR_SET_SECUREBITS:
      return set_securebits (task, a[1]);
    case PR_CAPBSET_READ:
      return a[1] <= CAP_LAST_CAP ? (gint64) (task->cred->cap_bounding >> a[1] & 1) : -EINVAL;
    case PR_CAPBSET_DROP:
      return drop_bounding (task, a[1]);
    case PR_CAP_AMBIENT:
      return ambient (task, a);
    default:
      return -EINVAL;
    }
}

/* --- the task --- */

static gint64
set_dumpable (SentryTask *task, guint64 value)
{
  if (value > 1)
    return -EINVAL;
  sentry_task_set_dumpable (task, (guint32) value);
  return 0;
}

static gint64
set_pdeath_signal (SentryTask *task, guint64 sig)
{
  if (sig > SENTRY_NSIG)
    return -EINVAL;
  sentry_task_set_pdeath_signal (task, (int) sig);
  return 0;
}

static gint64
get_tid_address (SentryTask *task, guint64 addr)
{
  guint64 value = sentry_task_clear_child_tid (task);

  return sentry_copy_out_object (sentry_task_usermem (task), addr, &value);
}

static gint64
set_timer_slack (SentryTask *task, guint64 ns)
{
  sentry_task_set_timer_slack (task, (gint64) ns <= 0 ? 0 : ns);
  return 0;
}

static gint64
set_subreaper (SentryTask *task, guint64 on)
{
  sentry_task_set_subreaper (task, on != 0);
  return 0;
}

/* Remembered: whether guests get huge pages is the host's affair. */
static gint64
set_thp_disable (SentryTask *task, Args a)
{
  if (!rest_is_zero (a, 3) || a[2] != 0)
    return -EINVAL;
  sentry_task_set_thp_disabled (task, a[1] != 0);
  return 0;
}

gint64
sentry_sys_prctl (SentryTask *task, const SentrySyscallArgs *args)
{
  Args a = args->arg;
  int option = (int) a[0];

  switch (option)
    {
    case PR_SET_NAME:
      return set_name (task, a[1]);
    case PR_GET_NAME:
      return get_name (task, a[1]);
    case PR_SET_PDEATHSIG:
      return set_pdeath_signal (task, a[1]);
    case PR_GET_PDEATHSIG:
      return put_int (task, a[1], sentry_task_pdeath_signal (task));
    case PR_SET_DUMPABLE:
      return set_dumpable (task, a[1]);
    case PR_GET_DUMPABLE:
      return sentry_task_dumpable (task);
    case PR_SET_CHILD_SUBREAPER:
      return set_subreaper (task, a[1]);
    case PR_GET_CHILD_SUBREAPER:
      return put_int (task, a[1], sentry_task_is_subreaper (task));
    case PR_SET_TIMERSLACK:
      return set_timer_slack (task, a[1]);
    case PR_GET_TIMERSLACK:
      return (gint64) MIN (sentry_task_timer_slack (task), (guint64) G_MAXLONG);
    case PR_GET_TID_ADDRESS:
      return get_tid_address (task, a[1]);
    case PR_GET_TIMING:
      return PR_TIMING_STATISTICAL;
    case PR_SET_TIMING:
      return a[1] == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
    case PR_GET_TSC:
      return put_int (task, a[1], PR_TSC_ENABLE);
    case PR_SET_TSC: /* trapping rdtsc is not offered */
      return a[1] == PR_TSC_ENABLE ? 0 : -EINVAL;
    case PR_GET_SECCOMP: /* no filter is ever installed: seccomp(2) is not there */
      return 0;
    case PR_GET_THP_DISABLE:
      return rest_is_zero (a, 1) ? (gint64) sentry_task_thp_disabled (task) : -EINVAL;
    case PR_SET_THP_DISABLE:
      return set_thp_disable (task, a);
    case PR_SET_MM:
      return sentry_task_capable (task, CAP_SYS_RESOURCE) ? -EINVAL : -EPERM;
    default:
      return prctl_cred (task, option, a);
    }
}

/* --- arch_prctl --- */

#ifndef ARCH_GET_CPUID
#  define ARCH_GET_CPUID 0x1011
#  define ARCH_SET_CPUID 0x1012
#endif

/* Linux's bound with four-level page tables. */
#define TASK_SIZE_MAX G_GUINT64_CONSTANT (0x7ffffffff000)

static gint64
set_base (SentryTask *task, guint64 *reg, guint64 value)
{
  if (value >= TASK_SIZE_MAX)
    return -EPERM;
  *reg = value;
  task->context->regs_dirty = TRUE;
  return 0;
}

gint64
sentry_sys_arch_prctl (SentryTask *task, const SentrySyscallArgs *args)
{
  SentryRegs *regs = &task->context->regs;
  SentryUserMem *um = sentry_task_usermem (task);

  switch ((int) args->arg[0])
    {
    case ARCH_SET_FS:
      return set_base (task, &regs->fs_base, args->arg[1]);
    case ARCH_SET_GS:
      return set_base (task, &regs->gs_base, args->arg[1]);
    case ARCH_GET_FS:
      return sentry_copy_out_object (um, args->arg[1], &regs->fs_base);
    case ARCH_GET_GS:
      return sentry_copy_out_object (um, args->arg[1], &regs->gs_base);
    case ARCH_GET_CPUID:
      return 1; /* cpuid does not fault */
    case ARCH_SET_CPUID:
      return -ENODEV;
    default:
      return -EINVAL;
    }
}

gint64
sentry_sys_personality (SentryTask *task, const SentrySyscallArgs *args)
{
  guint64 old = sentry_task_personality (task);

  if ((guint32) args->arg[0] != 0xffffffff)
    sentry_task_set_personality (task, (guint32) args->arg[0]);
  return (gint64) old;
}
