/* execve, execveat: what a new program keeps, scripts, descriptors, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: execve execveat */
#include "guest.h"

#include <linux/limits.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/resource.h>

static char *const no_env[] = { NULL };
static int cloexec_fd, kept_fd;

/* Executed in a child; what it prints and its status are the result.  */
static int
run (const char *path, char *const argv[], char *const envp[])
{
  pid_t pid = MUST (fork ());

  if (pid == 0)
    _exit (-sys (execve, path, argv, envp));
  int status = guest_wait (pid);
  return WIFEXITED (status) ? WEXITSTATUS (status) : 1000 + WTERMSIG (status);
}

#define ARGS(...) ((char *[]){ __VA_ARGS__, NULL })

/* What this program does when it is executed again: prints what it was given.  */
static int
show (int argc, char **argv, char **envp)
{
  guest_say ("  arguments: %d", argc);
  for (int i = 1; i < argc; i++)
    guest_say ("  argument: %s", argv[i]);
  for (int i = 0; envp[i]; i++)
    guest_say ("  environment: %s", envp[i]);
  return 40;
}

static void
on_signal (int signo)
{
}

static int
show_state (char **argv)
{
  struct sigaction a, b;
  sigset_t mask, pending;
  stack_t stack;

  sigaction (SIGUSR1, NULL, &a);
  sigaction (SIGUSR2, NULL, &b);
  CHECK ("execve/handler-reset", a.sa_handler == SIG_DFL);
  CHECK ("execve/ignored-stays", b.sa_handler == SIG_IGN);
  sigprocmask (SIG_BLOCK, NULL, &mask);
  CHECK ("execve/mask-stays", sigismember (&mask, SIGTERM) && !sigismember (&mask, SIGINT));
  sigpending (&pending);
  CHECK ("execve/pending-stays", sigismember (&pending, SIGTERM));
  sigaltstack (NULL, &stack);
  IS ("execve/altstack-gone", stack.ss_flags, SS_DISABLE);
  IS ("execve/cloexec-closed", sys (fcntl, atoi (argv[2]), F_GETFD), -EBADF);
  IS ("execve/others-open", sys (fcntl, atoi (argv[3]), F_GETFD), 0);
  IS ("execve/pid-stays", getpid (), atoi (argv[4]));
  IS ("execve/umask-stays", umask (0), 031);
  CHECK ("execve/alarm-stays", alarm (0) > 0);
  IS ("execve/nice-stays", sys (getpriority, PRIO_PROCESS, 0), 18);
  CHECK ("execve/comm", !strcmp (guest_content ("/proc/self/comm"), "a-name-that-is-\n"));
  return guest_done ();
}

static void
state_child (void)
{
  static char stack[65536];
  stack_t ss = { stack, 0, sizeof stack };
  sigset_t term;

  signal (SIGUSR1, on_signal);
  signal (SIGUSR2, SIG_IGN);
  sigemptyset (&term);
  sigaddset (&term, SIGTERM);
  sigprocmask (SIG_SETMASK, &term, NULL);
  raise (SIGTERM);
  sigaltstack (&ss, NULL);
  umask (031);
  alarm (50);
  MUST (setpriority (PRIO_PROCESS, 0, 2));
  sys (execve, "a-name-that-is-too-long",
       ARGS ("x", "state", (char *) text ("%d", cloexec_fd), (char *) text ("%d", kept_fd),
             (char *) text ("%d", getpid ())),
       no_env);
}

static void
test_arguments (const char *self)
{
  IS ("execve/arguments",
      run (self, ARGS ("any name", "show", "one", "", "three words"),
           ARGS ("A=1", "not an assignment", "")),
      40);
  IS ("execve/NULL-environment", run (self, ARGS ("x", "show"), NULL), 40);
  MUST (symlink (self, "link"));
  IS ("execve/symlink", run ("./link", ARGS ("x", "show"), no_env), 40);
  /* An empty argv becomes one empty string.  */
  IS ("execve/no-arguments", run (self, (char *[]){ NULL }, no_env), 41);
}

static void
script (const char *path, const char *content)
{
  int fd = MUST (open (path, O_WRONLY | O_CREAT | O_TRUNC, 0755));

  MUST (write (fd, content, strlen (content)));
  close (fd);
}

