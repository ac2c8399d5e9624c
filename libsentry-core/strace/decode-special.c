/* Shows the few calls whose arguments depend on a command.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strace/decode.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <sched.h>

#include "abi/sentry-abi-file.h"
#include "abi/sentry-abi-signal.h"

/* --- clone: its order is amd64's own, so strace names them --- */

static void
show_clone (StraceCall *c)
{
  const guint64 *arg = c->args.arg;
  guint32 flags = arg[0] & ~0xffu;
  int sig = arg[0] & 0xff;

  g_string_append (c->out, "child_stack=");
  strace_show_pointer (c, arg[1]);
  g_string_append (c->out, ", flags=");
  if (flags != 0 || sig == 0)
    sentry_names_append_flags (c->out, &sentry_names_clone, flags);
  if (sig != 0)
    {
      g_string_append (c->out, flags != 0 ? "|" : "");
      strace_append_signal (c->out, sig);
    }
  if (flags & (CLONE_PARENT_SETTID | CLONE_PIDFD))
    {
      static const StraceStruct number = { 4, strace_append_int_struct, TRUE };
      g_string_append (c->out, ", parent_tid=");
      if (strace_failed (c))
        strace_show_pointer (c, arg[2]);
      else
        strace_show_array (c, &number, arg[2], 1);
    }
  if (flags & CLONE_SETTLS)
    g_string_append_printf (c->out, ", tls=%#" G_GINT64_MODIFIER "x", arg[4]);
  if (flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID))
    {
      g_string_append (c->out, ", child_tidptr=");
      strace_show_pointer (c, arg[3]);
    }
}

/* --- futex --- */

static void
show_futex_op (StraceCall *c, guint32 op)
{
  sentry_names_append_value (c->out, &sentry_names_futex_op, op & FUTEX_CMD_MASK);
  g_string_append (c->out, op & FUTEX_PRIVATE_FLAG ? "_PRIVATE" : "");
  g_string_append (c->out, op & FUTEX_CLOCK_REALTIME ? "|FUTEX_CLOCK_REALTIME" : "");
}

static void
show_bitset (StraceCall *c, guint32 bits)
{
  if (bits == FUTEX_BITSET_MATCH_ANY)
    g_string_append (c->out, ", FUTEX_BITSET_MATCH_ANY");
  else
    g_string_append_printf (c->out, ", %#x", bits);
}

static void
show_timeout (StraceCall *c)
{
  g_string_append (c->out, ", ");
  strace_show_struct (c, strace_struct (SENTRY_ARG_TIMESPEC), c->args.arg[3]);
}

/* uaddr stands before; a wake needs a number, a wait a value and a time, a requeue two numbers and
 * an address. */
static void
show_futex (StraceCall *c)
{
  const guint64 *arg = c->args.arg;
  guint32 op = arg[1] & FUTEX_CMD_MASK;

  show_futex_op (c, arg[1]);
  switch (op)
    {
    case FUTEX_WAIT:
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
      if (op == FUTEX_WAIT)
        g_string_append_printf (c->out, ", %u", (guint32) arg[2]);
      show_timeout (c);
      break;
    case FUTEX_WAIT_BITSET:
    case FUTEX_WAIT_REQUEUE_PI:
      g_string_append_printf (c->out, ", %u", (guint32) arg[2]);
      show_timeout (c);
      if (op == FUTEX_WAIT_BITSET)
        show_bitset (c, arg[5]);
      else
        g_string_append_printf (c->out, ", %#" G_GINT64_MODIFIER "x", arg[4]);
      break;
    case FUTEX_WAKE:
      g_string_append_printf (c->out, ", %d", (int) arg[2]);
      break;
    case FUTEX_WAKE_BITSET:
      g_string_append_printf (c->out, ", %d", (int) arg[2]);
      show_bitset (c, arg[5]);
      break;
    case FUTEX_UNLOCK_PI:
    case FUTEX_TRYLOCK_PI:
      break;
    default:
      g_string_append_printf (c->out, ", %d, %d, %#" G_GINT64_MODIFIER "x", (int) arg[2],
                              (int) arg[3], arg[4]);
      if (op == FUTEX_CMP_REQUEUE || op == FUTEX_CMP_REQUEUE_PI)
        g_string_append_printf (c->out, ", %u", (guint32) arg[5]);
      else if (op != FUTEX_REQUEUE)
        g_string_append_printf (c->out, ", %#x", (guint32) arg[5]);
    }
}

