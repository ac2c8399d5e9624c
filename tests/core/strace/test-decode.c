/* Calls as strace shows them; the expected lines are what strace 6.1 printed for the same calls.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "own-memory.h"

#include <arpa/inet.h>
#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "abi/sentry-abi-file.h"
#include "abi/sentry-abi-process.h"
#include "abi/sentry-abi-signal.h"
#include "base/sentry-errno.h"
#include "strace/decode.h"

#define P(pointer) ((guint64) (guintptr) (pointer))

/* Enters and leaves a call; `change` runs in between, as the kernel's part. */
static char *
show (const char *name, gint64 result, void (*change) (void), const guint64 *args)
{
  int nr = sentry_syscall_by_name (name);
  g_autoptr (GString) line = g_string_new (NULL);
  StraceCall c = { .out = line, .um = &own_memory };

  g_assert_cmpint (nr, >=, 0);
  c.info = &sentry_syscall_table[nr];
  memcpy (c.args.arg, args, sizeof c.args.arg);
  g_string_printf (line, "%s(", name);
  strace_show_args (&c);
  if (change != NULL)
    change ();
  c.left = TRUE;
  c.result = result;
  strace_show_args (&c);
  g_string_append (line, ") = ");
  strace_show_result (&c);
  return g_strdup (line->str);
}

#define CHECK(expected, name, result, ...) CHECK_CHANGED (expected, NULL, name, result, __VA_ARGS__)
#define CHECK_CHANGED(expected, change, name, result, ...)                                         \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *line = show (name, result, change, (const guint64[6]){ __VA_ARGS__ });        \
    g_assert_cmpstr (line, ==, expected);                                                          \
  }                                                                                                \
  G_STMT_END

