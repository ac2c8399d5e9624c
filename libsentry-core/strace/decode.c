/* Shows the arguments of a call by the table's description.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strace/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/sentry-errno.h"

gboolean
strace_read (StraceCall *c, gpointer data, guint64 addr, gsize len)
{
  return c->um != NULL && addr != 0 && sentry_copy_in (c->um, data, addr, len) == 0;
}

void
strace_show_hex (StraceCall *c, guint64 v)
{
  g_string_append_printf (c->out, "%#" G_GINT64_MODIFIER "x", v);
}

void
strace_show_pointer (StraceCall *c, guint64 addr)
{
  if (addr == 0)
    g_string_append (c->out, "NULL");
  else
    strace_show_hex (c, addr);
}

/* --- strings --- */

/* One byte as C writes it: octal as short as the next byte allows. */
static void
append_byte (GString *out, guint8 b, char next)
{
  static const char letters[] = "abtnvfr"; /* from 7 on */

  if (b == '"' || b == '\\')
    g_string_append_printf (out, "\\%c", b);
  else if (b == '\t' || b == '\n' || b == '\v' || b == '\f' || b == '\r')
    g_string_append_printf (out, "\\%c", letters[b - 7]);
  else if (b >= ' ' && b < 127)
    g_string_append_c (out, b);
  else
    g_string_append_printf (out, next >= '0' && next <= '7' ? "\\%03o" : "\\%o", b);
}

void
strace_append_quoted (GString *out, const char *bytes, gsize len, gboolean more)
{
  g_string_append_c (out, '"');
  for (gsize i = 0; i < len; i++)
    append_byte (out, bytes[i], i + 1 < len ? bytes[i + 1] : '\0');
  g_string_append (out, more ? "\"..." : "\"");
}

void
strace_show_bytes (StraceCall *c, guint64 addr, guint64 len)
{
  char bytes[STRACE_MAX_STRING];
  gsize n = MIN (len, sizeof bytes);

  if (addr == 0 || !strace_read (c, bytes, addr, n))
    strace_show_pointer (c, addr);
  else
    strace_append_quoted (c->out, bytes, n, len > n);
}

void
strace_show_string (StraceCall *c, guint64 addr, gsize max)
{
  char bytes[PATH_MAX];
  gssize n;

  max = MIN (max, sizeof bytes - 1);
  if (addr == 0 || c->um == NULL)
    {
      strace_show_pointer (c, addr);
      return;
    }
  n = sentry_copy_in_string (c->um, bytes, addr, max + 1);
  if (n == -ENAMETOOLONG && strace_read (c, bytes, addr, max))
    strace_append_quoted (c->out, bytes, max, TRUE);
  else if (n < 0)
    strace_show_pointer (c, addr);
  else
    strace_append_quoted (c->out, bytes, n, FALSE);
}

/* --- structs and arrays --- */

void
strace_show_struct (StraceCall *c, const StraceStruct *s, guint64 addr)
{
  guint64 data[64];

  g_assert (s->size <= sizeof data);
  if (!strace_read (c, data, addr, s->size))
    {
      strace_show_pointer (c, addr);
      return;
    }
  g_string_append (c->out, s->scalar ? "[" : "");
  s->show (c->out, data);
  g_string_append (c->out, s->scalar ? "]" : "");
}

void
strace_show_array (StraceCall *c, const StraceStruct *s, guint64 addr, guint64 n)
{
  guint64 data[64];

  if (addr == 0 || (n > 0 && !strace_read (c, data, addr, s->size)))
    {
      strace_show_pointer (c, addr);
      return;
    }
  g_string_append_c (c->out, '[');
  for (guint64 i = 0; i < n && i < STRACE_MAX_ELEMENTS; i++)
    {
      if (i > 0)
        g_string_append (c->out, ", ");
      if (!strace_read (c, data, addr + i * s->size, s->size))
        {
          g_string_append_printf (c->out, "... /* %#" G_GINT64_MODIFIER "x */", addr + i * s->size);
          break;
        }
      s->show (c->out, data);
    }
  g_string_append (c->out, n > STRACE_MAX_ELEMENTS ? ", ...]" : "]");
}