/* --- prctl --- */

typedef enum
{
  PRCTL_NONE,   /* no argument */
  PRCTL_NUMBER, /* one, in decimal */
  PRCTL_SIGNAL,
  PRCTL_STRING,
  PRCTL_CAP,
  PRCTL_FOUR, /* four, which must be given */
  PRCTL_OUT_STRING,
  PRCTL_OUT_INT,
  PRCTL_RAW,
} PrctlForm;

static PrctlForm
prctl_form (guint32 option)
{
  switch (option)
    {
    case PR_GET_DUMPABLE:
    case PR_GET_KEEPCAPS:
    case PR_GET_SECCOMP:
    case PR_GET_SECUREBITS:
    case PR_GET_TIMERSLACK:
    case PR_GET_TIMING:
      return PRCTL_NONE;
    case PR_SET_DUMPABLE:
    case PR_SET_KEEPCAPS:
    case PR_SET_TIMERSLACK:
    case PR_SET_CHILD_SUBREAPER:
    case PR_SET_SECUREBITS:
      return PRCTL_NUMBER;
    case PR_SET_PDEATHSIG:
      return PRCTL_SIGNAL;
    case PR_SET_NAME:
      return PRCTL_STRING;
    case PR_CAPBSET_READ:
    case PR_CAPBSET_DROP:
      return PRCTL_CAP;
    case PR_SET_NO_NEW_PRIVS:
    case PR_GET_NO_NEW_PRIVS:
    case PR_SET_THP_DISABLE:
    case PR_GET_THP_DISABLE:
      return PRCTL_FOUR;
    case PR_GET_NAME:
      return PRCTL_OUT_STRING;
    case PR_GET_PDEATHSIG:
    case PR_GET_CHILD_SUBREAPER:
    case PR_GET_TSC:
      return PRCTL_OUT_INT;
    default:
      return PRCTL_RAW;
    }
}

static void
show_prctl (StraceCall *c)
{
  const guint64 *arg = c->args.arg;
  PrctlForm form = prctl_form (arg[0]);

  sentry_names_append_value (c->out, &sentry_names_prctl, (guint32) arg[0]);
  if (form == PRCTL_NONE)
    return;
  g_string_append (c->out, ", ");
  if (form == PRCTL_NUMBER)
    g_string_append_printf (c->out, "%" G_GUINT64_FORMAT, arg[1]);
  else if (form == PRCTL_SIGNAL)
    strace_append_signal (c->out, arg[1]);
  else if (form == PRCTL_CAP)
    sentry_names_append_value (c->out, &sentry_names_caps, arg[1]);
  else if (form == PRCTL_FOUR)
    g_string_append_printf (c->out,
                            "%" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT
                            ", %" G_GUINT64_FORMAT,
                            arg[1], arg[2], arg[3], arg[4]);
  else if (form == PRCTL_STRING || (form == PRCTL_OUT_STRING && !strace_failed (c)))
    strace_show_string (c, arg[1], 15);
  else if (form == PRCTL_OUT_INT && !strace_failed (c))
    strace_show_struct (c, strace_struct (SENTRY_ARG_INT), arg[1]);
  else
    g_string_append_printf (c->out,
                            "%#" G_GINT64_MODIFIER "x, %#" G_GINT64_MODIFIER
                            "x, %#" G_GINT64_MODIFIER "x, %#" G_GINT64_MODIFIER "x",
                            arg[1], arg[2], arg[3], arg[4]);
}

#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

