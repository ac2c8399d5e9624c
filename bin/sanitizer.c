/* What sanitizer builds of sentry assume when the environment says nothing (tests clear it).
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#if defined(__SANITIZE_ADDRESS__)

const char *__asan_default_options (void);
const char *__ubsan_default_options (void);

/* The leak checker stops threads by ptrace, which the locked-down process may not; faults belong to
 * the crash report. */
const char *
__asan_default_options (void)
{
  return "detect_leaks=0:handle_segv=0";
}

const char *
__ubsan_default_options (void)
{
  return "halt_on_error=1:print_stacktrace=1";
}

#endif
