/* Shows what lies behind pointers with a length: buffers, vectors, sets, lists.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strace/decode.h"

#include "abi/sentry-abi-file.h"

static void
show_buffer (StraceCall *c, const SentrySyscallArg *a, guint64 addr)
{
  guint64 len = a->link >= 0 ? c->args.arg[(guint) a->link] : (guint64) c->result;

  if (a->direction == SENTRY_ARG_OUT && (strace_failed (c) || (a->link < 0 && c->result < 0)))
    strace_show_pointer (c, addr);
  else
    strace_show_bytes (c, addr, len);
}

/* Random bytes are no text. */
static void
show_random (StraceCall *c, guint64 addr)
{
  guint8 bytes[STRACE_MAX_STRING];
  gsize len = MAX (c->result, 0), n = MIN (len, sizeof bytes);

  if (strace_failed (c) || !strace_read (c, bytes, addr, n))
    {
      strace_show_pointer (c, addr);
      return;
    }
  g_string_append_c (c->out, '"');
  for (gsize i = 0; i < n; i++)
    g_string_append_printf (c->out, "\\x%02x", bytes[i]);
  g_string_append (c->out, len > n ? "\"..." : "\"");
}

/* A read fills the vectors in order, up to its result. */
static void
show_iovec (StraceCall *c, const SentrySyscallArg *a, guint64 addr)
{
  guint64 n = c->args.arg[(guint) a->link], left = MAX (c->result, 0);
  gboolean out = a->direction == SENTRY_ARG_OUT;
  SentryAbiIovec v;

  if (n > 1024 || addr == 0 || (n > 0 && !strace_read (c, &v, addr, sizeof v)))
    {
      strace_show_pointer (c, addr);
      return;
    }
  g_string_append_c (c->out, '[');
  for (guint64 i = 0; i < n && i < STRACE_MAX_ELEMENTS; i++)
    {
      if (!strace_read (c, &v, addr + i * sizeof v, sizeof v))
        break;
      g_string_append (c->out, i > 0 ? ", {iov_base=" : "{iov_base=");
      if (a->kind == SENTRY_ARG_IOVEC_RAW || (out && strace_failed (c)))
        strace_show_pointer (c, v.iov_base);
      else
        strace_show_bytes (c, v.iov_base, out ? MIN (left, v.iov_len) : v.iov_len);
      g_string_append_printf (c->out, ", iov_len=%" G_GUINT64_FORMAT "}", v.iov_len);
      left -= MIN (left, v.iov_len);
    }
  g_string_append (c->out, n > STRACE_MAX_ELEMENTS ? ", ...]" : "]");
}

static guint
count_strings (StraceCall *c, guint64 addr)
{
  guint64 p = 0;
  guint n = 0;

  while (n < 65536 && strace_read (c, &p, addr + n * 8, 8) && p != 0)
    n++;
  return n;
}

static void
show_strings (StraceCall *c, const SentrySyscallArg *a, guint64 addr)
{
  guint n = addr != 0 ? count_strings (c, addr) : 0;
  guint64 p;

  if (addr == 0 || !strace_read (c, &p, addr, 8) || a->link == SENTRY_ARG_COUNTED)
    {
      strace_show_pointer (c, addr);
      if (addr != 0)
        g_string_append_printf (c->out, " /* %u var%s */", n, n == 1 ? "" : "s");
      return;
    }
  g_string_append_c (c->out, '[');
  for (guint i = 0; i < n && i < STRACE_MAX_ELEMENTS; i++)
    {
      g_string_append (c->out, i > 0 ? ", " : "");
      if (!strace_read (c, &p, addr + i * 8, 8))
        break;
      strace_show_string (c, p, STRACE_MAX_STRING);
    }
  g_string_append (c->out, n > STRACE_MAX_ELEMENTS ? ", ...]" : "]");
}

/* [0 3]: the numbers of the bits that are set. */
static void
show_bits (StraceCall *c, guint64 addr, guint n_bytes)
{
  guint8 bytes[128] = { 0 };
  gsize start;

  n_bytes = MIN (n_bytes, sizeof bytes);
  if (addr == 0 || (n_bytes > 0 && !strace_read (c, bytes, addr, n_bytes)))
    {
      strace_show_pointer (c, addr);
      return;
    }
  g_string_append_c (c->out, '[');
  start = c->out->len;
  for (guint i = 0; i < n_bytes * 8; i++)
    if (bytes[i / 8] >> i % 8 & 1)
      g_string_append_printf (c->out, "%s%u", c->out->len > start ? " " : "", i);
  g_string_append_c (c->out, ']');
}