static void
test_files (void)
{
  SentryAbiOpenHow how = { O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
  SentryAbiIovec v[2] = { { P ("m\n"), 2 }, { P ("abc"), 3 } };
  SentryAbiTimespec times[2] = { { 1, 2 }, { 0, UTIME_NOW } };
  SentryAbiStat st = { .st_mode = S_IFREG | 0755, .st_size = 3 };
  guint64 cwd = (guint64) AT_FDCWD;

  CHECK ("openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3", "openat", 3, cwd,
         P ("/etc/passwd"), O_RDONLY | O_CLOEXEC);
  CHECK ("openat(AT_FDCWD, \"/nonexistent\", O_RDWR|O_CREAT|O_EXCL|O_NOFOLLOW|O_DIRECTORY, 0640) = "
         "-1 EINVAL (Invalid argument)",
         "openat", -EINVAL, cwd, P ("/nonexistent"),
         O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_DIRECTORY, 0640);
  CHECK ("openat(3, \"foo\", O_RDWR|O_TMPFILE, 0600) = -1 ENOTDIR (Not a directory)", "openat",
         -ENOTDIR, 3, P ("foo"), O_TMPFILE | O_RDWR, 0600);
  CHECK ("open(0x1, O_RDONLY) = -1 EFAULT (Bad address)", "open", -EFAULT, 1, 0);
  CHECK (
      "openat2(AT_FDCWD, \"etc\", {flags=O_RDONLY, resolve=RESOLVE_NO_SYMLINKS|RESOLVE_BENEATH}, "
      "24) = -1 ENOENT (No such file or directory)",
      "openat2", -ENOENT, cwd, P ("etc"), P (&how), sizeof how);
  CHECK ("read(3, \"vm\\n\", 50) = 3", "read", 3, 3, P ("vm\n"), 50);
  CHECK ("read(6, 0x1234, 3) = -1 EAGAIN (Resource temporarily unavailable)", "read", -EAGAIN, 6,
         0x1234, 3);
  CHECK ("write(1000, \"a\\\"b\\\\c\\n\\t\\1\\19\\377\", 11) = -1 EBADF (Bad file descriptor)",
         "write", -EBADF, 1000, P ("a\"b\\c\n\t\001\0019\377"), 11);
  CHECK ("write(1, \"this is a rather long string tha\"..., 42) = 42", "write", 42, 1,
         P ("this is a rather long string that gets cut"), 42);
  CHECK ("writev(3, [{iov_base=\"m\\n\", iov_len=2}, {iov_base=\"abc\", iov_len=3}], 2) = 5",
         "writev", 5, 3, P (v), 2);
  CHECK ("readv(3, [{iov_base=\"m\\n\", iov_len=2}, {iov_base=\"a\", iov_len=3}], 2) = 3", "readv",
         3, 3, P (v), 2);
  CHECK ("lseek(3, -1, SEEK_END) = 9", "lseek", 9, 3, -1, SEEK_END);
  CHECK ("newfstatat(3, \"\", {st_mode=S_IFREG|0755, st_size=3, ...}, AT_EMPTY_PATH) = 0",
         "newfstatat", 0, 3, P (""), P (&st), AT_EMPTY_PATH);
  st.st_mode = S_IFCHR | S_ISVTX | 0666;
  st.st_rdev = makedev (1, 3);
  CHECK ("lstat(\"/dev/null\", {st_mode=S_IFCHR|S_ISVTX|0666, st_rdev=makedev(0x1, 0x3), ...}) = 0",
         "lstat", 0, P ("/dev/null"), P (&st));
  CHECK ("mknodat(AT_FDCWD, \"n\", S_IFCHR|0600, makedev(0x1, 0x3)) = 0", "mknodat", 0, cwd,
         P ("n"), S_IFCHR | 0600, makedev (1, 3));
  CHECK ("mkdir(\"x\", 0755) = 0", "mkdir", 0, P ("x"), 0755);
  CHECK ("umask(022) = 022", "umask", 022, 022);
  CHECK ("access(\"/etc\", R_OK|W_OK) = 0", "access", 0, P ("/etc"), R_OK | W_OK);
  CHECK ("access(\"/etc\", F_OK) = 0", "access", 0, P ("/etc"), F_OK);
  CHECK ("chown(\"x\", -1, 5) = 0", "chown", 0, P ("x"), (guint32) -1, 5);
  CHECK ("getcwd(\"/tmp/st\", 100) = 8", "getcwd", 8, P ("/tmp/st"), 100);
  CHECK ("utimensat(AT_FDCWD, \"x\", [{tv_sec=1, tv_nsec=2}, UTIME_NOW], AT_SYMLINK_NOFOLLOW) = 0",
         "utimensat", 0, cwd, P ("x"), P (times), AT_SYMLINK_NOFOLLOW);
  CHECK ("unlinkat(AT_FDCWD, \"q\", AT_REMOVEDIR) = 0", "unlinkat", 0, cwd, P ("q"), AT_REMOVEDIR);
}

static void
test_descriptors (void)
{
  SentryAbiFlock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 5 };
  SentryAbiEpollEvent ev = { EPOLLIN | EPOLLET, 0x1234567890 };
  int fds[2] = { 6, 7 }, n = 5;

  CHECK ("fcntl(3, F_GETFD) = 0x1 (flags FD_CLOEXEC)", "fcntl", 1, 3, F_GETFD);
  CHECK ("fcntl(3, F_GETFL) = 0x8000 (flags O_RDONLY|O_LARGEFILE)", "fcntl", 0x8000, 3, F_GETFL);
  CHECK ("fcntl(3, F_SETFL, O_RDONLY|O_NONBLOCK) = 0", "fcntl", 0, 3, F_SETFL, O_NONBLOCK);
  CHECK ("fcntl(3, F_DUPFD_CLOEXEC, 10) = 13", "fcntl", 13, 3, F_DUPFD_CLOEXEC, 10);
  CHECK ("fcntl(3, F_SETLK, {l_type=F_RDLCK, l_whence=SEEK_SET, l_start=0, l_len=5}) = 0", "fcntl",
         0, 3, F_SETLK, P (&lock));
  CHECK ("fcntl(3, 0x63 /* F_??? */, 0x7) = -1 EINVAL (Invalid argument)", "fcntl", -EINVAL, 3, 99,
         7);
  CHECK ("ioctl(3, TCGETS, 0x5) = -1 ENOTTY (Inappropriate ioctl for device)", "ioctl", -ENOTTY, 3,
         TCGETS, 5);
  CHECK ("ioctl(3, FIONREAD, [5]) = 0", "ioctl", 0, 3, FIONREAD, P (&n));
  CHECK ("ioctl(3, FIOCLEX) = 0", "ioctl", 0, 3, FIOCLEX);
  CHECK (
      "ioctl(3, _IOC(_IOC_NONE, 0x12, 0x34, 0), 0x5) = -1 ENOTTY (Inappropriate ioctl for device)",
      "ioctl", -ENOTTY, 3, 0x1234, 5);
  CHECK ("pipe2([6, 7], O_NONBLOCK|O_CLOEXEC) = 0", "pipe2", 0, P (fds), O_CLOEXEC | O_NONBLOCK);
  CHECK ("epoll_ctl(4, EPOLL_CTL_ADD, 5, {events=EPOLLIN|EPOLLET, data={u32=878082192, "
         "u64=78187493520}}) = 0",
         "epoll_ctl", 0, 4, EPOLL_CTL_ADD, 5, P (&ev));
  CHECK (
      "epoll_wait(4, [{events=EPOLLIN|EPOLLET, data={u32=878082192, u64=78187493520}}], 1, 0) = 1",
      "epoll_wait", 1, 4, P (&ev), 1, 0);
  CHECK ("epoll_wait(4, [], 1, 0) = 0", "epoll_wait", 0, 4, P (&ev), 1, 0);
  CHECK ("close(1000) = -1 EBADF (Bad file descriptor)", "close", -EBADF, 1000);
}

