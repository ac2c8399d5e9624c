/* The checks, children and bad pointers of guest.h.  SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest.h"

#include <linux/capability.h>
#include <stdarg.h>

static int failures;

/* A test that hangs must not look like one that passes slowly; children have the harness' time-out
 * only.  */
__attribute__ ((constructor)) static void
guest_init (void)
{
  alarm (60);
}

/* One write a line: a child shares no buffer with its parent, and the lines of both stay whole.  */
void
guest_say (const char *format, ...)
{
  char line[512];
  va_list args;

  va_start (args, format);
  int n = vsnprintf (line, sizeof line - 1, format, args);
  va_end (args);
  if (n > (int) sizeof line - 2)
    n = sizeof line - 2;
  line[n++] = '\n';
  if (write (1, line, n) != n)
    _exit (98);
}

const char *
text (const char *format, ...)
{
  static char buffers[8][256];
  static unsigned next;
  char *buffer = buffers[next++ % 8];
  va_list args;

  va_start (args, format);
  vsnprintf (buffer, sizeof buffers[0], format, args);
  va_end (args);
  return buffer;
}

/* -EFOO for an error, the number for anything else.  */
static const char *
result_text (long value)
{
  const char *name = value < 0 && value > -4096 ? strerrorname_np (-value) : NULL;

  return name ? text ("-%s", name) : text ("%ld", value);
}

void
guest_is (const char *name, long got, long want, int line)
{
  if (got == want)
    {
      guest_say ("%s ok", name);
      return;
    }
  failures++;
  guest_say ("%s FAILED: %s, expected %s (line %d)", name, result_text (got), result_text (want),
             line);
}

long
guest_ok (const char *name, long got, int line)
{
  if (got >= 0 || got < -4095)
    guest_say ("%s ok", name);
  else
    {
      failures++;
      guest_say ("%s FAILED: %s, expected success (line %d)", name, result_text (got), line);
    }
  return got;
}

void
guest_check (const char *name, bool condition, const char *what, int line)
{
  if (condition)
    {
      guest_say ("%s ok", name);
      return;
    }
  failures++;
  guest_say ("%s FAILED: not so: %s (line %d)", name, what, line);
}

long
guest_must (long got, const char *what, int line)
{
  if (got >= 0 || got < -4095)
    return got;
  if (got == -1)
    got = -errno;
  guest_say ("CAN'T GO ON: %s gives %s (line %d)", what, result_text (got), line);
  _exit (99);
}

int
guest_done (void)
{
  return failures != 0;
}

char *
guest_pages (size_t n, int prot)
{
  size_t page = 4096;
  char *map = mmap (NULL, (n + 2) * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  MUST (map == MAP_FAILED ? -1 : 0);
  MUST (munmap (map, page));
  MUST (munmap (map + (n + 1) * page, page));
  MUST (mprotect (map + page, n * page, prot));
  return map + page;
}

/* A lone page of each kind, made once.  */
void *
guest_bad_pointer (int kind, size_t size)
{
  static char *hole, *none, *cross, *readonly;

  if (!hole)
    {
      none = guest_pages (1, PROT_NONE);
      cross = guest_pages (1, PROT_READ | PROT_WRITE);
      hole = cross + 4096;
      readonly = guest_pages (1, PROT_READ);
    }
  switch (kind)
    {
    case BAD_NULL:
      return NULL;
    case BAD_HOLE:
      return hole;
    case BAD_KERNEL:
      return (void *) 0xffff888000000000;
    case BAD_NONE:
      return none;
    case BAD_CROSS:
      /* Calls that fail half-way may have written here; as a path it must not end.  */
      memset (cross, 'a', 4096);
      return cross + 4096 - size / 2;
    default:
      return readonly;
    }
}

bool
guest_fault_next (struct guest_fault *fault, size_t size)
{
  static const char *const kinds[] = { "null", "hole", "kernel", "none", "cross", "readonly" };

  for (; fault->done < 6; fault->done++)
    {
      int kind = 1 << fault->done;
      if (!(fault->asked & kind) || (kind == BAD_CROSS && size < 2))
        continue;
      fault->kind = kinds[fault->done++];
      fault->pointer = guest_bad_pointer (kind, size);
      return true;
    }
  return false;
}

pid_t
guest_fork (void (*fn) (void))
{
  pid_t pid = MUST (fork ());

  if (pid == 0)
    {
      failures = 0;
      fn ();
      _exit (failures != 0);
    }
  return pid;
}

int
guest_wait (pid_t pid)
{
  int status = -1;

  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  return status;
}

static void
merge (int status)
{
  if (status == 0)
    return;
  failures++;
  if (WIFSIGNALED (status))
    guest_say ("a child died of signal %d", WTERMSIG (status));
}

void
guest_child (void (*fn) (void))
{
  merge (guest_wait (guest_fork (fn)));
}

static void (*nobody_fn) (void);

static void
become_nobody (void)
{
  if (geteuid () == 0)
    {
      MUST (sys (setgroups, 0, NULL));
      MUST (sys (setresgid, 65534, 65534, 65534));
      MUST (sys (setresuid, 65534, 65534, 65534));
    }
  nobody_fn ();
}

void
as_nobody (void (*fn) (void))
{
  nobody_fn = fn;
  guest_child (become_nobody);
}

bool
is_root (void)
{
  return geteuid () == 0;
}

bool
has_capability (int cap)
{
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct data[2] = { 0 };

  MUST (sys (capget, &header, data));
  return data[cap / 32].effective >> (cap % 32) & 1;
}

int64_t
guest_now (clockid_t clock)
{
  struct timespec ts = { 0 };

  MUST (sys (clock_gettime, clock, &ts));
  return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

int
guest_file (const char *path, const char *content)
{
  int fd = MUST (open (path, O_RDWR | O_CREAT | O_TRUNC, 0644));
  size_t size = strlen (content);

  MUST (pwrite (fd, content, size, 0) == (ssize_t) size ? 0 : -1);
  return fd;
}

const char *
guest_content (const char *path)
{
  static char content[8192];
  int fd = open (path, O_RDONLY);

  if (fd < 0)
    return "(can't be opened)";
  ssize_t n = read (fd, content, sizeof content - 1);
  close (fd);
  if (n < 0)
    return "(can't be read)";
  content[n] = 0;
  return content;
}

bool
guest_exists (const char *path)
{
  struct stat st;

  return lstat (path, &st) == 0;
}