static void
show_fdset (StraceCall *c, const SentrySyscallArg *a, guint64 addr)
{
  guint nfds = MIN ((guint) c->args.arg[(guint) a->link], 1024);

  /* The kernel reads and writes whole words. */
  show_bits (c, addr, (nfds + 63) / 64 * 8);
}

static void
show_cpuset (StraceCall *c, const SentrySyscallArg *a, guint64 addr)
{
  guint64 n = a->link == SENTRY_ARG_RESULT ? MAX (c->result, 0) : c->args.arg[(guint) a->link];

  if (strace_failed (c) && a->direction == SENTRY_ARG_OUT)
    strace_show_pointer (c, addr);
  else
    show_bits (c, addr, MIN (n, 128));
}

/* On entry what is asked of each, afterwards only those where something is ready. */
static void
show_pollfds (StraceCall *c, const SentrySyscallArg *a, guint64 addr)
{
  guint64 n = (guint32) c->args.arg[(guint) a->link];
  SentryAbiPollfd p;
  gsize start;

  if (addr == 0 || (n > 0 && !strace_read (c, &p, addr, sizeof p)))
    {
      strace_show_pointer (c, addr);
      return;
    }
  g_string_append_c (c->out, '[');
  start = c->out->len;
  for (guint64 i = 0; i < n && i < STRACE_MAX_ELEMENTS; i++)
    {
      if (!strace_read (c, &p, addr + i * sizeof p, sizeof p))
        break;
      if (c->left && p.revents == 0)
        continue;
      g_string_append_printf (c->out, "%s{fd=%d", c->out->len > start ? ", " : "", p.fd);
      if (c->left || p.fd >= 0)
        {
          g_string_append (c->out, c->left ? ", revents=" : ", events=");
          sentry_names_append_flags (c->out, &sentry_names_poll,
                                     (guint16) (c->left ? p.revents : p.events));
        }
      g_string_append_c (c->out, '}');
    }
  g_string_append (c->out, n > STRACE_MAX_ELEMENTS ? ", ...]" : "]");
}

static guint
count_dirents (StraceCall *c, guint64 addr, guint64 len)
{
  SentryAbiDirent64 d;
  guint n = 0;

  for (guint64 at = 0; at + SENTRY_ABI_DIRENT64_NAME <= len; at += d.d_reclen, n++)
    if (!strace_read (c, &d, addr + at, SENTRY_ABI_DIRENT64_NAME) || d.d_reclen == 0)
      break;
  return n;
}

static void
show_dirents (StraceCall *c, guint64 addr)
{
  strace_show_pointer (c, addr);
  if (!strace_failed (c) && addr != 0)
    g_string_append_printf (c->out, " /* %u entries */", count_dirents (c, addr, c->result));
}

gboolean
strace_show_memory (StraceCall *c, guint index)
{
  const SentrySyscallArg *a = &c->info->args[index];
  guint64 addr = c->args.arg[index];

  switch (a->kind)
    {
    case SENTRY_ARG_BYTES:
      show_buffer (c, a, addr);
      return TRUE;
    case SENTRY_ARG_RANDOM:
      show_random (c, addr);
      return TRUE;
    case SENTRY_ARG_IOVEC:
    case SENTRY_ARG_IOVEC_RAW:
      show_iovec (c, a, addr);
      return TRUE;
    case SENTRY_ARG_STRV:
      show_strings (c, a, addr);
      return TRUE;
    case SENTRY_ARG_FDSET:
      show_fdset (c, a, addr);
      return TRUE;
    case SENTRY_ARG_CPUSET:
      show_cpuset (c, a, addr);
      return TRUE;
    case SENTRY_ARG_POLLFD:
      show_pollfds (c, a, addr);
      return TRUE;
    case SENTRY_ARG_DIRENTS:
      show_dirents (c, addr);
      return TRUE;
    default:
      return FALSE;
    }
}