/* --- values --- */

static void
show_dirfd (StraceCall *c, int fd)
{
  if (fd == AT_FDCWD)
    g_string_append (c->out, "AT_FDCWD");
  else
    g_string_append_printf (c->out, "%d", fd);
}

void
strace_append_mode (GString *out, guint32 mode)
{
  static const struct
  {
    guint32 type;
    const char *name;
  } types[] = { { S_IFREG, "S_IFREG" },  { S_IFDIR, "S_IFDIR" }, { S_IFLNK, "S_IFLNK" },
                { S_IFCHR, "S_IFCHR" },  { S_IFBLK, "S_IFBLK" }, { S_IFIFO, "S_IFIFO" },
                { S_IFSOCK, "S_IFSOCK" } };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if ((mode & S_IFMT) == types[i].type)
      {
        g_string_append (out, types[i].name);
        g_string_append (out, mode & S_ISUID ? "|S_ISUID" : "");
        g_string_append (out, mode & S_ISGID ? "|S_ISGID" : "");
        g_string_append (out, mode & S_ISVTX ? "|S_ISVTX" : "");
        g_string_append_printf (out, "|%#03o", mode & 0777);
        return;
      }
  g_string_append_printf (out, "%#03o", mode);
}

void
strace_append_signal (GString *out, int sig)
{
  char buffer[16];
  const char *name = sentry_signal_name (sig, buffer);

  if (name != NULL)
    g_string_append (out, name);
  else
    g_string_append_printf (out, "%d", sig);
}

static void
show_ioctl (StraceCall *c, guint32 cmd)
{
  static const char *const directions[]
      = { "_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE" };
  const char *name = sentry_name_of (&sentry_names_ioctl, cmd);

  if (name != NULL)
    g_string_append (c->out, name);
  else
    g_string_append_printf (c->out, "_IOC(%s, %#x, %#x, %#x)", directions[cmd >> 30],
                            cmd >> 8 & 0xff, cmd & 0xff, cmd >> 16 & 0x3fff);
}

static void
show_socktype (StraceCall *c, guint32 type)
{
  sentry_names_append_value (c->out, &sentry_names_socktype, type & 0xf);
  if (type & ~0xfu)
    {
      g_string_append_c (c->out, '|');
      sentry_names_append_flags (c->out, &sentry_names_sockflags, type & ~0xfu);
    }
}

static void
show_protocol (StraceCall *c, const SentrySyscallArg *a, guint32 protocol)
{
  guint32 family = c->args.arg[(guint) a->link];

  if (family == AF_INET || family == AF_INET6)
    sentry_names_append_value (c->out, &sentry_names_ipproto, protocol);
  else if (family == AF_NETLINK)
    sentry_names_append_value (c->out, &sentry_names_netlink, protocol);
  else
    g_string_append_printf (c->out, "%d", (int) protocol);
}

static void
show_ipc_key (StraceCall *c, guint32 key)
{
  if (key == 0)
    g_string_append (c->out, "IPC_PRIVATE");
  else
    strace_show_hex (c, key);
}

