/* membarrier: queries, registration, errors.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: membarrier */
#include "guest.h"

#include <linux/membarrier.h>

int
main (void)
{
  long commands = sys (membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

  CHECK ("membarrier/QUERY", commands > 0);
  CHECK ("membarrier/QUERY-private", commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  IS ("membarrier/QUERY-flags", sys (membarrier, MEMBARRIER_CMD_QUERY, 1, 0), -EINVAL);
  IS ("membarrier/GLOBAL", sys (membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0), 0);
  IS ("membarrier/GLOBAL_EXPEDITED", sys (membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0), 0);
  IS ("membarrier/PRIVATE-unregistered", sys (membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0),
      -EPERM);
  IS ("membarrier/REGISTER", sys (membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0), 0);
  IS ("membarrier/REGISTER-again",
      sys (membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0), 0);
  IS ("membarrier/PRIVATE", sys (membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), 0);
  IS ("membarrier/REGISTER_GLOBAL",
      sys (membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0), 0);
  IS ("membarrier/SYNC_CORE-unregistered",
      sys (membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), -EPERM);
  IS ("membarrier/unknown", sys (membarrier, 1 << 20, 0, 0), -EINVAL);
  IS ("membarrier/negative", sys (membarrier, -1, 0, 0), -EINVAL);
  IS ("membarrier/flags", sys (membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 4, 0), -EINVAL);
  return guest_done ();
}