static void
test_scripts (const char *self)
{
  script ("plain", "#!/bin/sh\necho \"  script: $0 $1\"; exit 5\n");
  IS ("execve/script", run ("./plain", ARGS ("ignored", "given"), no_env), 5);
  script ("argument", text ("#! %s show  two words \n", self));
  IS ("execve/script-argument", run ("./argument", ARGS ("x", "given"), no_env), 40);
  script ("nested", "#!./plain\n");
  IS ("execve/script-of-script", run ("./nested", ARGS ("x", "given"), no_env), 5);
  script ("loop", "#!./loop\n");
  IS ("execve/script-loop", run ("./loop", ARGS ("x"), no_env), ELOOP);
  script ("missing", "#!/no/interpreter\n");
  IS ("execve/script-ENOENT", run ("./missing", ARGS ("x"), no_env), ENOENT);
  script ("empty", "");
  IS ("execve/empty-ENOEXEC", run ("./empty", ARGS ("x"), no_env), ENOEXEC);
  script ("text", "echo not a script\n");
  IS ("execve/text-ENOEXEC", run ("./text", ARGS ("x"), no_env), ENOEXEC);
  script ("bare", "#!\n");
  IS ("execve/no-interpreter-ENOEXEC", run ("./bare", ARGS ("x"), no_env), ENOEXEC);
  script ("elf", "\177ELF garbage");
  IS ("execve/broken-elf", run ("./elf", ARGS ("x"), no_env), ENOEXEC);
}

static void
test_at (void)
{
  int dir = MUST (open (".", O_PATH));
  int fd = MUST (open ("a-name-that-is-too-long", O_RDONLY | O_CLOEXEC));
  int sh = MUST (open ("plain", O_RDONLY | O_CLOEXEC));
  pid_t pid;

#define AT(name, want, ...)                                                                        \
  if ((pid = MUST (fork ())) == 0)                                                                 \
    _exit (-sys (execveat, __VA_ARGS__));                                                          \
  IS (name, WEXITSTATUS (guest_wait (pid)), want)
  char *const args[] = { "x", "show", "at", NULL };
  AT ("execveat", 40, dir, "a-name-that-is-too-long", args, no_env, 0);
  AT ("execveat/EMPTY_PATH", 40, fd, "", args, no_env, AT_EMPTY_PATH);
  AT ("execveat/follows", 40, dir, "link", args, no_env, 0);
  AT ("execveat/NOFOLLOW", ELOOP, dir, "link", args, no_env, AT_SYMLINK_NOFOLLOW);
  AT ("execveat/empty", ENOENT, fd, "", args, no_env, 0);
  AT ("execveat/EBADF", EBADF, -1, "link", args, no_env, 0);
  AT ("execveat/ENOTDIR", ENOTDIR, fd, "link", args, no_env, 0);
  AT ("execveat/unknown-flag", EINVAL, dir, "link", args, no_env, 0x8000);
  /* A script's interpreter couldn't open the descriptor that closes.  */
  AT ("execveat/script-cloexec", ENOENT, sh, "", args, no_env, AT_EMPTY_PATH);
#undef AT
  FAULT_PATH ("execveat/path", p, sys (execveat, dir, p, args, no_env, 0));
  FAULTS ("execveat/argv", BAD_IN_OPTIONAL, 16, p, sys (execveat, dir, "link", p, no_env, 0));
  FAULTS ("execveat/envp", BAD_IN_OPTIONAL, 16, p, sys (execveat, dir, "link", args, p, 0));
}

