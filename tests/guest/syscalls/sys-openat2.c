/* openat2: the size of its argument, strict flags, every RESOLVE_ rule.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: openat2 */
#include "guest.h"

#include <linux/openat2.h>

static int dir;

/* Opens beneath `dir`, says whether it worked, closes.  */
static long
try (const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
  struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };
  long fd = sys (openat2, dir, path, &how, sizeof how);

  if (fd >= 0)
    close (fd);
  return fd < 0 ? fd : 0;
}

static void
test_size (void)
{
  struct
  {
    struct open_how how;
    uint64_t more[512];
  } big = { 0 };

  IS ("openat2/size-0", sys (openat2, dir, "f", &big, 0), -EINVAL);
  IS ("openat2/size-too-small", sys (openat2, dir, "f", &big, 23), -EINVAL);
  OK ("openat2/size-0-version", sys (openat2, dir, "f", &big, 24));
  OK ("openat2/larger-zero", sys (openat2, dir, "f", &big, 64));
  OK ("openat2/a-page", sys (openat2, dir, "f", &big, 4096));
  IS ("openat2/over-a-page", sys (openat2, dir, "f", &big, 4097), -E2BIG);
  big.more[2] = 1;
  IS ("openat2/larger-not-zero", sys (openat2, dir, "f", &big, 64), -E2BIG);
  OK ("openat2/not-zero-beyond", sys (openat2, dir, "f", &big, 40));
}

static void
test_flags (void)
{
  IS ("openat2/plain", try ("f", O_RDONLY, 0, 0), 0);
  IS ("openat2/unknown-flag", try ("f", O_RDONLY | 1ul << 31, 0, 0), -EINVAL);
  IS ("openat2/unknown-high-flag", try ("f", O_RDONLY | 1ul << 40, 0, 0), -EINVAL);
  IS ("openat2/unknown-resolve", try ("f", O_RDONLY, 0, 0x80), -EINVAL);
  IS ("openat2/mode-without-O_CREAT", try ("f", O_RDONLY, 0600, 0), -EINVAL);
  IS ("openat2/mode-unknown-bits", try ("g", O_WRONLY | O_CREAT, 0100600, 0), -EINVAL);
  IS ("openat2/O_CREAT", try ("g", O_WRONLY | O_CREAT, 0600, 0), 0);
  IS ("openat2/O_PATH-other-flags", try ("f", O_PATH | O_RDWR, 0, 0), -EINVAL);
  IS ("openat2/O_PATH", try ("f", O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, 0), 0);
  IS ("openat2/beneath-and-in-root", try ("f", 0, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT), -EINVAL);
}

static void
test_beneath (void)
{
  IS ("openat2/beneath", try ("sub/f", O_RDONLY, 0, RESOLVE_BENEATH), 0);
  IS ("openat2/beneath-dotdot", try ("sub/../f", O_RDONLY, 0, RESOLVE_BENEATH), 0);
  IS ("openat2/beneath-escape", try ("../outside", O_RDONLY, 0, RESOLVE_BENEATH), -EXDEV);
  IS ("openat2/beneath-deep-escape", try ("sub/../../outside", O_RDONLY, 0, RESOLVE_BENEATH),
      -EXDEV);
  IS ("openat2/beneath-absolute", try ("/", O_RDONLY, 0, RESOLVE_BENEATH), -EXDEV);
  IS ("openat2/beneath-link-out", try ("out", O_RDONLY, 0, RESOLVE_BENEATH), -EXDEV);
  IS ("openat2/beneath-absolute-link", try ("abs", O_RDONLY, 0, RESOLVE_BENEATH), -EXDEV);
  IS ("openat2/beneath-link-in", try ("in", O_RDONLY, 0, RESOLVE_BENEATH), 0);
  IS ("openat2/beneath-create-outside", try ("../made", O_WRONLY | O_CREAT, 0600, RESOLVE_BENEATH),
      -EXDEV);
  CHECK ("openat2/beneath-nothing-made", !guest_exists ("made"));
}

static void
test_in_root (void)
{
  IS ("openat2/in-root-absolute", try ("/f", O_RDONLY, 0, RESOLVE_IN_ROOT), 0);
  IS ("openat2/in-root-dotdot", try ("../../../f", O_RDONLY, 0, RESOLVE_IN_ROOT), 0);
  IS ("openat2/in-root-absolute-link", try ("absf", O_RDONLY, 0, RESOLVE_IN_ROOT), 0);
  IS ("openat2/in-root-outside", try ("../outside", O_RDONLY, 0, RESOLVE_IN_ROOT), -ENOENT);
  IS ("openat2/in-root-link-out", try ("out", O_RDONLY, 0, RESOLVE_IN_ROOT), -ENOENT);
}

static void
test_links (void)
{
  IS ("openat2/no-symlinks", try ("in", O_RDONLY, 0, RESOLVE_NO_SYMLINKS), -ELOOP);
  IS ("openat2/no-symlinks-component", try ("subl/f", O_RDONLY, 0, RESOLVE_NO_SYMLINKS), -ELOOP);
  IS ("openat2/no-symlinks-O_PATH-last", try ("in", O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS),
      0);
  IS ("openat2/no-symlinks-none", try ("sub/f", O_RDONLY, 0, RESOLVE_NO_SYMLINKS), 0);
  IS ("openat2/no-magiclinks", try ("/proc/self/exe", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS), -ELOOP);
  IS ("openat2/no-magiclinks-directory",
      try ("/proc/self/cwd/cell/f", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS), -ELOOP);
  IS ("openat2/magiclinks", try ("/proc/self/cwd/cell/f", O_RDONLY, 0, 0), 0);
  IS ("openat2/no-magiclinks-symlink", try ("in", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS), 0);
  IS ("openat2/no-xdev", try ("/proc/version", O_RDONLY, 0, RESOLVE_NO_XDEV), -EXDEV);
  IS ("openat2/no-xdev-same", try ("sub/f", O_RDONLY, 0, RESOLVE_NO_XDEV), 0);
}

static void
test_errors (void)
{
  struct open_how how = { 0 };

  IS ("openat2/EBADF", sys (openat2, -1, "f", &how, sizeof how), -EBADF);
  IS ("openat2/ENOTDIR", sys (openat2, MUST (open ("cell/f", 0)), "f", &how, sizeof how), -ENOTDIR);
  IS ("openat2/ENOENT", try ("nothing", O_RDONLY, 0, 0), -ENOENT);
  FAULT_PATH ("openat2/path", p, sys (openat2, dir, p, &how, sizeof how));
  FAULTS ("openat2/how", BAD_IN, sizeof how, p, sys (openat2, dir, "f", p, sizeof how));
}

int
main (void)
{
  MUST (mkdir ("cell", 0755));
  MUST (mkdir ("cell/sub", 0755));
  MUST (close (guest_file ("cell/f", "")));
  MUST (close (guest_file ("cell/sub/f", "")));
  MUST (close (guest_file ("outside", "")));
  MUST (symlink ("../outside", "cell/out"));
  MUST (symlink ("/etc/passwd", "cell/abs"));
  MUST (symlink ("/f", "cell/absf"));
  MUST (symlink ("sub/f", "cell/in"));
  MUST (symlink ("sub", "cell/subl"));
  dir = MUST (open ("cell", O_PATH | O_DIRECTORY));
  test_size ();
  test_flags ();
  test_beneath ();
  test_in_root ();
  test_links ();
  test_errors ();
  return guest_done ();
}