/* 32-bit arguments are shown as the kernel takes them: the upper half is ignored. */
static void
show_value (StraceCall *c, const SentrySyscallArg *a, guint64 v)
{
  switch (a->kind)
    {
    case SENTRY_ARG_INT:
    case SENTRY_ARG_UID:
    case SENTRY_ARG_FD:
      g_string_append_printf (c->out, "%d", (int) v);
      break;
    case SENTRY_ARG_UINT:
      g_string_append_printf (c->out, "%u", (guint32) v);
      break;
    case SENTRY_ARG_LONG:
    case SENTRY_ARG_OFF:
      g_string_append_printf (c->out, "%" G_GINT64_FORMAT, (gint64) v);
      break;
    case SENTRY_ARG_HEX:
      strace_show_hex (c, v);
      break;
    case SENTRY_ARG_HEX32:
      strace_show_hex (c, (guint32) v);
      break;
    case SENTRY_ARG_PTR:
      strace_show_pointer (c, v);
      break;
    case SENTRY_ARG_DIRFD:
      show_dirfd (c, v);
      break;
    case SENTRY_ARG_MODE:
      g_string_append_printf (c->out, "%#03o", (guint32) v);
      break;
    case SENTRY_ARG_FILEMODE:
      strace_append_mode (c->out, v);
      break;
    case SENTRY_ARG_DEV:
      g_string_append_printf (c->out, "makedev(%#x, %#x)", major (v), minor (v));
      break;
    case SENTRY_ARG_FLAGS:
      sentry_names_append_flags (c->out, a->names,
                                 a->names == &sentry_names_clone ? v : (guint32) v);
      break;
    case SENTRY_ARG_ENUM:
      sentry_names_append_value (c->out, a->names, (guint32) v);
      break;
    case SENTRY_ARG_SIG:
      strace_append_signal (c->out, v);
      break;
    case SENTRY_ARG_CLOCKID:
      sentry_names_append_value (c->out, &sentry_names_clock, (guint32) v);
      break;
    case SENTRY_ARG_PROTOCOL:
      show_protocol (c, a, v);
      break;
    case SENTRY_ARG_IPC_KEY:
      show_ipc_key (c, v);
      break;
    case SENTRY_ARG_SOCKTYPE:
      show_socktype (c, v);
      break;
    case SENTRY_ARG_IOCTL:
      show_ioctl (c, v);
      break;
    case SENTRY_ARG_PATH:
      strace_show_string (c, v, PATH_MAX - 1);
      break;
    case SENTRY_ARG_STR:
      strace_show_string (c, v, STRACE_MAX_STRING);
      break;
    default:
      g_string_append_printf (c->out, "%" G_GUINT64_FORMAT, v);
    }
}

/* --- pointers --- */

static guint64
link_value (const StraceCall *c, const SentrySyscallArg *a)
{
  if (a->link >= 0)
    return c->args.arg[(guint) a->link];
  if (a->link == SENTRY_ARG_RESULT)
    return c->left && c->result > 0 ? c->result : 0;
  return a->count;
}

static gboolean
is_array (const SentrySyscallArg *a)
{
  return a->kind != SENTRY_ARG_CLONE_ARGS
         && (a->link >= 0 || a->link == SENTRY_ARG_RESULT || a->count > 1);
}

/* [v], or [v => w] when the call changed it. */
static void
show_inout_integer (StraceCall *c, guint index, guint64 addr)
{
  const SentrySyscallArg *a = &c->info->args[index];
  guint64 v = 0, before = c->entry[index];

  if (!strace_read (c, &v, addr, a->kind == SENTRY_ARG_OFF ? 8 : 4))
    {
      strace_show_pointer (c, addr);
      return;
    }
  if (v == before || strace_failed (c))
    g_string_append_printf (c->out, "[%" G_GINT64_FORMAT "]", before);
  else
    g_string_append_printf (c->out, "[%" G_GINT64_FORMAT " => %" G_GINT64_FORMAT "]", before, v);
}

static void
show_pointed (StraceCall *c, guint index, guint64 addr)
{
  const SentrySyscallArg *a = &c->info->args[index];
  const StraceStruct *s = strace_struct (a->kind);

  if (s == NULL || (a->kind == SENTRY_ARG_CLONE_ARGS && link_value (c, a) < 64))
    strace_show_pointer (c, addr);
  else if (is_array (a))
    strace_show_array (c, s, addr, link_value (c, a));
  else
    strace_show_struct (c, s, addr);
}

