/* The first bytes on a program's stack, from the top down as Linux lays them: strings, then the
 * tables that point to them. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loader/loader-private.h"

#include <errno.h>
#include <string.h>

/* _STK_LIM / 4 * 3 and ARG_MAX: see bprm_stack_limits. */
#define MAX_ARG_BYTES (G_GUINT64_CONSTANT (6) << 20)
#define MIN_ARG_BYTES 131072
#define PLATFORM "x86_64"

typedef struct
{
  gsize n;
  guint64 bytes; /* with their NULs */
} Strings;

static gboolean
count_strings (char **v, Strings *ret)
{
  *ret = (Strings){ 0, 0 };
  for (; v != NULL && v[ret->n] != NULL; ret->n++)
    {
      gsize len = strlen (v[ret->n]) + 1;

      if (len > SENTRY_MAX_ARG_STRLEN)
        return FALSE;
      ret->bytes += len;
    }
  return TRUE;
}

int
sentry_stack_check (const SentryStackPlan *plan, guint64 stack_limit)
{
  guint64 limit = MAX (MIN (MAX_ARG_BYTES, stack_limit / 4), MIN_ARG_BYTES);
  Strings args, env;
  guint64 need;

  if (!count_strings (plan->argv, &args) || !count_strings (plan->envv, &env))
    return -E2BIG;
  need = (MAX (args.n, 1) + env.n) * sizeof (guint64);
  need += args.bytes + env.bytes + strlen (plan->file_name) + 1;
  return need >= limit ? -E2BIG : 0;
}

/* Copies the strings to `at` and their addresses to `pointers`; returns the address behind the
 * last. */
static guint64
put_strings (SentryStackImage *image, guint64 top, guint64 at, char **v, guint64 *pointers)
{
  guint8 *bytes = image->bytes + image->size - (top - at);

  for (; v != NULL && *v != NULL; v++)
    {
      gsize len = strlen (*v) + 1;

      memcpy (bytes, *v, len);
      *pointers++ = at;
      bytes += len;
      at += len;
    }
  *pointers = 0;
  return at;
}

static void
put_bytes (SentryStackImage *image, guint64 top, guint64 at, gconstpointer src, gsize len)
{
  memcpy (image->bytes + image->size - (top - at), src, len);
}

static void
finish_auxv (const SentryStackPlan *plan, SentryStackImage *image, guint64 execfn, guint64 random,
             guint64 platform)
{
  image->n_auxv = plan->n_auxv;
  image->auxv = g_memdup2 (plan->auxv, plan->n_auxv * sizeof (guint64));
  for (gsize i = 0; i + 1 < image->n_auxv; i += 2)
    if (image->auxv[i] == AT_EXECFN)
      image->auxv[i + 1] = execfn;
    else if (image->auxv[i] == AT_RANDOM)
      image->auxv[i + 1] = random;
    else if (image->auxv[i] == AT_PLATFORM)
      image->auxv[i + 1] = platform;
}

/* The bounds were checked: see sentry_stack_check. */
int
sentry_stack_build (const SentryStackPlan *plan, guint64 top, SentryStackImage *ret_image)
{
  SentryStackImage image = { 0 };
  Strings args, env;
  gsize name_len = strlen (plan->file_name) + 1, n_words;
  guint64 execfn, platform, random, *words;

  count_strings (plan->argv, &args);
  count_strings (plan->envv, &env);
  execfn = top - sizeof (guint64) - name_len; /* the last word of a stack stays 0 */
  image.env_end = execfn;
  image.env_start = image.arg_end = execfn - env.bytes;
  image.arg_start = image.arg_end - args.bytes;
  platform = ((image.arg_start - plan->random_shift) & ~G_GUINT64_CONSTANT (15)) - sizeof PLATFORM;
  random = platform - sizeof plan->random;
  finish_auxv (plan, &image, execfn, random, platform);
  n_words = 1 + args.n + 1 + env.n + 1 + image.n_auxv;
  image.sp = (random - n_words * sizeof (guint64)) & ~G_GUINT64_CONSTANT (15);
  image.size = top - image.sp;
  image.bytes = g_try_malloc0 (image.size);
  if (image.bytes == NULL)
    {
      sentry_stack_image_clear (&image);
      return -ENOMEM;
    }
  words = (guint64 *) image.bytes;
  words[0] = args.n;
  put_strings (&image, top, image.arg_start, plan->argv, &words[1]);
  put_strings (&image, top, image.env_start, plan->envv, &words[1 + args.n + 1]);
  memcpy (&words[1 + args.n + 1 + env.n + 1], image.auxv, image.n_auxv * sizeof (guint64));
  put_bytes (&image, top, execfn, plan->file_name, name_len);
  put_bytes (&image, top, platform, PLATFORM, sizeof PLATFORM);
  put_bytes (&image, top, random, plan->random, sizeof plan->random);
  *ret_image = image;
  return 0;
}

void
sentry_stack_image_clear (SentryStackImage *image)
{
  g_clear_pointer (&image->bytes, g_free);
  g_clear_pointer (&image->auxv, g_free);
}
