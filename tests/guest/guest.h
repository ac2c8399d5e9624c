/* What every guest test is made of: raw system calls, checks that print one line each, bad
 * pointers, and signals that arrive while a call is asleep.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each check prints "NAME ok" or "NAME FAILED: …".  A passing run must print the same bytes
 * everywhere, so no line may hold a pid, an address, a time or anything else that differs between
 * two runs.  */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The system call itself: libc neither checks nor changes anything, an error is -errno.  */
#define sys(name, ...) GUEST_SYS_ (SYS_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define sysnr(nr, ...) GUEST_SYS_ (nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define GUEST_SYS_(nr, a, b, c, d, e, f, ...)                                                      \
  guest_syscall (nr, (long) (a), (long) (b), (long) (c), (long) (d), (long) (e), (long) (f))

static inline long
guest_syscall (long nr, long a, long b, long c, long d, long e, long f)
{
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long ret;

  __asm__ volatile("syscall"
                   : "=a"(ret)
                   : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return ret;
}

/* Checks.  NAME may be any string that lives until the check returns, text ("…", …) for instance.
 */
#define IS(name, got, want) guest_is (name, (long) (got), (long) (want), __LINE__)
#define OK(name, got) guest_ok (name, (long) (got), __LINE__)
#define CHECK(name, condition) guest_check (name, condition, #condition, __LINE__)
/* A step that the test needs but is not about: silent when it works, ends the test when it fails.
 */
#define MUST(got) guest_must ((long) (got), #got, __LINE__)

void guest_is (const char *name, long got, long want, int line);
long guest_ok (const char *name, long got, int line);
void guest_check (const char *name, bool condition, const char *what, int line);
long guest_must (long got, const char *what, int line);
void guest_say (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
const char *text (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/* The exit status of main: 1 when a check has failed.  */
int guest_done (void);

/* Runs EXPR once for each bad pointer P and expects -EFAULT.  KINDS says which pointers are bad for
 * this argument, SIZE how many bytes the call needs there (for the pointer whose object ends in an
 * unmapped page).  */
enum
{
  BAD_NULL = 1 << 0,
  BAD_HOLE = 1 << 1,     /* nothing is mapped there */
  BAD_KERNEL = 1 << 2,   /* the kernel's half of the addresses */
  BAD_NONE = 1 << 3,     /* PROT_NONE */
  BAD_CROSS = 1 << 4,    /* the first bytes are there, the last ones are not */
  BAD_READONLY = 1 << 5, /* for what the kernel writes */
};
#define BAD_IN_OPTIONAL (BAD_HOLE | BAD_KERNEL | BAD_NONE | BAD_CROSS)
#define BAD_OUT_OPTIONAL (BAD_IN_OPTIONAL | BAD_READONLY)
#define BAD_IN (BAD_IN_OPTIONAL | BAD_NULL)
#define BAD_OUT (BAD_OUT_OPTIONAL | BAD_NULL)

#define FAULTS(name, kinds, size, p, expr)                                                         \
  for (struct guest_fault fault_ = { .asked = kinds }; guest_fault_next (&fault_, size);)          \
    {                                                                                              \
      char *p = fault_.pointer;                                                                    \
      guest_is (text ("%s/EFAULT-%s", name, fault_.kind), (long) (expr), -EFAULT, __LINE__);       \
    }
#define FAULT_PATH(name, p, expr) FAULTS (name, BAD_IN, 2, p, expr)

struct guest_fault
{
  int asked, done;
  const char *kind;
  char *pointer;
};
bool guest_fault_next (struct guest_fault *fault, size_t size);
/* One such pointer; KIND is a single BAD_ bit.  */
void *guest_bad_pointer (int kind, size_t size);
/* A mapping of whole pages with an unmapped page on both sides.  */
char *guest_pages (size_t n, int prot);

/* Children.  guest_child runs FN in a child and waits: its failed checks count here, and so does a
 * child that dies of a signal.  as_nobody gives up root first, if it has it.  */
pid_t guest_fork (void (*fn) (void));
int guest_wait (pid_t pid);
void guest_child (void (*fn) (void));
void as_nobody (void (*fn) (void));
bool is_root (void);
/* Whether this process has capability CAP in its effective set.  */
bool has_capability (int cap);

/* Calls EXPR while a child sends SIGUSR1, once this process is really asleep.  The handler has
 * FLAGS and calls ACTION (if any), which with SA_RESTART makes the restarted call end.  */
#define INTERRUPTED(name, flags, action, expr, want)                                               \
  do                                                                                               \
    {                                                                                              \
      guest_interrupt_begin (flags, action);                                                       \
      long got_ = (long) (expr);                                                                   \
      guest_interrupt_end (name, __LINE__);                                                        \
      guest_is (name, got_, (long) (want), __LINE__);                                              \
    }                                                                                              \
  while (0)
/* Calls EXPR while a child stops this process and continues it, each once it is asleep; then the
 * child calls ACTION.  */
#define STOPPED(name, action, expr, want)                                                          \
  do                                                                                               \
    {                                                                                              \
      guest_stop_begin (action);                                                                   \
      long got_ = (long) (expr);                                                                   \
      guest_stop_end (name, __LINE__);                                                             \
      guest_is (name, got_, (long) (want), __LINE__);                                              \
    }                                                                                              \
  while (0)
/* Calls EXPR while a child calls ACTION once this process is asleep: for calls that must wait.  */
#define BLOCKS(name, action, expr, want)                                                           \
  do                                                                                               \
    {                                                                                              \
      pid_t pid_ = guest_when_asleep (action);                                                     \
      long got_ = (long) (expr);                                                                   \
      guest_wait (pid_);                                                                           \
      guest_is (name, got_, (long) (want), __LINE__);                                              \
    }                                                                                              \
  while (0)

void guest_interrupt_begin (int flags, void (*action) (void));
void guest_interrupt_end (const char *name, int line);
void guest_stop_begin (void (*action) (void));
void guest_stop_end (const char *name, int line);
pid_t guest_when_asleep (void (*action) (void));
/* Waits until /proc says that the task is in STATE: 'S', 'T', 'Z' …  */
void guest_wait_state (pid_t pid, char state);
/* How often the handler that INTERRUPTED or guest_handle installs has run.  */
extern volatile sig_atomic_t guest_signals;
void guest_handle (int signo, int flags);
/* Nanoseconds of a clock.  */
int64_t guest_now (clockid_t clock);

/* Makes a file of that content; the descriptor is open for reading and writing, at its start.  */
int guest_file (const char *path, const char *content);
/* The whole content of a small file, in a static buffer; a remark in parentheses when it can't be
 * read.  */
const char *guest_content (const char *path);
bool guest_exists (const char *path);