static gboolean
arch_prctl_is_getter (guint64 op)
{
  return op == ARCH_GET_FS || op == ARCH_GET_GS;
}

static void
show_arch_prctl (StraceCall *c)
{
  const guint64 *arg = c->args.arg;

  sentry_names_append_value (c->out, &sentry_names_arch_prctl, arg[0]);
  g_string_append (c->out, ", ");
  if (arch_prctl_is_getter (arg[0]) && !strace_failed (c))
    strace_show_struct (c, strace_struct (SENTRY_ARG_PTR), arg[1]);
  else
    strace_show_hex (c, arg[1]);
}

/* --- fcntl --- */

static void
show_flock (StraceCall *c, guint64 addr, gboolean with_pid)
{
  SentryAbiFlock l;

  if (!strace_read (c, &l, addr, sizeof l))
    {
      strace_show_pointer (c, addr);
      return;
    }
  g_string_append (c->out, "{l_type=");
  sentry_names_append_value (c->out, &sentry_names_lock_type, (guint16) l.l_type);
  g_string_append (c->out, ", l_whence=");
  sentry_names_append_value (c->out, &sentry_names_whence, (guint16) l.l_whence);
  g_string_append_printf (c->out, ", l_start=%" G_GINT64_FORMAT ", l_len=%" G_GINT64_FORMAT,
                          l.l_start, l.l_len);
  if (with_pid)
    g_string_append_printf (c->out, ", l_pid=%d", l.l_pid);
  g_string_append_c (c->out, '}');
}

static void
show_fcntl_argument (StraceCall *c, guint64 arg)
{
  switch ((int) c->args.arg[1])
    {
    case F_SETFD:
      sentry_names_append_flags (c->out, &sentry_names_fd_flags, (guint32) arg);
      break;
    case F_SETFL:
      sentry_names_append_flags (c->out, &sentry_names_open, (guint32) arg);
      break;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
    case F_SETPIPE_SZ:
    case F_SETOWN:
      g_string_append_printf (c->out, "%d", (int) arg);
      break;
    case F_SETSIG:
      strace_append_signal (c->out, arg);
      break;
    case F_SETLEASE:
      sentry_names_append_value (c->out, &sentry_names_lock_type, (guint32) arg);
      break;
    case F_ADD_SEALS:
      sentry_names_append_flags (c->out, &sentry_names_seals, (guint32) arg);
      break;
    case F_GETLK:
    case F_OFD_GETLK:
      show_flock (c, arg, TRUE);
      break;
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
      show_flock (c, arg, FALSE);
      break;
    default:
      strace_show_hex (c, arg);
    }
}

/* --- ioctl --- */

static gboolean
ioctl_is_getter (guint32 cmd)
{
  return cmd == TCGETS || cmd == FIONREAD || cmd == TIOCGWINSZ || cmd == TIOCGPGRP
         || cmd == TIOCGSID || cmd == TIOCOUTQ || cmd == TIOCGPTN;
}

static void
show_winsize (StraceCall *c, guint64 addr)
{
  SentryAbiWinsize w;

  if (strace_read (c, &w, addr, sizeof w))
    g_string_append_printf (c->out, "{ws_row=%u, ws_col=%u, ws_xpixel=%u, ws_ypixel=%u}", w.ws_row,
                            w.ws_col, w.ws_xpixel, w.ws_ypixel);
  else
    strace_show_pointer (c, addr);
}

