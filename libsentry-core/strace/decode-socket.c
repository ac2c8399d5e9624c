/* Shows socket addresses, messages and options. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strace/decode.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "abi/sentry-abi-file.h"

static void
append_unix (GString *out, const struct sockaddr_un *un, gsize len)
{
  gsize n = len - offsetof (struct sockaddr_un, sun_path);

  if (n == 0)
    return;
  g_string_append (out, ", sun_path=");
  if (un->sun_path[0] != '\0')
    strace_append_quoted (out, un->sun_path, strnlen (un->sun_path, n), FALSE);
  else
    {
      g_string_append_c (out, '@');
      strace_append_quoted (out, un->sun_path + 1, n - 1, FALSE);
    }
}

static void
append_inet (GString *out, const struct sockaddr_in *in)
{
  char text[INET_ADDRSTRLEN];

  g_string_append_printf (out, ", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")",
                          ntohs (in->sin_port),
                          inet_ntop (AF_INET, &in->sin_addr, text, sizeof text));
}

static void
append_inet6 (GString *out, const struct sockaddr_in6 *in6)
{
  char text[INET6_ADDRSTRLEN];

  g_string_append_printf (out,
                          ", sin6_port=htons(%u), sin6_flowinfo=htonl(%u), inet_pton(AF_INET6, "
                          "\"%s\", &sin6_addr), sin6_scope_id=%u",
                          ntohs (in6->sin6_port), ntohl (in6->sin6_flowinfo),
                          inet_ntop (AF_INET6, &in6->sin6_addr, text, sizeof text),
                          in6->sin6_scope_id);
}

static void
append_raw (GString *out, const char *data, gsize len)
{
  g_string_append (out, ", sa_data=");
  strace_append_quoted (out, data, MIN (len, STRACE_MAX_STRING), len > STRACE_MAX_STRING);
}

static void
show_sockaddr (StraceCall *c, guint64 addr, guint32 len)
{
  union
  {
    struct sockaddr_storage storage;
    struct sockaddr any;
    struct sockaddr_un un;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_nl nl;
  } u;

  memset (&u, 0, sizeof u);
  len = MIN (len, sizeof u);
  if (addr == 0 || len < sizeof u.any.sa_family || !strace_read (c, &u, addr, len))
    {
      strace_show_pointer (c, addr);
      return;
    }
  g_string_append (c->out, "{sa_family=");
  sentry_names_append_value (c->out, &sentry_names_af, u.any.sa_family);
  if (u.any.sa_family == AF_UNIX)
    append_unix (c->out, &u.un, len);
  else if (u.any.sa_family == AF_INET && len >= sizeof u.in)
    append_inet (c->out, &u.in);
  else if (u.any.sa_family == AF_INET6 && len >= 24)
    append_inet6 (c->out, &u.in6);
  else if (u.any.sa_family == AF_NETLINK && len >= sizeof u.nl)
    g_string_append_printf (c->out, ", nl_pid=%d, nl_groups=%08x", u.nl.nl_pid, u.nl.nl_groups);
  else
    append_raw (c->out, u.any.sa_data, len - sizeof u.any.sa_family);
  g_string_append_c (c->out, '}');
}

/* By value (bind), or what came out through a pointer to its length (accept): as much as fitted. */
static void
show_address (StraceCall *c, const SentrySyscallArg *a, guint64 addr)
{
  guint64 len = c->args.arg[(guint) a->link];
  guint32 now = 0;

  if (a->direction == SENTRY_ARG_IN)
    show_sockaddr (c, addr, len);
  else if (strace_failed (c) || !strace_read (c, &now, len, sizeof now))
    strace_show_pointer (c, addr);
  else
    show_sockaddr (c, addr, MIN (now, (guint32) c->entry[(guint) a->link]));
}

/* --- messages --- */

static void
show_message_vectors (StraceCall *c, const SentryAbiMsghdr *m, gboolean out, guint64 moved)
{
  SentryAbiIovec v;

  g_string_append (c->out, ", msg_iov=[");
  for (guint64 i = 0; i < m->msg_iovlen && i < STRACE_MAX_ELEMENTS; i++)
    {
      guint64 n;

      if (!strace_read (c, &v, m->msg_iov + i * sizeof v, sizeof v))
        break;
      n = out ? MIN (moved, v.iov_len) : v.iov_len;
      moved -= MIN (moved, v.iov_len);
      g_string_append (c->out, i > 0 ? ", {iov_base=" : "{iov_base=");
      strace_show_bytes (c, v.iov_base, n);
      g_string_append_printf (c->out, ", iov_len=%" G_GUINT64_FORMAT "}", v.iov_len);
    }
  g_string_append_printf (c->out, "], msg_iovlen=%" G_GUINT64_FORMAT, m->msg_iovlen);
}