static SentryAbiPollfd polled[3] = { { 0, POLLIN, 0 }, { 3, POLLIN | POLLOUT, 0 }, { -1, 0, 0 } };
static fd_set read_set;
static gint64 offset;

static void
make_ready (void)
{
  polled[0].revents = POLLIN;
  polled[1].revents = POLLIN | POLLOUT;
}

static void
clear_ready (void)
{
  FD_ZERO (&read_set);
  FD_SET (3, &read_set);
}

static void
move_offset (void)
{
  offset = 8;
}

static void
test_waits (void)
{
  SentryAbiTimespec t = { 0, 1000 };

  CHECK_CHANGED ("poll([{fd=0, events=POLLIN}, {fd=3, events=POLLIN|POLLOUT}, {fd=-1}], 3, 0) = 2 "
                 "([{fd=0, revents=POLLIN}, {fd=3, revents=POLLIN|POLLOUT}])",
                 make_ready, "poll", 2, P (polled), 3, 0);
  CHECK ("poll([{fd=-1}], 1, 1) = 0 (Timeout)", "poll", 0, P (polled + 2), 1, 1);
  CHECK ("poll(NULL, 0, 0) = 0 (Timeout)", "poll", 0, 0, 0, 0);
  CHECK ("poll(0x8, 2, 0) = -1 EFAULT (Bad address)", "poll", -EFAULT, 8, 2, 0);
  CHECK ("poll(NULL, 0, 500) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)", "poll",
         -SENTRY_ERESTART_RESTARTBLOCK, 0, 0, 500);
  CHECK ("ppoll([{fd=0, events=POLLIN}], 1, {tv_sec=0, tv_nsec=1000}, NULL, 8) = 1 ([{fd=0, "
         "revents=POLLIN}], left {tv_sec=0, tv_nsec=1000})",
         "ppoll", 1, P (polled), 1, P (&t), 0, 8);
  FD_SET (0, &read_set);
  FD_SET (3, &read_set);
  CHECK_CHANGED ("pselect6(5, [0 3], NULL, NULL, {tv_sec=0, tv_nsec=1000}, NULL) = 1 (in [3], left "
                 "{tv_sec=0, tv_nsec=1000})",
                 clear_ready, "pselect6", 1, 5, P (&read_set), 0, 0, P (&t), 0);
  CHECK ("pselect6(0, NULL, NULL, NULL, {tv_sec=0, tv_nsec=1000}, NULL) = 0 (Timeout)", "pselect6",
         0, 0, 0, 0, 0, P (&t), 0);
  offset = 3;
  CHECK_CHANGED ("sendfile(4, 3, [3 => 8], 5) = 5", move_offset, "sendfile", 5, 4, 3, P (&offset),
                 5);
  CHECK ("clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=1000}, 0x5) = 0", "clock_nanosleep",
         0, CLOCK_REALTIME, 0, P (&t), 5);
  CHECK ("clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=0, tv_nsec=1000}, {tv_sec=0, "
         "tv_nsec=1000}) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)",
         "clock_nanosleep", -SENTRY_ERESTART_RESTARTBLOCK, CLOCK_MONOTONIC, TIMER_ABSTIME, P (&t),
         P (&t));
}

