/* Every lock class of the core and its plugins, outermost first: the document and the checker's
 * input. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A thread may take a lock only while every lock that it holds stands above it in this list.
 * Two locks of one class are taken together only through sentry_mutex_lock_pair () (address order),
 * or where the line below says "nests" (the caller documents its own order, for example parent
 * before child).  kernel-spec's six classes keep their order; the others were placed around them
 * so: path walks may fault no guest memory, so file system locks stand outside of mm only where a
 * file operation must look at mappings, never the reverse.
 *
 * Never under any of these: faulting guest access, a host call that can block on another process,
 * a plugin callback (marked exceptions in the contract headers), the last unref of a foreign
 * object. */
#define SENTRY_LOCK_CLASSES(X)                                                                     \
  X (EXTERNAL, "external operations: pause, save, create process, destroy")                        \
  X (FILE, "position of one open file description")                                                \
  X (RENAME, "per superblock: one directory rename at a time")                                     \
  X (STACKED_INODE, "as INODE, of a file system that stands on others (overlay); nests")           \
  X (INODE, "contents and children of one inode; nests parent before child")                       \
  X (DENTRY_MOVE, "parents and names of cached dentries: one move at a time")                      \
  X (DENTRY, "one bucket of a dentry cache; pairs by address")                                     \
  X (HOST_FD, "the list of caches of host descriptors, while they give some back")                 \
  X (FS, "one file system's own tables (host directory cache, overlay maps)")                      \
  X (MOUNT, "mount trees of all namespaces; the innermost of the file system locks")               \
  X (EPOLL_NEST, "the shape of all nested epoll sets: one EPOLL_CTL_ADD of a set at a time")       \
  X (EPOLL, "one epoll set; nests outer set before inner, bounded depth")                          \
  X (EPOLL_ITEMS, "which epoll sets watch a file")                                                 \
  X (PIPE, "buffers of one pipe; pairs by address")                                                \
  X (UNIX_GC, "which AF_UNIX sockets lie in queues")                                               \
  X (SOCKET, "one socket; pairs by address; nests listener before its pending ones")               \
  X (GROUP_TIMER, "timers of one thread group")                                                    \
  X (TIMER, "one timer, and the timer heap")                                                       \
  X (TASK_SET, "the tree of tasks: parents, children, groups, sessions, PID namespaces")           \
  X (SIGHAND, "signal handlers and queues of one thread group; several only under TASK_SET")       \
  X (TASK, "one task's own fields; several only with all their SIGHAND locks")                     \
  X (MM, "mappings of one address space; nests in fork, parent before child")                      \
  X (FUTEX, "one futex hash bucket; pairs by address")                                             \
  X (FD_TABLE, "one descriptor table")                                                             \
  X (FILE_LOCKS, "POSIX, OFD and flock locks, one for the kernel")                                 \
  X (IPC, "one IPC namespace")                                                                     \
  X (CRED, "user namespaces, limits, UTS names")                                                   \
  X (AUX, "small tables: generators, inotify marks, netlink ports, trace filters")                 \
  X (WAIT_QUEUE, "one wait queue; taken by wakers under anything above; nests through epoll sets") \
  X (EPOLL_READY, "the ready list of one epoll set; taken by wake-ups under a watched wait queue") \
  X (SLEEPER, "one blocked task's wake-up word")                                                   \
  X (PLATFORM, "a platform's address space and operation queues")                                  \
  X (PLATFORM_FDS, "a socket that brings descriptors to guest processes")                          \
  X (PLATFORM_TASKS, "the host processes of one address space")                                    \
  X (PLATFORM_LEAF, "a platform's descriptor slots and free lists")                                \
  X (TIMEKEEPER, "calibration of the timekeeper; clocks are read under anything above")            \
  X (LOG, "log and strace output")

typedef enum
{
#define X(name, what) SENTRY_LOCK_##name,
  SENTRY_LOCK_CLASSES (X)
#undef X
      SENTRY_N_LOCK_CLASSES
} SentryLockClass;
