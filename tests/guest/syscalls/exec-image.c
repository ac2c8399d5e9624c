/* What execve puts on the initial stack and into the address space: auxiliary vector, vDSO, layout
 * of each kind of
 * program.  SPDX-License-Identifier: LGPL-2.1-or-later */
/* covers: execve */
#include "guest.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/personality.h>

extern char **environ;
extern const char __executable_start[], etext[], end[];

static void
test_auxv (void)
{
  struct stat st;
  char path[4096];

  IS ("auxv/AT_PAGESZ", getauxval (AT_PAGESZ), 4096);
  IS ("auxv/AT_CLKTCK", getauxval (AT_CLKTCK), 100);
  IS ("auxv/AT_UID", getauxval (AT_UID), getuid ());
  IS ("auxv/AT_EUID", getauxval (AT_EUID), geteuid ());
  IS ("auxv/AT_GID", getauxval (AT_GID), getgid ());
  IS ("auxv/AT_EGID", getauxval (AT_EGID), getegid ());
  IS ("auxv/AT_SECURE", getauxval (AT_SECURE), 0);
  IS ("auxv/AT_FLAGS", getauxval (AT_FLAGS), 0);
  IS ("auxv/AT_PHENT", getauxval (AT_PHENT), sizeof (ElfW (Phdr)));
  CHECK ("auxv/AT_PHNUM", getauxval (AT_PHNUM) > 3 && getauxval (AT_PHNUM) < 30);
  CHECK ("auxv/AT_PHDR",
         getauxval (AT_PHDR) == (uintptr_t) __executable_start + sizeof (ElfW (Ehdr)));
  CHECK ("auxv/AT_ENTRY", getauxval (AT_ENTRY) > (uintptr_t) __executable_start
                              && getauxval (AT_ENTRY) < (uintptr_t) etext);
  CHECK ("auxv/AT_PLATFORM", !strcmp ((const char *) getauxval (AT_PLATFORM), "x86_64"));
  CHECK ("auxv/AT_RANDOM",
         getauxval (AT_RANDOM) % 1 == 0 && *(char *) getauxval (AT_RANDOM) >= -128);
  strcpy (path, (const char *) getauxval (AT_EXECFN));
  CHECK ("auxv/AT_EXECFN", stat (path, &st) == 0);
  struct stat exe;
  MUST (stat ("/proc/self/exe", &exe));
  CHECK ("auxv/AT_EXECFN-is-exe", st.st_ino == exe.st_ino && st.st_dev == exe.st_dev);
  CHECK ("auxv/AT_MINSIGSTKSZ", getauxval (AT_MINSIGSTKSZ) >= 1024);
}

static void
test_vdso (void)
{
  const ElfW (Ehdr) *vdso = (void *) getauxval (AT_SYSINFO_EHDR);

  CHECK ("vdso/there", vdso);
  CHECK ("vdso/elf", vdso && !memcmp (vdso->e_ident, ELFMAG, SELFMAG) && vdso->e_type == ET_DYN);
  CHECK ("vdso/in-maps", strstr (guest_content ("/proc/self/maps"), "[vdso]"));
}

/* On the stack, upwards: argc, argv, NULL, environment, NULL, auxiliary vector; the strings above.
 */
static void
test_stack (int argc, char **argv)
{
  ElfW (auxv_t) * aux;
  char **p = environ;

  CHECK ("stack/argc-below-argv", *((long *) argv - 1) == argc);
  CHECK ("stack/argv-aligned", (uintptr_t) ((long *) argv - 1) % 16 == 0);
  CHECK ("stack/argv-terminated", argv[argc] == NULL);
  CHECK ("stack/environment-behind", environ == argv + argc + 1);
  while (*p)
    p++;
  aux = (ElfW (auxv_t) *) (p + 1);
  bool terminated = false, sane = true;
  for (int i = 0; i < 50 && !terminated; i++, aux++)
    {
      terminated = aux->a_type == AT_NULL;
      sane = sane && aux->a_type < 100;
      /* libc keeps a value of its own for this one.  */
      if (aux->a_type == AT_HWCAP)
        CHECK ("auxv/AT_HWCAP-has-fpu", aux->a_un.a_val & 1);
    }
  CHECK ("stack/auxv-terminated", terminated && sane);
  CHECK ("stack/strings-above", argv[0] > (char *) aux);
}

/* The mapping of /proc/self/maps that holds ADDRESS: its protection.  */
static const char *
protection (const void *address)
{
  static char perms[5];
  unsigned long from, to;

  for (const char *line = guest_content ("/proc/self/maps"); line && *line;)
    {
      if (sscanf (line, "%lx-%lx %4s", &from, &to, perms) == 3 && (uintptr_t) address >= from
          && (uintptr_t) address < to)
        return perms;
      line = strchr (line, '\n');
      line = line ? line + 1 : NULL;
    }
  return "none";
}

static int data = 1;

static void
test_layout (void)
{
  int local;

  CHECK ("layout/text", !strcmp (protection ((void *) test_layout), "r-xp"));
  CHECK ("layout/data", !strcmp (protection (&data), "rw-p"));
  CHECK ("layout/stack", !strcmp (protection (&local), "rw-p"));
  CHECK ("layout/heap", !strcmp (protection (sbrk (16)), "rw-p"));
  CHECK ("layout/stack-above-all", (uintptr_t) &local > (uintptr_t) 0x7ff000000000);
  bool zero = true;
  for (const char *p = end; (uintptr_t) p % 4096; p++)
    zero = zero && !*p;
  CHECK ("layout/zero-behind-bss", zero);
}

int
main (int argc, char **argv)
{
  test_auxv ();
  test_vdso ();
  test_stack (argc, argv);
  test_layout ();
  return guest_done ();
}