static void
test_signals (void)
{
  SentryAbiSigaction a = { .handler = 0x560737b8d9b9,
                           .flags = SENTRY_ABI_SA_RESTORER | SA_RESTART | SA_SIGINFO,
                           .restorer = 0x7f6d4a634050,
                           .mask = 1 };
  guint64 set = 1u << (SIGINT - 1) | 1u << (SIGUSR1 - 1) | G_GUINT64_CONSTANT (1) << 39;
  guint64 most = ~(G_GUINT64_CONSTANT (3) << 31), none = 0;
  int status = 3 << 8;
  siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
  SentryAbiStack stack = { 0x5000, SS_DISABLE, 0, 100 };

  CHECK ("rt_sigprocmask(SIG_BLOCK, [INT USR1 RT_8], NULL, 8) = 0", "rt_sigprocmask", 0, SIG_BLOCK,
         P (&set), 0, 8);
  CHECK ("rt_sigprocmask(SIG_UNBLOCK, ~[RTMIN RT_1], [], 8) = 0", "rt_sigprocmask", 0, SIG_UNBLOCK,
         P (&most), P (&none), 8);
  CHECK ("rt_sigprocmask(0x4d /* SIG_??? */, NULL, NULL, 8) = -1 EINVAL (Invalid argument)",
         "rt_sigprocmask", -EINVAL, 77, 0, 0, 8);
  CHECK ("rt_sigaction(SIGUSR1, {sa_handler=0x560737b8d9b9, sa_mask=[HUP], "
         "sa_flags=SA_RESTORER|SA_RESTART|SA_SIGINFO, sa_restorer=0x7f6d4a634050}, NULL, 8) = 0",
         "rt_sigaction", 0, SIGUSR1, P (&a), 0, 8);
  a = (SentryAbiSigaction){ 0 };
  CHECK ("rt_sigaction(SIGUSR2, NULL, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, 8) = 0",
         "rt_sigaction", 0, SIGUSR2, 0, P (&a), 8);
  CHECK ("kill(7, SIGUSR1) = 0", "kill", 0, 7, SIGUSR1);
  CHECK ("kill(0, 0) = 0", "kill", 0, 0, 0);
  CHECK ("kill(7, 70) = -1 EINVAL (Invalid argument)", "kill", -EINVAL, 7, 70);
  info.si_pid = 9;
  info.si_value.sival_ptr = (gpointer) 5;
  CHECK ("rt_sigqueueinfo(9, SIGUSR1, {si_signo=SIGUSR1, si_code=SI_QUEUE, si_pid=9, si_uid=0, "
         "si_int=5, si_ptr=0x5}) = 0",
         "rt_sigqueueinfo", 0, 9, SIGUSR1, P (&info));
  CHECK ("sigaltstack({ss_sp=0x5000, ss_flags=SS_DISABLE, ss_size=100}, NULL) = 0", "sigaltstack",
         0, P (&stack), 0);
  CHECK ("pause() = ? ERESTARTNOHAND (To be restarted if no handler)", "pause",
         -SENTRY_ERESTARTNOHAND, 0);
  CHECK ("wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], WNOHANG, NULL) = 5", "wait4", 5, -1,
         P (&status), WNOHANG, 0);
  status = SIGKILL;
  CHECK ("wait4(5, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}], 0, NULL) = 5", "wait4", 5, 5,
         P (&status), 0, 0);
  status = SIGSTOP << 8 | 0x7f;
  CHECK ("wait4(5, [{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}], WSTOPPED, NULL) = 5", "wait4", 5, 5,
         P (&status), WUNTRACED, 0);
  CHECK ("wait4(-1, 0x77, WNOHANG, NULL) = -1 ECHILD (No child processes)", "wait4", -ECHILD, -1,
         0x77, WNOHANG, 0);
  memset (&info, 0, sizeof info);
  CHECK ("waitid(P_PID, 9, {}, WNOHANG|WEXITED|WNOWAIT, NULL) = 0", "waitid", 0, P_PID, 9,
         P (&info), WEXITED | WNOHANG | WNOWAIT, 0);
}

static void
expect_siginfo (const siginfo_t *info, const char *expected)
{
  g_autoptr (GString) s = g_string_new (NULL);

  strace_append_siginfo (s, info);
  g_assert_cmpstr (s->str, ==, expected);
}

