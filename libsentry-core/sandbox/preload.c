/* Loads early what libraries would load lazily, after the lock-down.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/preload.h"
#include <dlfcn.h>
#include <glib.h>
#include <malloc.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* malloc asks /proc once whether memory is overcommitted, when a thread's own arena shrinks for the
 * first time: here. */
static gpointer
shrink_arena (gpointer data)
{
  gpointer blocks[32];

  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
    blocks[i] = malloc (65536);
  for (guint i = G_N_ELEMENTS (blocks); i-- > 0;)
    free (blocks[i]);
  return NULL;
}

/* NSS is left out on purpose: nothing after the lock-down may ask for users or hosts by name. */
void
sentry_preload_libraries (void)
{
  const char *charset;
  const char **charsets;
  time_t now = 0;
  struct tm tm;

  /* Left alone, malloc would ask /sys for the number of CPUs once there are several threads. */
  mallopt (M_ARENA_MAX, (int) MAX (4, 2 * g_get_num_processors ()));
  g_thread_join (g_thread_new ("arena", shrink_arena, NULL));
  dlopen ("libgcc_s.so.1", RTLD_NOW | RTLD_GLOBAL);
  /* Where the locale isn't UTF-8 each text of an error is converted, once, by modules that have to
   * be loaded. */
  if (!g_get_charset (&charset))
    for (int error = 0; error < 134; error++)
      (void) g_strerror (error);
  g_get_filename_charsets (&charsets);
  tzset ();
  localtime_r (&now, &tm);
  g_get_num_processors ();
  sysconf (_SC_NPROCESSORS_ONLN);
  (void) g_random_int (); /* opens /dev/urandom */
}
