/* The mock platform: scripted contexts. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mock-private.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

typedef struct
{
  SentryMockGuest guest;
  gpointer data;
} MockCode;

static void
find_code (SentryMockPlatform *self, guint64 rip, MockCode *ret_code)
{
  MockCode *code;

  g_mutex_lock (&self->lock);
  code = g_hash_table_lookup (self->code, &rip);
  *ret_code = code != NULL ? *code : (MockCode){ self->guest, self->guest_data };
  g_mutex_unlock (&self->lock);
  if (ret_code->guest == NULL)
    g_error ("mock platform: no guest code at 0x%" G_GINT64_MODIFIER "x", rip);
}

static gboolean
take_interrupt (MockContext *c)
{
  gboolean was;

  g_mutex_lock (&c->lock);
  was = c->interrupted;
  c->interrupted = FALSE;
  g_mutex_unlock (&c->lock);
  return was;
}

static void
mock_run (SentryContext *ctx, SentryAddressSpace *as, SentryEvent *event)
{
  MockContext *c = (MockContext *) ctx;
  MockCode code;

  memset (event, 0, sizeof *event);
  if (take_interrupt (c))
    {
      event->kind = SENTRY_EVENT_INTERRUPTED;
      return;
    }
  find_code (c->platform, ctx->regs.rip, &code);
  ctx->regs_dirty = FALSE;
  ctx->regs.orig_rax = ~(guint64) 0;
  event->kind = SENTRY_EVENT_GONE;
  code.guest (ctx, as, event, code.data);
}

static void
mock_interrupt (SentryContext *ctx)
{
  MockContext *c = (MockContext *) ctx;

  g_mutex_lock (&c->lock);
  c->interrupted = TRUE;
  g_cond_broadcast (&c->cond);
  g_mutex_unlock (&c->lock);
}

static int
mock_clone_thread (SentryContext *parent, SentryAddressSpace *as, SentryContext *child)
{
  memcpy (((MockContext *) child)->xstate, ((MockContext *) parent)->xstate, sentry_xstate_size ());
  return 0;
}

static void
mock_get_xstate (SentryContext *ctx, guint8 *ret_xstate, gsize size)
{
  g_assert_cmpuint (size, ==, sentry_xstate_size ());
  memcpy (ret_xstate, ((MockContext *) ctx)->xstate, size);
}

static void
mock_set_xstate (SentryContext *ctx, const guint8 *xstate, gsize size)
{
  g_assert_cmpuint (size, ==, sentry_xstate_size ());
  memcpy (((MockContext *) ctx)->xstate, xstate, size);
}

static void
mock_set_single_step (SentryContext *ctx, gboolean on)
{
  ((MockContext *) ctx)->single_step = on;
}

static gint64
mock_cpu_time (SentryContext *ctx)
{
  return 0;
}

static void
mock_context_free (SentryContext *ctx)
{
  MockContext *c = (MockContext *) ctx;

  g_mutex_clear (&c->lock);
  g_cond_clear (&c->cond);
  g_atomic_int_add (&c->platform->n_contexts, -1);
  g_object_unref (c->platform);
  g_free (c->xstate);
  g_free (c);
}

static const SentryContextOps mock_context_ops = {
  .run = mock_run,
  .interrupt = mock_interrupt,
  .clone_thread = mock_clone_thread,
  .get_xstate = mock_get_xstate,
  .set_xstate = mock_set_xstate,
  .set_single_step = mock_set_single_step,
  .cpu_time = mock_cpu_time,
  .free = mock_context_free,
};

static SentryContext *
mock_new_context (SentryPlatform *platform, int *ret_errno)
{
  SentryMockPlatform *self = SENTRY_MOCK_PLATFORM (platform);
  MockContext *c = g_new0 (MockContext, 1);

  c->base.ops = &mock_context_ops;
  c->base.regs.orig_rax = ~(guint64) 0;
  sentry_regs_sanitize (&c->base.regs);
  c->platform = g_object_ref (self);
  c->xstate = g_malloc (sentry_xstate_size ());
  sentry_xstate_init (c->xstate, sentry_xstate_size ());
  g_mutex_init (&c->lock);
  g_cond_init (&c->cond);
  g_atomic_int_inc (&self->n_contexts);
  return &c->base;
}

static SentryAddressSpace *
mock_new_address_space (SentryPlatform *platform, int *ret_errno)
{
  return mock_space_new (SENTRY_MOCK_PLATFORM (platform));
}

static gboolean
mock_start (SentryPlatform *platform, const SentryPlatformConfig *config, GError **error)
{
  return TRUE;
}

static const SentryHostCall *
mock_host_calls (SentryPlatform *platform)
{
  static const SentryHostCall none[] = { SENTRY_HOST_CALLS_END };

  return none;
}

static void
mock_address_range (SentryPlatform *platform, guint64 *ret_min, guint64 *ret_max)
{
  *ret_min = SENTRY_MOCK_MIN_ADDR;
  *ret_max = SENTRY_MOCK_MAX_ADDR;
}

static void
platform_iface_init (SentryPlatformInterface *iface)
{
  iface->start = mock_start;
  iface->new_address_space = mock_new_address_space;
  iface->new_context = mock_new_context;
  iface->host_calls = mock_host_calls;
  iface->address_range = mock_address_range;
}

G_DEFINE_TYPE_WITH_CODE (SentryMockPlatform, sentry_mock_platform, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (SENTRY_TYPE_PLATFORM, platform_iface_init))

static void
sentry_mock_platform_init (SentryMockPlatform *self)
{
  g_mutex_init (&self->lock);
  self->code = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
}

static void
mock_platform_finalize (GObject *object)
{
  SentryMockPlatform *self = SENTRY_MOCK_PLATFORM (object);

  g_hash_table_unref (self->code);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (sentry_mock_platform_parent_class)->finalize (object);
}

static void
sentry_mock_platform_class_init (SentryMockPlatformClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mock_platform_finalize;
}

SentryMockPlatform *
sentry_mock_platform_new (void)
{
  return g_object_new (SENTRY_TYPE_MOCK_PLATFORM, NULL);
}

void
sentry_mock_platform_set_guest (SentryMockPlatform *self, SentryMockGuest guest, gpointer data)
{
  g_mutex_lock (&self->lock);
  self->guest = guest;
  self->guest_data = data;
  g_mutex_unlock (&self->lock);
}

void
sentry_mock_platform_add_code (SentryMockPlatform *self, guint64 rip, SentryMockGuest guest,
                               gpointer data)
{
  MockCode *code = g_new (MockCode, 1);

  *code = (MockCode){ guest, data };
  g_mutex_lock (&self->lock);
  g_hash_table_replace (self->code, g_memdup2 (&rip, sizeof rip), code);
  g_mutex_unlock (&self->lock);
}

guint
sentry_mock_platform_n_contexts (SentryMockPlatform *self)
{
  return (guint) g_atomic_int_get (&self->n_contexts);
}

guint
sentry_mock_platform_n_address_spaces (SentryMockPlatform *self)
{
  return (guint) g_atomic_int_get (&self->n_address_spaces);
}

void
sentry_mock_syscall (SentryContext *ctx, SentryEvent *event, int nr, guint64 a0, guint64 a1,
                     guint64 a2, guint64 a3, guint64 a4, guint64 a5)
{
  SentryRegs *r = &ctx->regs;

  r->orig_rax = (guint64) nr;
  r->rax = (guint64) -ENOSYS;
  r->rdi = a0;
  r->rsi = a1;
  r->rdx = a2;
  r->r10 = a3;
  r->r8 = a4;
  r->r9 = a5;
  event->kind = SENTRY_EVENT_SYSCALL;
  event->abi = SENTRY_ABI_AMD64;
}

void
sentry_mock_fault (SentryEvent *event, guint64 addr, SentryAccess access, int si_code)
{
  event->kind = SENTRY_EVENT_FAULT;
  event->addr = addr;
  event->access = access;
  event->info.si_signo = SIGSEGV;
  event->info.si_code = si_code;
  event->info.si_addr = (gpointer) (guintptr) addr;
  event->trapno = 14;
  event->error_code = 4 | (access & SENTRY_ACCESS_WRITE ? 2 : 0)
                      | (access & SENTRY_ACCESS_EXEC ? 16 : 0) | (si_code == SEGV_ACCERR ? 1 : 0);
}

void
sentry_mock_exception (SentryEvent *event, int signo, int si_code, guint64 trapno)
{
  event->kind = SENTRY_EVENT_EXCEPTION;
  event->info.si_signo = signo;
  event->info.si_code = si_code;
  event->trapno = trapno;
}

void
sentry_mock_spin (SentryContext *ctx, SentryEvent *event)
{
  MockContext *c = (MockContext *) ctx;

  g_mutex_lock (&c->lock);
  while (!c->interrupted)
    g_cond_wait (&c->cond, &c->lock);
  c->interrupted = FALSE;
  g_mutex_unlock (&c->lock);
  event->kind = SENTRY_EVENT_INTERRUPTED;
}

static void
fault_at (SentryAddressSpace *as, SentryEvent *event, guint64 addr, SentryAccess access)
{
  int prot = sentry_mock_address_space_prot (as, addr);
  int want = access == SENTRY_ACCESS_WRITE ? PROT_WRITE : PROT_READ;

  sentry_mock_fault (event, addr, access, prot < 0 ? SEGV_MAPERR : SEGV_ACCERR);
  if (prot >= 0 && (prot & want))
    {
      event->info.si_signo = SIGBUS; /* beyond the end of the file */
      event->info.si_code = BUS_ADRERR;
    }
}

gboolean
sentry_mock_load (SentryAddressSpace *as, SentryEvent *event, gpointer dst, guint64 src, gsize len)
{
  gsize n = as->ops->copy_in (as, dst, src, len);

  if (n < len)
    fault_at (as, event, src + n, SENTRY_ACCESS_READ);
  return n == len;
}

gboolean
sentry_mock_store (SentryAddressSpace *as, SentryEvent *event, guint64 dst, gconstpointer src,
                   gsize len)
{
  gsize n = as->ops->copy_out (as, dst, src, len);

  if (n < len)
    fault_at (as, event, dst + n, SENTRY_ACCESS_WRITE);
  return n == len;
}