static void
show_out (StraceCall *c, guint index, guint64 addr)
{
  const SentrySyscallArg *a = &c->info->args[index];
  gboolean filled = !strace_failed (c);

  if (a->link == SENTRY_ARG_INTERRUPTED)
    filled = c->result == -EINTR || c->result == -SENTRY_ERESTART_RESTARTBLOCK;
  if (a->direction == SENTRY_ARG_OUT && !filled)
    strace_show_pointer (c, addr);
  else if (a->kind == SENTRY_ARG_STR)
    strace_show_string (c, addr, PATH_MAX - 1);
  else if (a->direction == SENTRY_ARG_INOUT
           && (a->kind == SENTRY_ARG_INT || a->kind == SENTRY_ARG_OFF))
    show_inout_integer (c, index, addr);
  else
    show_pointed (c, index, addr);
}

/* Known only when the call has returned? */
static gboolean
is_late (const StraceCall *c, guint index)
{
  const SentrySyscallArg *a = &c->info->args[index];

  if (a->direction == SENTRY_ARG_OUT)
    return TRUE;
  if (a->direction == SENTRY_ARG_INOUT)
    return a->kind == SENTRY_ARG_INT || a->kind == SENTRY_ARG_OFF;
  return strace_special_is_late (c, index);
}

/* The mode of an open that makes nothing isn't an argument, nor are the device of a FIFO and the
 * address of an mremap that asks for none. */
static gboolean
is_absent (const StraceCall *c, guint index)
{
  const SentrySyscallArg *a = &c->info->args[index];

  if (a->kind == SENTRY_ARG_MODE && a->link >= 0)
    return (c->args.arg[(guint) a->link] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) == 0;
  if (a->kind == SENTRY_ARG_DEV && a->link >= 0)
    return !S_ISCHR (c->args.arg[(guint) a->link]) && !S_ISBLK (c->args.arg[(guint) a->link]);
  if (a->kind == SENTRY_ARG_PTR && a->direction == SENTRY_ARG_VALUE && a->link >= 0)
    return (c->args.arg[(guint) a->link] & (MREMAP_FIXED | MREMAP_DONTUNMAP)) == 0;
  return a->kind == SENTRY_ARG_SKIP || strace_special_is_absent (c, index);
}

static void
show_arg (StraceCall *c, guint index)
{
  const SentrySyscallArg *a = &c->info->args[index];
  guint64 v = c->args.arg[index];

  if (strace_show_memory (c, index) || strace_show_socket (c, index)
      || strace_show_special (c, index))
    return;
  if (a->direction == SENTRY_ARG_OUT || is_late (c, index))
    show_out (c, index, v);
  else if (a->direction != SENTRY_ARG_VALUE)
    show_pointed (c, index, v);
  else
    show_value (c, a, v);
}

static void
remember_entry (StraceCall *c)
{
  for (guint i = 0; i < c->info->n_args; i++)
    if (c->info->args[i].direction == SENTRY_ARG_INOUT
        && (c->info->args[i].kind == SENTRY_ARG_INT || c->info->args[i].kind == SENTRY_ARG_OFF))
      strace_read (c, &c->entry[i], c->args.arg[i],
                   c->info->args[i].kind == SENTRY_ARG_OFF ? 8 : 4);
}

void
strace_show_args (StraceCall *c)
{
  if (!c->left)
    remember_entry (c);
  for (; c->next < c->info->n_args; c->next++)
    {
      if (is_absent (c, c->next))
        continue;
      if (c->shown > 0 && !c->separated)
        g_string_append (c->out, ", ");
      c->separated = !c->left && is_late (c, c->next);
      if (c->separated)
        return;
      show_arg (c, c->next);
      c->shown++;
    }
}

/* --- results --- */

