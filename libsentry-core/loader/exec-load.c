/* execve's new memory: from a file to an mm that is ready to run.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loader/loader-private.h"

#include <cpuid.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "auth/sentry-cred.h"
#include "mm/random-bits.h"

/* Linux's ELF_ET_DYN_BASE: two thirds of the space. */
#define ET_DYN_BASE (SENTRY_USER_MAX / 3 * 2)
#define MMAP_RANDOM_BITS 28
#define BRK_RANDOM_PAGES (G_GUINT64_CONSTANT (0x40000000) / SENTRY_PAGE_SIZE)
/* What a stack has free below what is on it (setup_arg_pages). */
#define STACK_EXTRA 131072
#define MAX_EXTRA_AUXV 64

/* Life: one call of sentry_exec_load. */
typedef struct
{
  const SentryExecArgs *args;
  SentryFile *file; /* a reference: the image, after scripts */
  char **argv;      /* owned: with what scripts put in front */
  SentryElfImage image, interp_image;
  SentryFile *interp; /* a reference, or NULL */
  SentryElfPlace place, interp_place;
  guint64 vdso;
  SentryMM *mm;
  guint64 sp;
} Load;

static void
load_clear (Load *l)
{
  if (l->file != NULL)
    sentry_file_unref (l->file);
  if (l->interp != NULL)
    sentry_file_unref (l->interp);
  sentry_elf_image_clear (&l->image);
  sentry_elf_image_clear (&l->interp_image);
  g_strfreev (l->argv);
  if (l->mm != NULL)
    sentry_mm_unref (l->mm);
}

/* argv of a script's interpreter: its name, the line's argument, the script, then what the script
 * got behind its own argv[0]. */
static char **
script_argv (char **argv, const char *interp, const char *arg, const char *script)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  g_ptr_array_add (all, g_strdup (interp));
  if (arg != NULL)
    g_ptr_array_add (all, g_strdup (arg));
  g_ptr_array_add (all, g_strdup (script));
  for (char **a = argv[0] != NULL ? argv + 1 : argv; *a != NULL; a++)
    g_ptr_array_add (all, g_strdup (*a));
  g_ptr_array_add (all, NULL);
  return (char **) g_ptr_array_steal (all, NULL);
}

static int
open_interpreter (Load *l, const char *name, SentryFile **ret_file)
{
  return sentry_exec_open (l->args->mount_ns, l->args->walk, name, FALSE, ret_file);
}

/* Follows "#!" lines until l->file is something else. */
static int
resolve_scripts (Load *l)
{
  g_autofree char *script = g_strdup (l->args->file_name);

  for (guint depth = 0;; depth++)
    {
      char head[SENTRY_EXEC_HEAD], **argv;
      const char *interp, *arg;
      SentryFile *file;
      gint64 n = sentry_exec_read_head (l->file, head, sizeof head);
      int r;

      if (n < 0)
        return n;
      if (head[0] != '#' || head[1] != '!')
        return 0;
      r = sentry_script_parse (head, &interp, &arg);
      if (r == 0)
        r = open_interpreter (l, interp, &file);
      if (r < 0)
        return r;
      sentry_file_unref (l->file);
      l->file = file;
      argv = script_argv (l->argv, interp, arg, script);
      g_strfreev (l->argv);
      l->argv = argv;
      g_free (script);
      script = g_strdup (interp);
      if (depth >= SENTRY_EXEC_MAX_SCRIPTS)
        return -ELOOP;
    }
}

/* The image's own interpreter (ld.so): opened and its headers read. */
static int
read_interp (Load *l)
{
  char name[PATH_MAX];
  int r;

  if (!l->image.has_interp)
    return 0;
  r = sentry_exec_read (l->file, name, l->image.interp_size, l->image.interp_offset);
  if (r < 0)
    return r;
  if (name[l->image.interp_size - 1] != '\0')
    return -ENOEXEC;
  r = open_interpreter (l, name, &l->interp);
  if (r < 0)
    return r;
  r = sentry_elf_read (l->interp, SENTRY_USER_MAX, &l->interp_image);
  return r == -ENOEXEC ? -ELIBBAD : r;
}

/* Programs with an interpreter go to their own part of the space; static-pie ones, which may be
 * interpreters themselves, go where mappings go. */