static void
show_control (StraceCall *c, const SentryAbiMsghdr *m)
{
  SentryAbiCmsghdr h;
  guint64 at = 0, end = MIN (m->msg_controllen, 4096);
  guint shown = 0;

  g_string_append (c->out, ", msg_control=[");
  while (shown < STRACE_MAX_ELEMENTS && at + sizeof h <= end
         && strace_read (c, &h, m->msg_control + at, sizeof h) && h.cmsg_len >= sizeof h)
    {
      g_string_append_printf (c->out, "%s{cmsg_len=%" G_GUINT64_FORMAT ", cmsg_level=",
                              shown++ > 0 ? ", " : "", h.cmsg_len);
      sentry_names_append_value (c->out, &sentry_names_sol, (guint32) h.cmsg_level);
      if (h.cmsg_level == SOL_SOCKET && h.cmsg_type == SCM_RIGHTS)
        {
          static const StraceStruct number = { 4, strace_append_int_struct, TRUE };
          g_string_append (c->out, ", cmsg_type=SCM_RIGHTS, cmsg_data=");
          strace_show_array (c, &number, m->msg_control + at + sizeof h,
                             (h.cmsg_len - sizeof h) / 4);
        }
      else
        g_string_append_printf (c->out, ", cmsg_type=%#x", h.cmsg_type);
      g_string_append_c (c->out, '}');
      if (h.cmsg_len > end - at)
        break;
      at += (h.cmsg_len + 7) & ~G_GUINT64_CONSTANT (7);
    }
  g_string_append_c (c->out, ']');
}

static void
show_header (StraceCall *c, const SentryAbiMsghdr *m, gboolean out, guint64 moved)
{
  g_string_append (c->out, "{msg_name=");
  if (m->msg_namelen > 0)
    show_sockaddr (c, m->msg_name, m->msg_namelen);
  else
    strace_show_pointer (c, m->msg_name);
  g_string_append_printf (c->out, ", msg_namelen=%d", m->msg_namelen);
  show_message_vectors (c, m, out, moved);
  if (m->msg_controllen > 0)
    show_control (c, m);
  g_string_append_printf (c->out,
                          ", msg_controllen=%" G_GUINT64_FORMAT ", msg_flags=", m->msg_controllen);
  sentry_names_append_flags (c->out, &sentry_names_msg, m->msg_flags);
  g_string_append_c (c->out, '}');
}

static void
show_message (StraceCall *c, const SentrySyscallArg *a, guint64 addr)
{
  SentryAbiMsghdr m;

  if (!strace_read (c, &m, addr, sizeof m))
    strace_show_pointer (c, addr);
  else if (a->direction == SENTRY_ARG_OUT && strace_failed (c))
    g_string_append_printf (c->out, "{msg_namelen=%d}", m.msg_namelen);
  else
    show_header (c, &m, a->direction == SENTRY_ARG_OUT, MAX (c->result, 0));
}

static void
show_messages (StraceCall *c, const SentrySyscallArg *a, guint64 addr)
{
  gboolean out = a->direction == SENTRY_ARG_OUT;
  guint64 n = out ? MAX (c->result, 0) : (guint32) c->args.arg[(guint) a->link];
  SentryAbiMmsghdr m;

  if (addr == 0 || strace_failed (c))
    {
      strace_show_pointer (c, addr);
      return;
    }
  g_string_append_c (c->out, '[');
  for (guint64 i = 0; i < n && i < STRACE_MAX_ELEMENTS; i++)
    {
      if (!strace_read (c, &m, addr + i * sizeof m, sizeof m))
        break;
      g_string_append (c->out, i > 0 ? ", {msg_hdr=" : "{msg_hdr=");
      show_header (c, &m.msg_hdr, out, m.msg_len);
      if (out)
        g_string_append_printf (c->out, ", msg_len=%u", m.msg_len);
      g_string_append_c (c->out, '}');
    }
  g_string_append (c->out, n > STRACE_MAX_ELEMENTS ? ", ...]" : "]");
}

/* --- options --- */

static void
show_option_name (StraceCall *c, guint32 level, guint32 name)
{
  if (level == SOL_SOCKET)
    sentry_names_append_value (c->out, &sentry_names_so_options, name);
  else if (level == IPPROTO_TCP)
    sentry_names_append_value (c->out, &sentry_names_tcp_options, name);
  else
    g_string_append_printf (c->out, "%u", name);
}

static void
show_option_value (StraceCall *c, const SentrySyscallArg *a, guint64 addr)
{
  guint64 len = c->args.arg[(guint) a->link];
  guint32 size = len;
  int v;

  if (a->direction == SENTRY_ARG_OUT && (strace_failed (c) || !strace_read (c, &size, len, 4)))
    strace_show_pointer (c, addr);
  else if (size == 4 && strace_read (c, &v, addr, 4))
    g_string_append_printf (c->out, "[%d]", v);
  else
    strace_show_bytes (c, addr, size);
}

gboolean
strace_show_socket (StraceCall *c, guint index)
{
  const SentrySyscallArg *a = &c->info->args[index];
  guint64 v = c->args.arg[index];

  switch (a->kind)
    {
    case SENTRY_ARG_SOCKADDR:
      show_address (c, a, v);
      return TRUE;
    case SENTRY_ARG_MSGHDR:
      show_message (c, a, v);
      return TRUE;
    case SENTRY_ARG_MMSGHDR:
      show_messages (c, a, v);
      return TRUE;
    case SENTRY_ARG_SOCKOPT:
      show_option_name (c, c->args.arg[(guint) a->link], v);
      return TRUE;
    case SENTRY_ARG_OPTVAL:
      show_option_value (c, a, v);
      return TRUE;
    default:
      return FALSE;
    }
}