static void
show_error (StraceCall *c, int error)
{
  static const struct
  {
    int error;
    const char *text;
  } restarts[] = {
    { SENTRY_ERESTARTSYS, "? ERESTARTSYS (To be restarted if SA_RESTART is set)" },
    { SENTRY_ERESTARTNOINTR, "? ERESTARTNOINTR (To be restarted)" },
    { SENTRY_ERESTARTNOHAND, "? ERESTARTNOHAND (To be restarted if no handler)" },
    { SENTRY_ERESTART_RESTARTBLOCK, "? ERESTART_RESTARTBLOCK (Interrupted by signal)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (restarts); i++)
    if (restarts[i].error == error)
      {
        g_string_append (c->out, restarts[i].text);
        return;
      }
  if (sentry_errno_name (error) == NULL)
    g_string_append_printf (c->out, "-1 (errno %d)", error);
  else
    g_string_append_printf (c->out, "-1 %s (%s)", sentry_errno_name (error), g_strerror (error));
}

static void
show_fcntl_result (StraceCall *c)
{
  int cmd = c->args.arg[1];

  if ((cmd != F_GETFD && cmd != F_GETFL) || (cmd == F_GETFD && c->result == 0))
    {
      g_string_append_printf (c->out, "%" G_GINT64_FORMAT, c->result);
      return;
    }
  strace_show_hex (c, c->result);
  g_string_append (c->out, " (flags ");
  sentry_names_append_flags (c->out, cmd == F_GETFD ? &sentry_names_fd_flags : &sentry_names_open,
                             c->result);
  g_string_append_c (c->out, ')');
}

static void
show_value_result (StraceCall *c)
{
  switch (c->info->result)
    {
    case SENTRY_RESULT_HEX:
      strace_show_hex (c, c->result);
      break;
    case SENTRY_RESULT_MODE:
      g_string_append_printf (c->out, "%#03o", (guint) c->result);
      break;
    case SENTRY_RESULT_FLAGS:
      g_string_append_printf (c->out, "%" G_GINT64_FORMAT " (", c->result);
      sentry_names_append_flags (c->out, c->info->result_names, c->result);
      g_string_append_c (c->out, ')');
      break;
    case SENTRY_RESULT_FCNTL:
      show_fcntl_result (c);
      break;
    default:
      g_string_append_printf (c->out, "%" G_GINT64_FORMAT, c->result);
    }
}

static void
show_ready (StraceCall *c, guint index, const char *what, const char **separator)
{
  guint64 addr = c->args.arg[index];

  if (addr == 0)
    return;
  g_string_append_printf (c->out, "%s%s", *separator, what);
  *separator = ", ";
  strace_show_memory (c, index);
}

/* What poll and select found: fd_sets behind their names, pollfds with an event, the time that is
 * left. */
static void
show_found (StraceCall *c)
{
  static const char *const set_names[] = { NULL, "in ", "out ", "exc " };
  const char *separator = " (";

  for (guint i = 0; i < c->info->n_args; i++)
    {
      const SentrySyscallArg *a = &c->info->args[i];

      if (a->direction != SENTRY_ARG_INOUT)
        continue;
      if (a->kind == SENTRY_ARG_FDSET && c->result > 0)
        show_ready (c, i, set_names[i], &separator);
      else if (a->kind == SENTRY_ARG_POLLFD && c->result > 0)
        show_ready (c, i, "", &separator);
      else if (a->kind == SENTRY_ARG_POLLFD || a->kind == SENTRY_ARG_FDSET)
        {
          g_string_append (c->out, " (Timeout)");
          return;
        }
      else if ((a->kind == SENTRY_ARG_TIMESPEC || a->kind == SENTRY_ARG_TIMEVAL)
               && c->args.arg[i] != 0)
        {
          g_string_append_printf (c->out, "%sleft ", separator);
          strace_show_struct (c, strace_struct (a->kind), c->args.arg[i]);
          separator = ", ";
        }
    }
  if (*separator == ',')
    g_string_append_c (c->out, ')');
}

void
strace_show_result (StraceCall *c)
{
  if (strace_failed (c))
    show_error (c, -c->result);
  else
    {
      show_value_result (c);
      show_found (c);
    }
}
