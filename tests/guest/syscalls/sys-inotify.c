/* The inotify calls: which action gives which events, cookies, masks, removal, overflow of the
 * buffer, errors, faults.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: inotify_init inotify_init1 inotify_add_watch inotify_rm_watch */
#include "guest.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

static int fd, wd;
static char buf[8192] __attribute__ ((aligned (8)));

/* Prints the events that wait to be read.  */
static void
events (const char *name)
{
  uint32_t cookie = 0;

  guest_say ("%s:", name);
  ssize_t n = read (fd, buf, sizeof buf);
  for (char *p = buf; p < buf + n;)
    {
      struct inotify_event *e = (void *) p;
      const char *pair = !e->cookie ? "" : e->cookie == cookie ? " same-cookie" : " cookie";
      cookie = e->cookie;
      guest_say ("  %08x %s%s%s", e->mask, e->len ? e->name : "-", pair,
                 e->wd == wd ? "" : " other-watch");
      p += sizeof *e + e->len;
    }
}

static void
test_directory (void)
{
  wd = OK ("inotify_add_watch", sys (inotify_add_watch, fd, "dir", IN_ALL_EVENTS));
  int file = MUST (open ("dir/f", O_RDWR | O_CREAT, 0600));
  events ("create");
  MUST (write (file, "x", 1));
  MUST (ftruncate (file, 0));
  events ("write");
  MUST (pread (file, buf, 1, 0));
  MUST (write (file, "y", 1));
  MUST (pread (file, buf, 1, 0));
  events ("read");
  MUST (fchmod (file, 0644));
  MUST (futimens (file, NULL));
  events ("attributes");
  close (file);
  events ("close-write");
  close (MUST (open ("dir/f", O_RDONLY)));
  events ("open-close");
  MUST (rename ("dir/f", "dir/g"));
  events ("rename");
  MUST (rename ("dir/g", "out"));
  events ("move-out");
  MUST (rename ("out", "dir/in"));
  events ("move-in");
  MUST (link ("dir/in", "dir/hard"));
  MUST (symlink ("in", "dir/soft"));
  events ("links");
  MUST (mkdir ("dir/sub", 0700));
  MUST (rmdir ("dir/sub"));
  events ("directories");
  MUST (unlink ("dir/hard"));
  MUST (unlink ("dir/soft"));
  MUST (unlink ("dir/in"));
  events ("unlink");
}

static void
test_self (void)
{
  MUST (rename ("dir", "dir2"));
  events ("move-self");
  MUST (rmdir ("dir2"));
  events ("delete-self");
  IS ("inotify_rm_watch/gone", sys (inotify_rm_watch, fd, wd), -EINVAL);
  int file = guest_file ("file", "x");
  wd = MUST (sys (inotify_add_watch, fd, "file", IN_ALL_EVENTS));
  MUST (unlink ("file"));
  events ("unlinked-while-open");
  close (file);
  events ("last-close");
}

static void
test_masks (void)
{
  close (guest_file ("file", "x"));
  wd = MUST (sys (inotify_add_watch, fd, "file", IN_OPEN));
  IS ("inotify_add_watch/same", sys (inotify_add_watch, fd, "file", IN_CLOSE_NOWRITE), wd);
  close (MUST (open ("file", O_RDONLY)));
  events ("replaced-mask");
  IS ("inotify_add_watch/MASK_ADD", sys (inotify_add_watch, fd, "file", IN_OPEN | IN_MASK_ADD), wd);
  close (MUST (open ("file", O_RDONLY)));
  events ("added-mask");
  IS ("inotify_add_watch/MASK_CREATE",
      sys (inotify_add_watch, fd, "file", IN_OPEN | IN_MASK_CREATE), -EEXIST);
  IS ("inotify_add_watch/ONESHOT", sys (inotify_add_watch, fd, "file", IN_OPEN | IN_ONESHOT), wd);
  close (MUST (open ("file", O_RDONLY)));
  close (MUST (open ("file", O_RDONLY)));
  events ("oneshot");
  MUST (symlink ("file", "soft"));
  wd = OK ("inotify_add_watch/DONT_FOLLOW",
           sys (inotify_add_watch, fd, "soft", IN_DELETE_SELF | IN_DONT_FOLLOW));
  MUST (unlink ("soft"));
  events ("link-itself");
  wd = MUST (sys (inotify_add_watch, fd, "file", IN_OPEN));
  IS ("inotify_rm_watch", sys (inotify_rm_watch, fd, wd), 0);
  events ("removed");
  IS ("inotify_rm_watch/again", sys (inotify_rm_watch, fd, wd), -EINVAL);
}