static guint64
image_base (Load *l)
{
  guint64 base = ET_DYN_BASE;

  if (!l->image.is_dyn || l->interp == NULL)
    return 0;
  if (!l->args->no_randomize)
    base += sentry_random_bits (MMAP_RANDOM_BITS) * SENTRY_PAGE_SIZE;
  base = sentry_page_down (base) & ~(l->image.align - 1);
  return base + (l->image.low & (l->image.align - 1));
}

static int
map_images (Load *l)
{
  int r = sentry_elf_map (l->mm, l->args->limits, l->file, &l->image, image_base (l), &l->place);

  if (r == 0 && l->interp != NULL)
    r = sentry_elf_map (l->mm, l->args->limits, l->interp, &l->interp_image, 0, &l->interp_place);
  return r;
}

/* arch_randomize_brk; a static-pie image lies among the mappings, so its heap goes where programs
 * go. */
static void
set_brk (Load *l)
{
  guint64 brk = sentry_page_up (l->image.brk + l->place.bias);

  if (!l->args->no_randomize)
    {
      if (l->image.is_dyn && l->interp == NULL)
        brk = sentry_page_up (ET_DYN_BASE);
      brk += sentry_random_bits (30) / SENTRY_PAGE_SIZE % BRK_RANDOM_PAGES * SENTRY_PAGE_SIZE;
    }
  sentry_mm_set_brk_start (l->mm, brk);
}

static void
set_layout (Load *l)
{
  SentryMMLayout *layout = sentry_mm_layout (l->mm);
  guint64 bias = l->place.bias;

  layout->start_code = l->image.start_code != G_MAXUINT64 ? l->image.start_code + bias : 0;
  layout->end_code = l->image.end_code + bias;
  layout->start_data = l->image.start_data + bias;
  layout->end_data = l->image.end_data + bias;
  set_brk (l);
}

static void
add_pair (GArray *auxv, guint64 type, guint64 value)
{
  g_array_append_val (auxv, type);
  g_array_append_val (auxv, value);
}

/* CPUID leaf 1: what libc says about itself is not what the kernel told it. */
static guint64
hwcap (void)
{
  guint32 a, b, c, d = 0;

  __get_cpuid (1, &a, &b, &c, &d);
  return d;
}

/* In Linux's order; the stack fills in addresses of its own.  No AT_RSEQ_*: restartable sequences
 * are the host's business. */
static GArray *
make_auxv (Load *l)
{
  GArray *auxv = g_array_new (FALSE, FALSE, sizeof (guint64));
  const SentryCred *cred = l->args->cred;
  SentryUserNamespace *ns = cred->user_ns;
  guint64 min_stack = getauxval (AT_MINSIGSTKSZ);
  const guint64 *extra = l->args->extra_auxv;

  if (l->vdso != 0)
    add_pair (auxv, AT_SYSINFO_EHDR, l->vdso);
  if (min_stack != 0)
    add_pair (auxv, AT_MINSIGSTKSZ, min_stack);
  add_pair (auxv, AT_HWCAP, hwcap ());
  add_pair (auxv, AT_PAGESZ, SENTRY_PAGE_SIZE);
  add_pair (auxv, AT_CLKTCK, 100);
  add_pair (auxv, AT_PHDR, l->place.phdr);
  add_pair (auxv, AT_PHENT, sizeof (Elf64_Phdr));
  add_pair (auxv, AT_PHNUM, l->image.n_phdr);
  add_pair (auxv, AT_BASE, l->interp != NULL ? l->interp_place.bias : 0);
  add_pair (auxv, AT_FLAGS, 0);
  add_pair (auxv, AT_ENTRY, l->place.entry);
  add_pair (auxv, AT_UID, sentry_user_namespace_uid_to (ns, cred->ruid));
  add_pair (auxv, AT_EUID, sentry_user_namespace_uid_to (ns, cred->euid));
  add_pair (auxv, AT_GID, sentry_user_namespace_gid_to (ns, cred->rgid));
  add_pair (auxv, AT_EGID, sentry_user_namespace_gid_to (ns, cred->egid));
  add_pair (auxv, AT_SECURE, l->args->secure);
  add_pair (auxv, AT_RANDOM, 0);
  add_pair (auxv, AT_HWCAP2, getauxval (AT_HWCAP2));
  add_pair (auxv, AT_EXECFN, 0);
  add_pair (auxv, AT_PLATFORM, 0);
  for (guint i = 0; extra != NULL && extra[2 * i] != AT_NULL && i < MAX_EXTRA_AUXV; i++)
    add_pair (auxv, extra[2 * i], extra[2 * i + 1]);
  add_pair (auxv, AT_NULL, 0);
  return auxv;
}

