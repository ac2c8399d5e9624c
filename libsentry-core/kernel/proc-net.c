/* /proc/PID/net. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-private.h"

/* Without a network stack there are no interfaces, routes or connections: the files have their
 * first line only. */
#define HEAD(func, text)                                                                           \
  static int func (const SentryProcPlace *p, GString *out)                                         \
  {                                                                                                \
    g_string_append (out, text);                                                                   \
    return 0;                                                                                      \
  }

HEAD (show_dev, "Inter-|   Receive                                                |  Transmit\n"
                " face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
                "packets errs drop fifo colls carrier compressed\n")
HEAD (show_tcp,
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
      "timeout inode                                                     \n")
HEAD (show_tcp6,
      "  sl  local_address                         remote_address                        st "
      "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n")
HEAD (show_udp,
      "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
      "timeout inode ref pointer drops            \n")
HEAD (show_udp6,
      "  sl  local_address                         remote_address                        st "
      "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n")
HEAD (show_route,
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"
      "                                                       \n")
HEAD (show_arp, "IP address       HW type     Flags       HW address            Mask     Device\n")
HEAD (show_if_inet6, "")
HEAD (show_netlink,
      "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    "
      "Inode   \n")
/* The unix sockets of a sandbox are not listed yet. */
HEAD (show_unix, "Num       RefCount Protocol Flags    Type St Inode Path\n")
HEAD (show_packet, "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n")

#define ROW(name, func)                                                                            \
  {                                                                                                \
    .path = "[pid]/net/" name, .mode = S_IFREG | 0444, .flags = SENTRY_PROC_ROOT_OWNED,            \
    .show = func                                                                                   \
  }

static const SentryProcEntry net_entries[] = {
  ROW ("arp", show_arp),         ROW ("dev", show_dev),       ROW ("if_inet6", show_if_inet6),
  ROW ("netlink", show_netlink), ROW ("packet", show_packet), ROW ("raw", show_udp),
  ROW ("route", show_route),     ROW ("tcp", show_tcp),       ROW ("tcp6", show_tcp6),
  ROW ("udp", show_udp),         ROW ("udp6", show_udp6),     ROW ("unix", show_unix),
};
SENTRY_PROC_ENTRIES ("proc", net_entries);
