/* Makes calls whose trace is the same on each kernel, for comparison with strace(1).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define SYS_500 500 /* no such call */

/* What a call does is none of this program's business. */
#define CALL(name, ...) ((void) !syscall (SYS_##name, ##__VA_ARGS__))

static char buffer[4096];

static void
on_signal (int sig)
{
}

static void
files (void)
{
  struct stat st;
  struct iovec v[2] = { { "ab", 2 }, { "cde", 3 } }, r[2] = { { buffer, 3 }, { buffer + 8, 40 } };
  struct open_how how = { O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
  struct timespec times[2] = { { 1, 2 }, { 0, UTIME_NOW } };

  CALL (openat, AT_FDCWD, "file", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640); /* 3 */
  CALL (writev, 3, v, 2);
  CALL (pwrite64, 3, "a rather long string that gets cut here", 39, 5L);
  CALL (lseek, 3, 0L, SEEK_SET);
  CALL (readv, 3, r, 2);
  CALL (pread64, 3, buffer, 5, 0L);
  CALL (read, 3, buffer, 0);
  CALL (fstat, 3, &st);
  CALL (newfstatat, 3, "", &st, AT_EMPTY_PATH);
  CALL (ftruncate, 3, 1000L);
  CALL (fcntl, 3, F_GETFD);
  CALL (fcntl, 3, F_SETFD, 0);
  CALL (fcntl, 3, F_GETFL);
  CALL (fcntl, 3, F_SETFL, O_NONBLOCK | O_APPEND);
  CALL (fcntl, 3, F_DUPFD_CLOEXEC, 10);
  CALL (fcntl, 3, 99, 7);
  CALL (dup3, 3, 12, O_CLOEXEC);
  CALL (flock, 3, LOCK_EX | LOCK_NB);
  CALL (mkdir, "dir", 0755);
  CALL (stat, "dir/../file", &st);
  CALL (lstat, "/dev/null", &st);
  CALL (stat, "/no/such/file", &st);
  CALL (open, "file", O_RDONLY | O_DIRECTORY);
  CALL (openat2, AT_FDCWD, "nothing", &how, sizeof how);
  CALL (openat, AT_FDCWD, "nothing", 0x80000003);
  CALL (open, 1L, 0);
  CALL (symlink, "file", "link");
  CALL (readlink, "link", buffer, 100);
  CALL (linkat, AT_FDCWD, "file", AT_FDCWD, "other", AT_SYMLINK_FOLLOW);
  CALL (renameat2, AT_FDCWD, "other", AT_FDCWD, "link", RENAME_NOREPLACE);
  CALL (access, "file", R_OK | W_OK);
  CALL (access, "file", F_OK);
  CALL (faccessat, AT_FDCWD, "nothing", X_OK);
  CALL (chmod, "file", 04711);
  CALL (stat, "file", &st);
  CALL (chown, "nothing", -1, 5);
  CALL (mknod, "fifo", S_IFIFO | 0600, 0);
  CALL (utimensat, AT_FDCWD, "nothing", times, AT_SYMLINK_NOFOLLOW);
  CALL (unlinkat, AT_FDCWD, "dir", AT_REMOVEDIR);
  CALL (umask, 077);
  CALL (umask, 022);
  CALL (fadvise64, 3, 0L, 0L, POSIX_FADV_WILLNEED);
  CALL (getxattr, "file", "user.a", buffer, 10);
  CALL (ioctl, 3, FIONREAD, buffer);
  CALL (ioctl, 3, TIOCGWINSZ, buffer);
  CALL (ioctl, 3, 0x1234, 5);
  CALL (ioctl, 3, FIOCLEX);
  CALL (write, 1000, "a\"b\\c\n\t\001\0019\377", 11);
  CALL (close, 1000);
}

static void
waiting (void)
{
  struct pollfd p[3] = { { 3, POLLIN | POLLOUT, 0 }, { -1, 0, 0 }, { 999, POLLIN, 0 } };
  struct timespec none = { 0, 0 }, soon = { 0, 1000 };
  struct timeval now = { 0, 0 };
  struct epoll_event ev = { EPOLLIN | EPOLLET, { .u64 = 0x1234567890 } };
  fd_set in, out;
  int fds[2] = { -1, -1 };

  CALL (poll, p, 3, 0);
  CALL (poll, p + 1, 1, 1);
  CALL (poll, NULL, 0, 0);
  CALL (poll, 8L, 2, 0);
  CALL (ppoll, p, 2, &none, NULL, 8);
  CALL (pipe2, fds, O_CLOEXEC | O_NONBLOCK);
  CALL (read, fds[0], buffer, 3);
  CALL (write, fds[1], "xyz", 3);
  FD_ZERO (&in);
  FD_ZERO (&out);
  FD_SET (fds[0], &in);
  FD_SET (fds[1], &out);
  CALL (select, 20, &in, &out, NULL, &now);
  FD_ZERO (&in);
  CALL (select, 20, &in, NULL, NULL, &now);
  CALL (epoll_create1, EPOLL_CLOEXEC);
  CALL (epoll_ctl, 6, EPOLL_CTL_ADD, fds[0], &ev);
  CALL (epoll_wait, 6, &ev, 1, 0);
  CALL (epoll_ctl, 6, EPOLL_CTL_DEL, fds[0], NULL);
  CALL (epoll_wait, 6, &ev, 1, 0);
  CALL (nanosleep, &soon, NULL);
  CALL (clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &soon, NULL);
  CALL (clock_getres, CLOCK_MONOTONIC, &none);
  CALL (futex, buffer, FUTEX_WAKE_PRIVATE, 1);
  CALL (futex, buffer, FUTEX_WAIT_PRIVATE, 99, &soon);
  CALL (futex, buffer, FUTEX_REQUEUE, 1, 2, buffer + 8);
}

static void
signals (void)
{
  struct sigaction a = { .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_SIGINFO };
  struct itimerval timer = { { 0, 0 }, { 0, 10000 } };
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGUSR2);
  sigaddset (&set, 40);
  CALL (rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
  CALL (rt_sigprocmask, SIG_SETMASK, NULL, &set, 8);
  sigfillset (&set);
  CALL (rt_sigprocmask, SIG_UNBLOCK, &set, NULL, 8);
  CALL (rt_sigprocmask, 77, &set, NULL, 8);
  sigaddset (&a.sa_mask, SIGHUP);
  sigaction (SIGUSR1, &a, NULL);
  sigaction (SIGUSR1, NULL, &a);
  kill (getpid (), SIGUSR1);
  raise (SIGUSR1);
  CALL (kill, 0, 0);
  CALL (kill, getpid (), 70);
  a.sa_flags = 0;
  sigaction (SIGALRM, &a, NULL);
  CALL (setitimer, ITIMER_REAL, &timer, NULL);
  CALL (pause);
  a.sa_handler = SIG_IGN;
  sigaction (SIGUSR2, &a, NULL);
}

static void
memory (void)
{
  char *m = mmap (NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  CALL (mprotect, m, 4096, PROT_NONE);
  CALL (madvise, m + 4096, 4096, MADV_DONTNEED);
  CALL (mremap, m + 4096, 4096, 4096, MREMAP_MAYMOVE);
  CALL (munmap, m, 8192);
  CALL (munmap, 1L, 8192);
  CALL (mmap, NULL, 0, PROT_READ, MAP_SHARED, 3, 0L);
  CALL (msync, m, 4096, MS_SYNC);
}

static void
processes (void)
{
  const char *argv[] = { "no such program", "arg", NULL }, *envp[] = { "A=b", NULL };
  struct rlimit limit = { 100, 8192 * 1024 };
  struct sigaction child = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
  siginfo_t info;
  int status;
  pid_t pid;

  CALL (prlimit64, 0, RLIMIT_CORE, &limit, NULL);
  CALL (prlimit64, 0, RLIMIT_CORE, NULL, &limit);
  CALL (getrlimit, RLIMIT_CORE, &limit);
  CALL (prctl, PR_SET_NAME, "probe");
  CALL (prctl, PR_GET_NAME, buffer);
  CALL (prctl, PR_SET_PDEATHSIG, 0);
  CALL (prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  CALL (prctl, 999, 1, 2, 3, 4);
  CALL (arch_prctl, 0x1003, buffer);
  CALL (sched_yield);
  CALL (sched_getscheduler, 0);
  CALL (getpriority, PRIO_PROCESS, 0);
  CALL (getresuid, buffer, buffer + 4, buffer + 8);
  CALL (execve, "/no/such/program", argv, envp);
  CALL (wait4, -1, &status, WNOHANG, NULL);
  sigaction (SIGCHLD, &child, NULL); /* one that is ignored is seen by strace alone */
  memset (&info, 0, sizeof info);
  pid = fork ();
  if (pid == 0)
    syscall (SYS_exit_group, 3);
  CALL (wait4, pid, &status, 0, NULL);
  pid = fork ();
  if (pid == 0)
    for (;;)
      CALL (kill, getpid (), SIGKILL);
  CALL (waitid, P_PID, pid, &info, WEXITED | WNOWAIT, NULL);
  CALL (wait4, pid, &status, WNOHANG, NULL);
  CALL (500, 1L, 2L, 3L, 4L, 5L, 6L);
}

static void
sockets (void)
{
  struct sockaddr_un un = { AF_UNIX, "socket" };
  struct iovec v = { "xyz", 3 }, r = { buffer, 10 };
  struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
  socklen_t len = sizeof un;
  int sv[2] = { -1, -1 };

  CALL (socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); /* 7 */
  CALL (bind, 7, &un, sizeof un);
  CALL (getsockname, 7, &un, &len);
  CALL (listen, 7, 5);
  CALL (connect, 7, "\1\0nothing", 10);
  CALL (socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv);
  CALL (sendmsg, sv[0], &m, 0);
  m.msg_iov = &r;
  CALL (recvmsg, sv[1], &m, MSG_DONTWAIT);
  CALL (recvmsg, sv[1], &m, MSG_DONTWAIT);
  CALL (sendto, sv[0], "hello", 5, MSG_NOSIGNAL, NULL, 0);
  CALL (recvfrom, sv[1], buffer, 3, MSG_PEEK, NULL, NULL);
  CALL (shutdown, sv[0], SHUT_RDWR);
}

int
main (void)
{
  CALL (write, 1000, "begin", 5);
  files ();
  waiting ();
  signals ();
  memory ();
  processes ();
  sockets ();
  CALL (write, 1000, "end", 3);
  return 0;
}