static void
touch_file (void)
{
  close (MUST (open ("file", O_RDONLY)));
}

static void
test_reading (void)
{
  struct pollfd p = { fd, POLLIN, 0 };
  int n = -1;

  wd = MUST (sys (inotify_add_watch, fd, "file", IN_OPEN));
  MUST (fcntl (fd, F_SETFL, 0));
  IS ("inotify/poll-nothing", sys (poll, &p, 1, 0), 0);
  BLOCKS ("inotify/read-waits", touch_file, sys (read, fd, buf, sizeof buf), 16);
  INTERRUPTED ("inotify/read-EINTR", 0, NULL, sys (read, fd, buf, sizeof buf), -EINTR);
  INTERRUPTED ("inotify/read-restart", SA_RESTART, touch_file, sys (read, fd, buf, sizeof buf), 16);
  touch_file ();
  IS ("inotify/poll", sys (poll, &p, 1, -1), 1);
  IS ("inotify/FIONREAD", sys (ioctl, fd, FIONREAD, &n), 0);
  IS ("inotify/FIONREAD-bytes", n, 16);
  IS ("inotify/read-short", sys (read, fd, buf, 15), -EINVAL);
  touch_file ();
  IS ("inotify/same-event-once", sys (read, fd, buf, sizeof buf), 16);
  MUST (fcntl (fd, F_SETFL, O_NONBLOCK));
  IS ("inotify/EAGAIN", sys (read, fd, buf, sizeof buf), -EAGAIN);
  IS ("inotify/write", sys (write, fd, buf, 16), -EBADF);
  FAULTS ("inotify/read", BAD_OUT, 16, q, (touch_file (), sys (read, fd, q, 16)));
}

static void
without_permission (void)
{
  IS ("inotify_add_watch/EACCES", sys (inotify_add_watch, fd, "private", IN_OPEN), -EACCES);
}

static void
test_errors (void)
{
  int f = OK ("inotify_init", sys (inotify_init));

  IS ("inotify_init/no-cloexec", fcntl (f, F_GETFD), 0);
  f = OK ("inotify_init1", sys (inotify_init1, IN_CLOEXEC | IN_NONBLOCK));
  IS ("inotify_init1/CLOEXEC", fcntl (f, F_GETFD), FD_CLOEXEC);
  IS ("inotify_init1/NONBLOCK", fcntl (f, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  IS ("inotify_init1/unknown-flag", sys (inotify_init1, 1), -EINVAL);
  IS ("inotify_add_watch/no-events", sys (inotify_add_watch, f, ".", 0), -EINVAL);
  IS ("inotify_add_watch/ADD-and-CREATE",
      sys (inotify_add_watch, f, ".", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE), -EINVAL);
  IS ("inotify_add_watch/ENOENT", sys (inotify_add_watch, f, "nothing", IN_OPEN), -ENOENT);
  IS ("inotify_add_watch/ONLYDIR", sys (inotify_add_watch, f, "file", IN_OPEN | IN_ONLYDIR),
      -ENOTDIR);
  IS ("inotify_add_watch/EBADF", sys (inotify_add_watch, -1, ".", IN_OPEN), -EBADF);
  IS ("inotify_add_watch/not-inotify", sys (inotify_add_watch, 1, ".", IN_OPEN), -EINVAL);
  IS ("inotify_rm_watch/EBADF", sys (inotify_rm_watch, -1, 1), -EBADF);
  IS ("inotify_rm_watch/not-inotify", sys (inotify_rm_watch, 1, 1), -EINVAL);
  IS ("inotify_rm_watch/unknown", sys (inotify_rm_watch, f, 99), -EINVAL);
  FAULT_PATH ("inotify_add_watch/path", p, sys (inotify_add_watch, f, p, IN_OPEN));
  MUST (close (guest_file ("private", "")));
  MUST (chmod ("private", is_root () ? 0600 : 0));
  as_nobody (without_permission);
}

int
main (void)
{
  fd = MUST (sys (inotify_init1, IN_NONBLOCK));
  MUST (mkdir ("dir", 0755));
  test_directory ();
  test_self ();
  test_masks ();
  test_reading ();
  test_errors ();
  return guest_done ();
}