/* Maps what the stack holds and a little more, as far as its limit allows; faults grow it from
 * there. */
static int
map_stack (Load *l, const SentryStackImage *stack, guint64 top)
{
  guint64 limit = sentry_page_down (sentry_limits_get (l->args->limits, RLIMIT_STACK));
  guint64 used = top - sentry_page_down (stack->sp);
  guint64 size = MAX (used, MIN (limit, used + STACK_EXTRA));
  SentryMmapArgs args = { .addr = top - size,
                          .len = size,
                          .prot = PROT_READ | PROT_WRITE | (l->image.exec_stack ? PROT_EXEC : 0),
                          .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                          .stack = TRUE };
  gint64 r = sentry_mm_mmap (l->mm, NULL, l->args->limits, &args);

  if (r < 0)
    return r == -EEXIST ? -ENOMEM : r;
  return sentry_copy_out (sentry_mm_usermem (l->mm), stack->sp, stack->bytes, stack->size);
}

static int
make_stack (Load *l, SentryStackPlan *plan)
{
  g_autoptr (GArray) auxv = make_auxv (l);
  SentryMMLayout *layout = sentry_mm_layout (l->mm);
  guint64 top = sentry_mm_stack_top (l->mm);
  SentryStackImage stack;
  int r;

  plan->auxv = (const guint64 *) auxv->data;
  plan->n_auxv = auxv->len;
  if (!l->args->no_randomize)
    plan->random_shift = sentry_random_bits (13);
  sentry_random_bytes (plan->random, sizeof plan->random);
  r = sentry_stack_build (plan, top, &stack);
  if (r < 0)
    return r;
  layout->start_stack = l->sp = stack.sp;
  layout->arg_start = stack.arg_start;
  layout->arg_end = stack.arg_end;
  layout->env_start = stack.env_start;
  layout->env_end = stack.env_end;
  sentry_mm_set_auxv (l->mm, stack.auxv, stack.n_auxv);
  r = map_stack (l, &stack, top);
  sentry_stack_image_clear (&stack);
  return r;
}

static int
make_mm (Load *l, SentryStackPlan *plan)
{
  int err = 0, r = sentry_elf_read (l->file, SENTRY_USER_MAX, &l->image);

  if (r == 0)
    r = read_interp (l);
  if (r < 0)
    return r;
  l->mm = sentry_mm_new (l->args->platform, l->args->limits, !l->args->no_randomize, &err);
  if (l->mm == NULL)
    return -err;
  r = map_images (l);
  if (r == 0)
    r = sentry_vdso_map (l->mm, l->args->limits, &l->vdso);
  if (r < 0)
    return r;
  set_layout (l);
  r = make_stack (l, plan);
  if (r == 0)
    sentry_mm_set_exe (l->mm, l->file);
  return r;
}

static char *
comm_of (const char *file_name)
{
  const char *slash = strrchr (file_name, '/');
  return g_strndup (slash != NULL ? slash + 1 : file_name, 15);
}

static void
give_result (Load *l, SentryExecResult *ret)
{
  *ret = (SentryExecResult){ .mm = g_steal_pointer (&l->mm),
                             .comm = comm_of (l->args->file_name),
                             .exe = g_steal_pointer (&l->file) };
  ret->regs.rip = l->interp != NULL ? l->interp_place.entry : l->place.entry;
  ret->regs.rsp = l->sp;
  ret->regs.cs = SENTRY_USER_CS;
  ret->regs.ss = SENTRY_USER_SS;
  ret->regs.eflags = 0x202;
  ret->regs.orig_rax = G_MAXUINT64;
}

int
sentry_exec_load (const SentryExecArgs *args, SentryExecResult *ret_result)
{
  Load l = { .args = args, .file = sentry_file_ref (args->file) };
  SentryStackPlan plan = { .file_name = args->file_name, .envv = args->envv };
  char *empty_argv[] = { "", NULL };
  int r;

  /* Since Linux 5.18 nobody starts without an argv[0]. */
  l.argv = g_strdupv (args->argv != NULL && args->argv[0] != NULL ? args->argv : empty_argv);
  r = resolve_scripts (&l);
  plan.argv = l.argv;
  if (r == 0)
    r = sentry_stack_check (&plan, sentry_limits_get (args->limits, RLIMIT_STACK));
  if (r == 0)
    r = make_mm (&l, &plan);
  if (r == 0)
    give_result (&l, ret_result);
  load_clear (&l);
  return r;
}