static void
test_siginfo (void)
{
  siginfo_t i = { .si_signo = SIGCHLD, .si_code = CLD_EXITED };

  i.si_pid = 7;
  i.si_status = 3;
  expect_siginfo (&i, "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=7, si_uid=0, si_status=3, "
                      "si_utime=0, si_stime=0}");
  i.si_code = CLD_KILLED;
  i.si_status = SIGKILL;
  expect_siginfo (&i,
                  "{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=7, si_uid=0, si_status=SIGKILL, "
                  "si_utime=0, si_stime=0}");
  i = (siginfo_t){ .si_signo = SIGSEGV, .si_code = SEGV_MAPERR };
  expect_siginfo (&i, "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL}");
  i.si_addr = (gpointer) 0x10;
  expect_siginfo (&i, "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10}");
  i = (siginfo_t){ .si_signo = SIGALRM, .si_code = SI_KERNEL };
  expect_siginfo (&i, "{si_signo=SIGALRM, si_code=SI_KERNEL}");
  i = (siginfo_t){ .si_signo = SIGUSR1, .si_code = SI_TKILL };
  i.si_pid = 4;
  expect_siginfo (&i, "{si_signo=SIGUSR1, si_code=SI_TKILL, si_pid=4, si_uid=0}");
}

static void
test_memory (void)
{
  CHECK (
      "mmap(NULL, 12288, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f6d4a5f5000",
      "mmap", 0x7f6d4a5f5000, 0, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK ("mmap(0x7f7003caf000, 4096, PROT_NONE, MAP_SHARED|MAP_FIXED, 3, 0x26000) = -1 EACCES "
         "(Permission denied)",
         "mmap", -EACCES, 0x7f7003caf000, 4096, PROT_NONE, MAP_SHARED | MAP_FIXED, 3, 0x26000);
  CHECK ("brk(NULL) = 0x559282533000", "brk", 0x559282533000, 0);
  CHECK ("mremap(0x5000, 4096, 8192, MREMAP_MAYMOVE) = 0x6000", "mremap", 0x6000, 0x5000, 4096,
         8192, MREMAP_MAYMOVE);
  CHECK ("madvise(0x5000, 4096, MADV_DONTNEED) = 0", "madvise", 0, 0x5000, 4096, MADV_DONTNEED);
}

static void
test_processes (void)
{
  const char *argv[] = { "/bin/true", "arg one", NULL }, *envp[] = { "A=b", NULL };
  SentryAbiRlimit limit = { 8192 * 1024, SENTRY_ABI_RLIM_INFINITY };
  SentryAbiUtsname uts = { "Linux", "vm" };
  guint32 groups[] = { 1, 2, 3 };
  guint64 fs = 0x7fb8df72e740, cpus = 3;
  g_autofree char *exec = g_strdup_printf ("execve(\"/nope\", [\"/bin/true\", \"arg one\"], %p /* "
                                           "1 var */) = -1 ENOENT (No such file or "
                                           "directory)",
                                           envp);
  SentryAbiCloneArgs args = { .flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD };
  SentryAbiCapHeader header = { SENTRY_ABI_CAP_VERSION_3, 0 };
  SentryAbiCapData caps[2] = { { 1, 0, 0 }, { 1, 0, 0 } };

  CHECK (exec, "execve", -ENOENT, P ("/nope"), P (argv), P (envp));
  CHECK ("clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, "
         "child_tidptr=0x7fb8df72ea10) = 17174",
         "clone", 17174, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD, 0, 0, 0x7fb8df72ea10,
         0);
  CHECK (
      "clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD, stack=NULL, stack_size=0}, 88) = 9",
      "clone3", 9, P (&args), sizeof args);
  CHECK ("prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0",
         "prlimit64", 0, 0, RLIMIT_STACK, 0, P (&limit));
  CHECK ("uname({sysname=\"Linux\", nodename=\"vm\", ...}) = 0", "uname", 0, P (&uts));
  CHECK ("setgroups(3, [1, 2, 3]) = 0", "setgroups", 0, 3, P (groups));
  CHECK ("getgroups(3, [1, 2, 3]) = 3", "getgroups", 3, 3, P (groups));
  CHECK ("getresuid([1], [2], [3]) = 0", "getresuid", 0, P (groups), P (groups + 1),
         P (groups + 2));
  CHECK ("prctl(PR_SET_NAME, \"hello\") = 0", "prctl", 0, PR_SET_NAME, P ("hello"));
  CHECK ("prctl(PR_SET_PDEATHSIG, SIGKILL) = 0", "prctl", 0, PR_SET_PDEATHSIG, SIGKILL);
  CHECK ("prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) = 0", "prctl", 0, PR_SET_NO_NEW_PRIVS, 1);
  CHECK ("prctl(0x3e7 /* PR_??? */, 0x1, 0x2, 0x3, 0x4) = -1 EINVAL (Invalid argument)", "prctl",
         -EINVAL, 999, 1, 2, 3, 4);
  CHECK ("arch_prctl(ARCH_GET_FS, [0x7fb8df72e740]) = 0", "arch_prctl", 0, 0x1003, P (&fs));
  CHECK ("arch_prctl(ARCH_SET_FS, 0x7fb8df72e740) = 0", "arch_prctl", 0, 0x1002, fs);
  CHECK ("sched_getaffinity(0, 8, [0 1]) = 8", "sched_getaffinity", 8, 0, 8, P (&cpus));
  CHECK ("sched_getscheduler(0) = 0 (SCHED_OTHER)", "sched_getscheduler", 0, 0);
  CHECK ("capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, "
         "{effective=1<<CAP_CHOWN|1<<CAP_MAC_OVERRIDE, permitted=0, inheritable=0}) = 0",
         "capset", 0, P (&header), P (caps));
  CHECK ("futex(0x7ffd177e82fc, FUTEX_WAKE_PRIVATE, 1) = 0", "futex", 0, 0x7ffd177e82fc,
         FUTEX_WAKE_PRIVATE, 1);
  CHECK (
      "futex(0x5000, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY) = -1 "
      "ETIMEDOUT (Connection timed out)",
      "futex", -ETIMEDOUT, 0x5000, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, 0, 7,
      FUTEX_BITSET_MATCH_ANY);
  CHECK ("futex(0x5000, FUTEX_REQUEUE, 1, 2, 0x6000) = 0", "futex", 0, 0x5000, FUTEX_REQUEUE, 1, 2,
         0x6000);
}

static void
test_sockets (void)
{
  struct sockaddr_un un = { AF_UNIX, "/tmp/s" };
  struct sockaddr_in in = { AF_INET, htons (80), { htonl (0x7f000001) } };
  SentryAbiIovec v = { P ("xyz"), 3 };
  SentryAbiMsghdr m = { .msg_iov = P (&v), .msg_iovlen = 1 };
  int one = 1, sv[2] = { 6, 8 };
  guint32 len = 16;

  CHECK ("socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 9", "socket", 9, AF_UNIX,
         SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK ("socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, [6, 8]) = 0", "socketpair", 0, AF_UNIX,
         SOCK_STREAM | SOCK_CLOEXEC, 0, P (sv));
  CHECK ("bind(9, {sa_family=AF_UNIX, sun_path=\"/tmp/s\"}, 110) = 0", "bind", 0, 9, P (&un), 110);
  memcpy (un.sun_path, "\0abs", 4);
  CHECK ("bind(9, {sa_family=AF_UNIX, sun_path=@\"abs\"}, 6) = 0", "bind", 0, 9, P (&un), 6);
  CHECK ("connect(11, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, "
         "16) = "
         "0",
         "connect", 0, 11, P (&in), 16);
  CHECK (
      "getpeername(11, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, "
      "[16]) = 0",
      "getpeername", 0, 11, P (&in), P (&len));
  CHECK ("setsockopt(11, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0", "setsockopt", 0, 11, SOL_SOCKET,
         SO_REUSEADDR, P (&one), 4);
  CHECK ("sendto(11, \"hello\", 5, MSG_DONTWAIT|MSG_NOSIGNAL, NULL, 0) = 5", "sendto", 5, 11,
         P ("hello"), 5, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
  CHECK ("sendmsg(6, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"xyz\", iov_len=3}], "
         "msg_iovlen=1, msg_controllen=0, msg_flags=0}, 0) = 3",
         "sendmsg", 3, 6, P (&m), 0);
  CHECK ("recvmsg(8, {msg_namelen=0}, MSG_DONTWAIT) = -1 EAGAIN (Resource temporarily unavailable)",
         "recvmsg", -EAGAIN, 8, P (&m), MSG_DONTWAIT);
}

/* Lengths and counts that a guest made up. */
static void
test_hostile (void)
{
  guint64 endless = G_MAXUINT64;
  guint64 page_end
      = P (mmap (NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) + 4096;
  g_autofree char *string = NULL, *array = NULL, *vector = NULL, *control = NULL;
  SentryAbiCmsghdr head = { G_MAXUINT64 - 3, SOL_SOCKET, SCM_RIGHTS };
  SentryAbiMsghdr m = { .msg_control = P (&head), .msg_controllen = G_MAXUINT64 };

  munmap ((gpointer) page_end, 4096);
  memset ((gpointer) (page_end - 4096), 'a', 4096);
  CHECK ("write(1, NULL, 18446744073709551615) = -1 EFAULT (Bad address)", "write", -EFAULT, 1, 0,
         endless);
  string
      = g_strdup_printf ("chdir(%#" G_GINT64_MODIFIER "x) = -1 EFAULT (Bad address)", page_end - 3);
  CHECK (string, "chdir", -EFAULT, page_end - 3);
  array = show ("setgroups", -EINVAL, NULL, (guint64[6]){ 0x7fffffff, page_end - 8 });
  g_assert_true (
      g_pattern_match_simple ("setgroups(2147483647, [1633771873, 1633771873, ... /* 0x* */]) = *",
                              array)
      || g_pattern_match_simple (
          "setgroups(2147483647, [1633771873, 1633771873, ... /* 0x* */, ...]) = *", array));
  vector = show ("writev", -EINVAL, NULL, (guint64[6]){ 1, page_end - 16, 1024 });
  g_assert_true (g_str_has_prefix (vector, "writev(1, [{iov_base=0x6161616161616161, "
                                           "iov_len=7016996765293437281}"));
  control = show ("sendmsg", -EINVAL, NULL, (guint64[6]){ 1, P (&m), 0 });
  g_assert_cmpuint (strlen (control), <, 4000);
}

static void
test_flags (void)
{
  g_autoptr (GString) s = g_string_new (NULL);

  sentry_names_append_flags (s, &sentry_names_open, 0x80000003);
  g_assert_cmpstr (s->str, ==, "O_ACCMODE|0x80000000");
  g_string_truncate (s, 0);
  sentry_names_append_flags (s, &sentry_names_mremap, 0x100);
  g_assert_cmpstr (s->str, ==, "0x100 /* MREMAP_??? */");
  g_string_truncate (s, 0);
  sentry_names_append_flags (s, &sentry_names_open, O_SYNC | O_WRONLY);
  g_assert_cmpstr (s->str, ==, "O_WRONLY|O_SYNC");
  g_string_truncate (s, 0);
  sentry_names_append_flags (s, &sentry_names_mremap, 0);
  g_assert_cmpstr (s->str, ==, "0");
}

/* Each call with each argument a bad pointer or a number nobody expects, before and after. */
static void
test_every_call (void)
{
  static const guint64 values[] = { 0, 1, 0x1000, G_MAXUINT64, 0x7fffffffffff };
  guint64 zeros[64] = { 0 };

  for (guint nr = 0; nr < SENTRY_N_SYSCALLS; nr++)
    for (guint v = 0; v <= G_N_ELEMENTS (values); v++)
      for (gint64 result = -1; sentry_syscall_table[nr].name != NULL && result < 2; result++)
        {
          guint64 x = v < G_N_ELEMENTS (values) ? values[v] : P (zeros);
          g_autofree char *line = show (sentry_syscall_table[nr].name, result, NULL,
                                        (guint64[6]){ x, x, x, x, x, x });
          g_assert_true (strstr (line, ") = ") != NULL);
        }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/strace/decode/shows-files", test_files);
  g_test_add_func ("/sentry/strace/decode/shows-descriptors", test_descriptors);
  g_test_add_func ("/sentry/strace/decode/shows-waits", test_waits);
  g_test_add_func ("/sentry/strace/decode/shows-signals", test_signals);
  g_test_add_func ("/sentry/strace/decode/shows-siginfo", test_siginfo);
  g_test_add_func ("/sentry/strace/decode/shows-memory", test_memory);
  g_test_add_func ("/sentry/strace/decode/shows-processes", test_processes);
  g_test_add_func ("/sentry/strace/decode/shows-sockets", test_sockets);
  g_test_add_func ("/sentry/strace/decode/bounds-what-the-guest-says", test_hostile);
  g_test_add_func ("/sentry/strace/decode/survives-every-call", test_every_call);
  g_test_add_func ("/sentry/strace/names/shows-flags", test_flags);
  return g_test_run ();
}