static void
show_termios (StraceCall *c, guint64 addr)
{
  SentryAbiTermios t;

  if (strace_read (c, &t, addr, sizeof t))
    g_string_append_printf (c->out, "{c_iflag=%#x, c_oflag=%#x, c_cflag=%#x, c_lflag=%#x, ...}",
                            t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
  else
    strace_show_pointer (c, addr);
}

static void
show_ioctl_argument (StraceCall *c, guint32 cmd, guint64 arg)
{
  if (ioctl_is_getter (cmd) && strace_failed (c))
    strace_show_hex (c, arg);
  else
    switch (cmd)
      {
      case TCGETS:
      case TCSETS:
      case TCSETSW:
      case TCSETSF:
        show_termios (c, arg);
        break;
      case TIOCGWINSZ:
      case TIOCSWINSZ:
        show_winsize (c, arg);
        break;
      case FIONREAD:
      case FIONBIO:
      case FIOASYNC:
      case TIOCGPGRP:
      case TIOCSPGRP:
      case TIOCGSID:
      case TIOCOUTQ:
      case TIOCGPTN:
      case TIOCSPTLCK:
        strace_show_struct (c, strace_struct (SENTRY_ARG_INT), arg);
        break;
      case TIOCSCTTY:
      case TCSBRK:
      case TCXONC:
      case TCFLSH:
        g_string_append_printf (c->out, "%d", (int) arg);
        break;
      default:
        strace_show_hex (c, arg);
      }
}

/* --- rt_sigreturn: the tracer puts the address of the frame's ucontext there --- */

static void
show_frame (StraceCall *c, guint64 addr)
{
  guint64 mask;

  if (!strace_read (c, &mask, addr + G_STRUCT_OFFSET (SentryAbiUcontext, uc_sigmask), sizeof mask))
    return;
  g_string_append (c->out, "{mask=");
  strace_append_sigset (c->out, mask);
  g_string_append_c (c->out, '}');
}

/* --- which they are --- */

gboolean
strace_special_is_absent (const StraceCall *c, guint index)
{
  guint32 cmd = c->args.arg[1];

  switch (c->info->args[index].kind)
    {
    case SENTRY_ARG_IOCTL_ARG:
      return cmd == FIOCLEX || cmd == FIONCLEX || cmd == TIOCNOTTY;
    case SENTRY_ARG_FCNTL_ARG:
      return cmd == F_GETFD || cmd == F_GETFL || cmd == F_GETOWN || cmd == F_GETSIG
             || cmd == F_GETLEASE || cmd == F_GETPIPE_SZ || cmd == F_GET_SEALS;
    default:
      return FALSE;
    }
}

gboolean
strace_special_is_late (const StraceCall *c, guint index)
{
  const guint64 *arg = c->args.arg;
  PrctlForm form;

  switch (c->info->args[index].kind)
    {
    case SENTRY_ARG_CLONE:
      return (arg[0] & (CLONE_PARENT_SETTID | CLONE_PIDFD)) != 0;
    case SENTRY_ARG_PRCTL:
      form = prctl_form (arg[0]);
      return form == PRCTL_OUT_STRING || form == PRCTL_OUT_INT;
    case SENTRY_ARG_ARCH_PRCTL:
      return arch_prctl_is_getter (arg[0]);
    case SENTRY_ARG_FCNTL_ARG:
      return (int) arg[1] == F_GETLK || (int) arg[1] == F_OFD_GETLK;
    case SENTRY_ARG_IOCTL_ARG:
      return ioctl_is_getter (arg[1]);
    default:
      return FALSE;
    }
}

gboolean
strace_show_special (StraceCall *c, guint index)
{
  switch (c->info->args[index].kind)
    {
    case SENTRY_ARG_CLONE:
      show_clone (c);
      return TRUE;
    case SENTRY_ARG_FUTEX_OP:
      show_futex (c);
      return TRUE;
    case SENTRY_ARG_SIGRETURN:
      show_frame (c, c->args.arg[index]);
      return TRUE;
    case SENTRY_ARG_PRCTL:
      show_prctl (c);
      return TRUE;
    case SENTRY_ARG_ARCH_PRCTL:
      show_arch_prctl (c);
      return TRUE;
    case SENTRY_ARG_FCNTL_ARG:
      show_fcntl_argument (c, c->args.arg[index]);
      return TRUE;
    case SENTRY_ARG_IOCTL_ARG:
      show_ioctl_argument (c, c->args.arg[1], c->args.arg[index]);
      return TRUE;
    default:
      return FALSE;
    }
}