static void
test_errors (const char *self)
{
  char name[257];
  char *const args[] = { "x", NULL };

  memset (name, 'n', 256);
  name[256] = 0;
  script ("noexec", "#!/bin/sh\n");
  MUST (chmod ("noexec", 0644));
  MUST (symlink ("self", "self"));
  IS ("execve/ENOENT", sys (execve, "nothing", args, no_env), -ENOENT);
  IS ("execve/ENOENT-empty", sys (execve, "", args, no_env), -ENOENT);
  IS ("execve/ENOTDIR", sys (execve, "plain/x", args, no_env), -ENOTDIR);
  IS ("execve/ELOOP", sys (execve, "self", args, no_env), -ELOOP);
  IS ("execve/ENAMETOOLONG", sys (execve, name, args, no_env), -ENAMETOOLONG);
  IS ("execve/EACCES-no-x", sys (execve, "noexec", args, no_env), -EACCES);
  IS ("execve/EACCES-directory", sys (execve, ".", args, no_env), -EACCES);
  IS ("execve/EACCES-device", sys (execve, "/dev/null", args, no_env), -EACCES);
  int fd = MUST (open ("plain", O_WRONLY));
  IS ("execve/ETXTBSY", sys (execve, "plain", args, no_env), -ETXTBSY);
  close (fd);
  /* One string may have 32 pages, all of them a quarter of the stack limit.  */
  char *big = guest_pages (33, PROT_READ | PROT_WRITE);
  memset (big, 'a', 32 * 4096);
  IS ("execve/E2BIG-string", sys (execve, self, ARGS ("x", big), no_env), -E2BIG);
  big[32 * 4096 - 1] = 0;
  IS ("execve/longest-string", run ("/bin/true", ARGS ("x", big), no_env), 0);
  big[32 * 4096 - 2] = 0;
  char **many = calloc (100, sizeof *many);
  for (int i = 0; i < 70; i++)
    many[i] = big;
  IS ("execve/E2BIG-total", sys (execve, self, many, no_env), -E2BIG);
  IS ("execve/E2BIG-environment", sys (execve, self, args, many), -E2BIG);
}

static void
test_faults (const char *self)
{
  char *const args[] = { "x", NULL };

  FAULT_PATH ("execve/path", p, sys (execve, p, args, no_env));
  FAULTS ("execve/argv", BAD_IN_OPTIONAL, 16, p, sys (execve, self, p, no_env));
  FAULTS ("execve/envp", BAD_IN_OPTIONAL, 16, p, sys (execve, self, args, p));
  FAULTS ("execve/argument", BAD_IN_OPTIONAL, 2, p, sys (execve, self, ARGS ("x", p), no_env));
  FAULTS ("execve/variable", BAD_IN_OPTIONAL, 2, p, sys (execve, self, args, ARGS (p)));
}

static void
without_permission (void)
{
  char *const args[] = { "x", NULL };

  IS ("execve/EACCES", sys (execve, "private", args, no_env), -EACCES);
  IS ("execve/EACCES-search", sys (execve, "locked/x", args, no_env), -EACCES);
}

static void *
exec_from_thread (void *self)
{
  sys (execve, self, ARGS ("x", "leader", (char *) text ("%d", getpid ())), no_env);
  return NULL;
}

static void *
spin (void *unused)
{
  for (;;)
    sys (sched_yield);
  return NULL;
}

static void
threads (const char *self)
{
  pid_t pid = MUST (fork ());
  pthread_t t;

  if (pid == 0)
    {
      MUST (-pthread_create (&t, NULL, spin, NULL));
      MUST (-pthread_create (&t, NULL, exec_from_thread, (void *) self));
      spin (NULL);
    }
  IS ("execve/from-a-thread", WEXITSTATUS (guest_wait (pid)), 42);
}

static int
main_test (void)
{
  char self[4096];
  ssize_t n = MUST (readlink ("/proc/self/exe", self, sizeof self - 1));

  self[n] = 0;
  cloexec_fd = MUST (open (".", O_RDONLY | O_CLOEXEC));
  kept_fd = MUST (open (".", O_RDONLY));
  MUST (symlink (self, "a-name-that-is-too-long"));
  test_arguments (self);
  IS ("execve/state", guest_wait (guest_fork (state_child)), 0);
  test_scripts (self);
  test_at ();
  test_errors (self);
  test_faults (self);
  script ("private", "#!/bin/sh\n");
  MUST (chmod ("private", is_root () ? 0700 : 0600));
  MUST (mkdir ("locked", 0600));
  as_nobody (without_permission);
  threads (self);
  return guest_done ();
}

int
main (int argc, char **argv, char **envp)
{
  if (argc > 1 && !strncmp (argv[1], "show", 4))
    return show (argc, argv, envp);
  if (argc > 1 && !strcmp (argv[1], "state"))
    return show_state (argv);
  if (argc > 1 && !strcmp (argv[1], "leader"))
    return getpid () == atoi (argv[2]) && sys (gettid) == getpid () ? 42 : 43;
  if (argc == 1 && argv[0][0] == 0 && !envp[0])
    return 41;
  return main_test ();
}
