/* getrandom. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/random.h>

#include "syscalls/arguments.h"
#include "syscalls/handlers.h"
#include "usermem/sentry-usermem.h"

#define GRND_INSECURE_FLAG 4
#define PIECE 256

/* From the host's pool, which is ready by the time anything runs here.  Pieces of 256 bytes: the
 * host neither blocks nor shortens those, and a signal is answered between two of them (as Linux
 * does after each page). */
gint64
sentry_sys_getrandom (SentryTask *task, const SentrySyscallArgs *args)
{
  guint32 flags = args->arg[2];
  guint8 buf[PIECE];
  SentryIter it;
  gint64 r;

  if (flags & ~(guint32) (GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE_FLAG))
    return -EINVAL;
  if ((flags & (GRND_RANDOM | GRND_INSECURE_FLAG)) == (GRND_RANDOM | GRND_INSECURE_FLAG))
    return -EINVAL;
  r = sentry_iter_init_user (&it, sentry_task_usermem (task), args->arg[0], args->arg[1]);
  if (r < 0)
    return r;
  while (it.remaining > 0)
    {
      gssize n = getrandom (buf, MIN (it.remaining, PIECE), 0);

      if (n < 0)
        {
          r = -errno;
          break;
        }
      if (sentry_iter_copy_to (&it, buf, n) < (gsize) n)
        {
          r = -EFAULT;
          break;
        }
      if (it.done % 4096 == 0 && sentry_task_signal_pending (task))
        break;
    }
  if (it.done > 0)
    r = it.done;
  sentry_iter_clear (&it);
  return r;
}
