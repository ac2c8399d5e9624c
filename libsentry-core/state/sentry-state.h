/* State tables: how a saved struct says, member by member, what goes into an image.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <string.h>
#include "base/sentry-list.h"
#include "base/sentry-lock.h"
#include "base/sentry-ref.h"
#include "base/sentry-wait-queue.h"

G_BEGIN_DECLS

/* Beside each struct that a paused kernel can hold stands one table:
 *
 *   SENTRY_STATE_TABLE (SentryPipe, "pipe", 1,
 *                       SENTRY_STATE_REFCOUNT (SentryPipe, ref),
 *                       SENTRY_STATE_MUTEX (SentryPipe, lock, SENTRY_LOCK_PIPE),
 *                       SENTRY_STATE_U32_MAX (SentryPipe, capacity, 1 << 20),
 *                       SENTRY_STATE_BUFFER (SentryPipe, data, n_data, 1 << 20),
 *                       SENTRY_STATE_REF (SentryPipe, owner, SentryUserNs),
 *                       SENTRY_STATE_SKIP (SentryPipe, ops, "set by post_load"));
 *
 * It defines SENTRY_STATE_OF (SentryPipe) and registers it under its name; tests/core/state walks
 * every registered table, fails on a byte of the struct that no field covers, and round-trips it.
 * In a header, for other files: SENTRY_STATE_DECLARE (SentryPipe).  Changing fields means a new
 * version (SENTRY_STATE_SINCE) or a subsection.
 *
 * Objects: what a pointer leads to and that has a table is saved once, under an id, however many
 * pointers lead there; cycles are fine.  On load every object starts as zeroed memory with locks,
 * queues and list heads made; a pointer is valid (but what it points to may not be filled yet) as
 * soon as it is read; post_load hooks run last.  Reference counts are not saved: each owning field
 * (REF, LIST, PTR_ARRAY, CONTAINER) counts one, WEAK ones none.  An object whose struct has no
 * REFCOUNT must have exactly one owner.
 *
 * Images are hostile: every bound in a table is checked on load; whatever else must hold (an index
 * into another member, an order) is post_load's duty, and it says FALSE with a GError.  Bit-fields
 * can't be saved; use whole integers.  The stream is described in docs/state-format.md. */

typedef struct SentryStateTable SentryStateTable;
typedef struct SentryStateField SentryStateField;
typedef struct SentryStateContainer SentryStateContainer;
typedef struct SentryStateWriter SentryStateWriter;
typedef struct SentryStateReader SentryStateReader;

typedef enum
{
  SENTRY_STATE_KIND_UINT, /* elem says how wide */
  SENTRY_STATE_KIND_INT,
  SENTRY_STATE_KIND_BOOL,
  SENTRY_STATE_KIND_BYTES,
  SENTRY_STATE_KIND_STRUCT,
  SENTRY_STATE_KIND_STRING,
  SENTRY_STATE_KIND_GSTRING,
  SENTRY_STATE_KIND_STRV,
  SENTRY_STATE_KIND_BUFFER,
  SENTRY_STATE_KIND_STRUCTS,
  SENTRY_STATE_KIND_REF,
  SENTRY_STATE_KIND_LIST,
  SENTRY_STATE_KIND_PTR_ARRAY,
  SENTRY_STATE_KIND_CONTAINER,
  SENTRY_STATE_KIND_CUSTOM,
  /* Not in the stream: */
  SENTRY_STATE_KIND_SKIP,
  SENTRY_STATE_KIND_REFCOUNT,
  SENTRY_STATE_KIND_MUTEX,
  SENTRY_STATE_KIND_RWLOCK,
  SENTRY_STATE_KIND_WAIT_QUEUE,
  SENTRY_STATE_KIND_SLEEPER,
  SENTRY_STATE_KIND_LINK,
  SENTRY_STATE_KIND_SINCE,
} SentryStateKind;

/* A map whose values are objects and whose keys are 64-bit numbers (0 when the key lies in the
 * value). */
struct SentryStateContainer
{
  /* Calls visit for each entry, in an order that is the same each time.  `member` is the member's
   * address. */
  void (*foreach) (const SentryStateField *field, gconstpointer member,
                   void (*visit) (gpointer data, guint64 key, gpointer object), gpointer data);
  /* Prepares an empty one in zeroed memory. */
  void (*make) (const SentryStateField *field, gpointer member);
  /* Called once every object is filled.  FALSE refuses the entry: a key, or a member that serves as
   * key, is out of range or used twice. */
  gboolean (*insert) (const SentryStateField *field, gpointer member, guint64 key, gpointer object);
  /* After a failed load: frees the container, not the objects. */
  void (*clear) (const SentryStateField *field, gpointer member);
};

struct SentryStateField
{
  const char *name;
  SentryStateKind kind;
  gboolean weak;                 /* REF, LIST, PTR_ARRAY, CONTAINER: counts no reference */
  guint32 since;                 /* SINCE: the version */
  guint32 offset, size;          /* the bytes of the struct that it covers */
  guint32 elem, count;           /* element size, number of elements in the struct */
  guint32 len_offset, len_size;  /* BUFFER, STRUCTS: the member that counts */
  guint32 link_offset;           /* LIST, CONTAINER: the link or node in the element */
  guint64 max;                   /* largest value, length or number of elements */
  const SentryStateTable *table; /* STRUCT, STRUCTS, REF, LIST, PTR_ARRAY, CONTAINER */
  const SentryStateContainer *container;
  void (*save) (SentryStateWriter *w, const SentryStateField *field, gconstpointer object);
  void (*load) (SentryStateReader *r, const SentryStateField *field, gpointer object);
  void (*clear) (const SentryStateField *field, gpointer object); /* undoes load; may be NULL */
  SentryLockClass lock_class;                                     /* MUTEX, RWLOCK */
  const char *why;                                                /* SKIP */
};

struct SentryStateTable
{
  const char *name; /* in the image; unique */
  const char *type; /* the C type */
  guint32 size;
  guint32 version, min_version; /* writes version, reads from min_version on; 0 = version only */
  const SentryStateField *fields;
  guint n_fields;
  void (*clear_padding) (gpointer object); /* for the coverage test */

  /* Optional parts, ended by NULL, with tables of the same struct: saved when their `needed` says
   * so; in an image that lacks one, its members keep what alloc and pre_load left. */
  const SentryStateTable *const *subsections;
  gboolean (*needed) (gconstpointer object);

  /* Variants of one base: every pointer to the base (as a SentryFile) is saved by the table that
   * `concrete` finds; the variant names `base`, and holds the base struct at offset 0. */
  const SentryStateTable *base;
  const SentryStateTable *(*concrete) (gconstpointer object);

  /* Hooks; each may be NULL.  `context` is what the caller gave to the writer or reader. */
  gboolean (*pre_save) (gpointer object, gpointer context, GError **error);
  gpointer (*alloc) (gpointer context); /* default: g_try_malloc0 (size) */
  void (*free) (gpointer object);       /* of an object whose load failed; default: g_free */
  void (*take_ref) (gpointer object);   /* if counted otherwise (GObject); alloc gives the first */
  void (*pre_load) (gpointer object, gpointer context); /* defaults, before fields are read */
  /* After everything is read, in the order in which the objects were written. */
  gboolean (*post_load) (gpointer object, gpointer context, GError **error);
  void (*unload) (gpointer object); /* undoes post_load, when a later object fails */
};

/* clang-format off */
/* --- tables --- */

#define SENTRY_STATE_OF(Type) (&Type##_state)
#define SENTRY_STATE_DECLARE(Type) extern const SentryStateTable Type##_state

#define SENTRY_STATE_TABLE(Type, name_, version_, ...)                                             \
  SENTRY_STATE_TABLE_WITH (Type, name_, version_, (), __VA_ARGS__)

/* `options` is a parenthesised list of further members of the table:
 *   SENTRY_STATE_TABLE_WITH (SentryPipe, "pipe", 2, (.post_load = pipe_post_load), …). */
#define SENTRY_STATE_TABLE_WITH(Type, name_, version_, options, ...)                               \
  SENTRY_STATE_DECLARE (Type);                                                                     \
  SENTRY_STATE_DEFINE_ (, Type##_state, Type, name_, version_, options, __VA_ARGS__);              \
  __attribute__ ((constructor)) static void Type##_state_register (void)                           \
  {                                                                                                \
    sentry_state_register (&Type##_state);                                                         \
  }                                                                                                \
  SENTRY_STATE_DECLARE (Type)

/* An optional part of Type (see `subsections`): defines a static table called `symbol`. */
#define SENTRY_STATE_SUBSECTION(symbol, Type, name_, version_, options, ...)                       \
  SENTRY_STATE_DEFINE_ (static, symbol, Type, name_, version_, options, __VA_ARGS__)

/* --- fields --- */

#define SENTRY_STATE_U8(Type, m) SENTRY_STATE_SCALAR_ (Type, m, UINT, 1, G_MAXUINT8)
#define SENTRY_STATE_U16(Type, m) SENTRY_STATE_SCALAR_ (Type, m, UINT, 2, G_MAXUINT16)
#define SENTRY_STATE_U32(Type, m) SENTRY_STATE_SCALAR_ (Type, m, UINT, 4, G_MAXUINT32)
#define SENTRY_STATE_U64(Type, m) SENTRY_STATE_SCALAR_ (Type, m, UINT, 8, G_MAXUINT64)
#define SENTRY_STATE_I32(Type, m) SENTRY_STATE_SCALAR_ (Type, m, INT, 4, G_MAXUINT64)
#define SENTRY_STATE_I64(Type, m) SENTRY_STATE_SCALAR_ (Type, m, INT, 8, G_MAXUINT64)
/* gboolean; anything but 0 and 1 is refused. */
#define SENTRY_STATE_BOOL(Type, m) SENTRY_STATE_SCALAR_ (Type, m, BOOL, 4, 1)
/* With an upper bound that load checks. */
#define SENTRY_STATE_U8_MAX(Type, m, max_) SENTRY_STATE_SCALAR_ (Type, m, UINT, 1, max_)
#define SENTRY_STATE_U32_MAX(Type, m, max_) SENTRY_STATE_SCALAR_ (Type, m, UINT, 4, max_)
#define SENTRY_STATE_U64_MAX(Type, m, max_) SENTRY_STATE_SCALAR_ (Type, m, UINT, 8, max_)
/* An enum of values 0 … n - 1. */
#define SENTRY_STATE_ENUM(Type, m, n) SENTRY_STATE_SCALAR_ (Type, m, UINT, 4, (n) - 1)

/* Arrays in the struct: SENTRY_STATE_ARRAY (SentryX, member, 4) for guint32 member[N]. */
#define SENTRY_STATE_ARRAY(Type, m, elem_)                                                         \
  { SENTRY_STATE_MEMBER_ (Type, m, UINT), .max = G_MAXUINT64,                                      \
    .elem = (elem_) + SENTRY_STATE_CHECK_ (sizeof (((Type *) 0)->m[0]) == (elem_)),                \
    .count = SENTRY_STATE_SIZEOF_ (Type, m) / (elem_) }
/* Any member as it lies in memory: for foreign structs whose layout is fixed (struct rlimit,
 * siginfo_t), sigsets, character arrays.  It must hold no pointer. */
#define SENTRY_STATE_BYTES(Type, m)                                                                \
  { SENTRY_STATE_MEMBER_ (Type, m, BYTES), .elem = 1, .count = SENTRY_STATE_SIZEOF_ (Type, m) }

/* A struct in the struct, or an array of them. */
#define SENTRY_STATE_STRUCT(Type, m, Inner)                                                        \
  { SENTRY_STATE_MEMBER_ (Type, m, STRUCT), .table = SENTRY_STATE_OF (Inner),                      \
    .elem = sizeof (Inner),                                                                        \
    .count = SENTRY_STATE_SIZEOF_ (Type, m) / sizeof (Inner)                                       \
             + SENTRY_STATE_CHECK_ (SENTRY_STATE_SIZEOF_ (Type, m) % sizeof (Inner) == 0) }
/* Inner *m with guint count: allocated by g_new, owned. */
#define SENTRY_STATE_STRUCTS(Type, m, count_, Inner, max_)                                         \
  { SENTRY_STATE_POINTER_ (Type, m, STRUCTS), SENTRY_STATE_LENGTH_ (Type, count_), .table =        \
    SENTRY_STATE_OF (Inner), .max = (max_) }

/* char *: NUL-terminated, allocated by g_malloc, owned, may be NULL; up to max bytes. */
#define SENTRY_STATE_STRING(Type, m, max_)                                                         \
  { SENTRY_STATE_POINTER_ (Type, m, STRING), .max = (max_) }
/* GString *, may be NULL, may hold NULs. */
#define SENTRY_STATE_GSTRING(Type, m, max_)                                                        \
  { SENTRY_STATE_POINTER_ (Type, m, GSTRING), .max = (max_) }
/* char **: g_strfreev, may be NULL; at most max strings, each at most 128 KiB as in execve. */
#define SENTRY_STATE_STRV(Type, m, max_) { SENTRY_STATE_POINTER_ (Type, m, STRV), .max = (max_) }
/* Any pointer to bytes, allocated by g_malloc, with an integer member that counts them. */
#define SENTRY_STATE_BUFFER(Type, m, len, max_)                                                    \
  { SENTRY_STATE_POINTER_ (Type, m, BUFFER), SENTRY_STATE_LENGTH_ (Type, len), .max = (max_) }

/* Target *, or Target *m[N]; may be NULL. */
#define SENTRY_STATE_REF(Type, m, Target)                                                          \
  { SENTRY_STATE_POINTERS_ (Type, m, REF), .table = SENTRY_STATE_OF (Target) }
#define SENTRY_STATE_WEAK_REF(Type, m, Target)                                                     \
  { SENTRY_STATE_POINTERS_ (Type, m, REF), .table = SENTRY_STATE_OF (Target), .weak = TRUE }
/* A SentryList head whose elements are Element, linked by Element.link (which Element's table calls
 * LINK). */
#define SENTRY_STATE_LIST(Type, m, Element, link_)                                                 \
  { SENTRY_STATE_MEMBER_ (Type, m, LIST), .table = SENTRY_STATE_OF (Element), .link_offset =       \
    G_STRUCT_OFFSET (Element, link_) }
#define SENTRY_STATE_LIST_WEAK(Type, m, Element, link_)                                            \
  { SENTRY_STATE_MEMBER_ (Type, m, LIST), .table = SENTRY_STATE_OF (Element), .weak = TRUE,        \
    .link_offset = G_STRUCT_OFFSET (Element, link_) }
/* GPtrArray * of Target; made without a free function, which post_load may set.  Entries may be
 * NULL. */
#define SENTRY_STATE_PTR_ARRAY(Type, m, Target, max_)                                              \
  { SENTRY_STATE_POINTER_ (Type, m, PTR_ARRAY), .table = SENTRY_STATE_OF (Target), .max = (max_)   \
    }
#define SENTRY_STATE_PTR_ARRAY_WEAK(Type, m, Target, max_)                                         \
  { SENTRY_STATE_POINTER_ (Type, m, PTR_ARRAY), .table = SENTRY_STATE_OF (Target), .max =          \
    (max_), .weak = TRUE }
/* Hash tables, trees, fd tables …: `ops` is a const SentryStateContainer. */
#define SENTRY_STATE_CONTAINER(Type, m, Target, ops, max_)                                         \
  { SENTRY_STATE_MEMBER_ (Type, m, CONTAINER), .table = SENTRY_STATE_OF (Target), .container =     \
    &(ops), .max = (max_) }
#define SENTRY_STATE_CONTAINER_WEAK(Type, m, Target, ops, max_)                                    \
  { SENTRY_STATE_MEMBER_ (Type, m, CONTAINER), .table = SENTRY_STATE_OF (Target), .container =     \
    &(ops), .max = (max_), .weak = TRUE }
/* The same, for intrusive containers: `node` is the member of Target that lies in them. */
#define SENTRY_STATE_CONTAINER_NODE(Type, m, Target, node, ops, max_)                              \
  { SENTRY_STATE_MEMBER_ (Type, m, CONTAINER), .table = SENTRY_STATE_OF (Target), .container =     \
    &(ops), .max = (max_), .link_offset = G_STRUCT_OFFSET (Target, node) }
/* GHashTable * of GSIZE_TO_POINTER (key) to Target, made on load with no destroy functions. */
#define SENTRY_STATE_HASH(Type, m, Target, max_)                                                   \
  SENTRY_STATE_CONTAINER (Type, m, Target, sentry_state_hash, max_)
#define SENTRY_STATE_HASH_WEAK(Type, m, Target, max_)                                              \
  SENTRY_STATE_CONTAINER_WEAK (Type, m, Target, sentry_state_hash, max_)

/* SentryIdTable of Target; ids without a value are not saved, the limit is the object's to set. */
#define SENTRY_STATE_ID_TABLE(Type, m, Target)                                                     \
  SENTRY_STATE_CONTAINER (Type, m, Target, sentry_state_id_table, G_MAXINT32)
/* SentryIntervalMap of Target, whose table says STRUCT (Target, node, SentryInterval). */
#define SENTRY_STATE_INTERVAL_MAP(Type, m, Target, node)                                           \
  SENTRY_STATE_CONTAINER_NODE (Type, m, Target, node, sentry_state_interval_map, G_MAXINT32)

/* Whatever the kinds above can't say.  save_ writes with sentry_state_put_*, load_ reads the same
 * with sentry_state_get_*; clear_ (or NULL) undoes load_ after a failed load.  They get the object,
 * not the member. */
#define SENTRY_STATE_CUSTOM(Type, m, save_, load_, clear_)                                         \
  { SENTRY_STATE_MEMBER_ (Type, m, CUSTOM), .save = (save_), .load = (load_), .clear = (clear_)    \
    }

/* Not saved, and why. */
#define SENTRY_STATE_SKIP(Type, m, why_) { SENTRY_STATE_MEMBER_ (Type, m, SKIP), .why = (why_) }
/* SentryRef: counted anew from the owning references. */
#define SENTRY_STATE_REFCOUNT(Type, m)                                                             \
  { SENTRY_STATE_TYPED_ (Type, m, REFCOUNT, SentryRef), .why = "counted anew on load" }
#define SENTRY_STATE_MUTEX(Type, m, class_)                                                        \
  { SENTRY_STATE_TYPED_ (Type, m, MUTEX, SentryMutex), .lock_class = (class_), .why = "made anew   \
    on load" }
#define SENTRY_STATE_RWLOCK(Type, m, class_)                                                       \
  { SENTRY_STATE_TYPED_ (Type, m, RWLOCK, SentryRWLock), .lock_class = (class_), .why = "made      \
    anew on load" }
/* Sleepers have unwound before a save. */
#define SENTRY_STATE_WAIT_QUEUE(Type, m)                                                           \
  { SENTRY_STATE_TYPED_ (Type, m, WAIT_QUEUE, SentryWaitQueue), .why = "blocked calls queue        \
    again" }
#define SENTRY_STATE_SLEEPER(Type, m)                                                              \
  { SENTRY_STATE_TYPED_ (Type, m, SLEEPER, SentrySleeper), .why = "nobody sleeps in a paused       \
    kernel" }
/* A SentryList link, or a container's node. */
#define SENTRY_STATE_LINK(Type, m)                                                                 \
  { SENTRY_STATE_MEMBER_ (Type, m, LINK), .why = "linked by the list or container that is saved"   \
    }

/* The fields behind it, to the next one, are in images from this version of the table on. */
#define SENTRY_STATE_SINCE(version_)                                                               \
  { .name = "", .kind = SENTRY_STATE_KIND_SINCE, .since = (version_) }

/* clang-format on */
/* --- writing and reading --- */

#define SENTRY_STATE_ERROR (sentry_state_error_quark ())
GQuark sentry_state_error_quark (void);
typedef enum
{
  SENTRY_STATE_ERROR_CORRUPT, /* truncated, damaged, foreign or hostile image */
  SENTRY_STATE_ERROR_VERSION, /* written by an incompatible sentry */
  SENTRY_STATE_ERROR_OBJECT,  /* an object can't be saved or a hook refused it */
  SENTRY_STATE_ERROR_IO,
  SENTRY_STATE_ERROR_MEMORY,
} SentryStateError;

/* Into memory, or to a descriptor that stays the caller's.  `context` reaches the hooks. */
SentryStateWriter *sentry_state_writer_new (gpointer context);
SentryStateWriter *sentry_state_writer_new_fd (int fd, gpointer context);
void sentry_state_writer_free (SentryStateWriter *w);
/* Saves `object` and everything that it leads to.  Once per writer. */
gboolean sentry_state_save (SentryStateWriter *w, const SentryStateTable *table, gpointer object,
                            GError **error);
/* What a memory writer wrote. */
GBytes *sentry_state_writer_get_bytes (SentryStateWriter *w);

SentryStateReader *sentry_state_reader_new (GBytes *bytes, gpointer context);
SentryStateReader *sentry_state_reader_new_fd (int fd, gpointer context);
void sentry_state_reader_free (SentryStateReader *r);
/* Bound on the memory of all loaded objects together; default 4 GiB. */
void sentry_state_reader_set_max_memory (SentryStateReader *r, guint64 bytes);
/* Tests of tables alone: objects are plain memory, no hook runs, variants are written as their
 * base.  Functions of custom fields and containers do run: they must cope with an object whose
 * other members were filled at random. */
void sentry_state_writer_set_raw (SentryStateWriter *w);
void sentry_state_reader_set_raw (SentryStateReader *r);
/* The root object, owned by the caller; NULL with nothing left behind on error.  Once per reader.
 */
gpointer sentry_state_load (SentryStateReader *r, const SentryStateTable *table, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SentryStateWriter, sentry_state_writer_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SentryStateReader, sentry_state_reader_free)

/* For custom fields.  After the first failure puts do nothing and gets give 0 or NULL: check
 * nothing, but bound each loop by sentry_state_get_count. */
gpointer sentry_state_writer_context (SentryStateWriter *w);
void sentry_state_put_u8 (SentryStateWriter *w, guint8 v);
void sentry_state_put_u32 (SentryStateWriter *w, guint32 v);
void sentry_state_put_u64 (SentryStateWriter *w, guint64 v);
void sentry_state_put_bytes (SentryStateWriter *w, gconstpointer data, gsize len);
void sentry_state_put_string (SentryStateWriter *w, const char *s); /* may be NULL */
void sentry_state_put_ref (SentryStateWriter *w, const SentryStateTable *table, gpointer object);
void sentry_state_put_struct (SentryStateWriter *w, const SentryStateTable *table,
                              gconstpointer object);
void sentry_state_writer_fail (SentryStateWriter *w, const char *format, ...) G_GNUC_PRINTF (2, 3);

gpointer sentry_state_reader_context (SentryStateReader *r);
gboolean sentry_state_reader_failed (SentryStateReader *r);
guint8 sentry_state_get_u8 (SentryStateReader *r);
guint32 sentry_state_get_u32 (SentryStateReader *r);
guint64 sentry_state_get_u64 (SentryStateReader *r);
/* A number of things of at least `each` bytes in the stream (≥ 1): at most max, and no more than
 * can follow. */
guint32 sentry_state_get_count (SentryStateReader *r, guint32 max, gsize each);
void sentry_state_get_bytes (SentryStateReader *r, gpointer data, gsize len);
char *sentry_state_get_string (SentryStateReader *r, gsize max); /* g_free; may be NULL */
/* `owning` counts a reference. */
gpointer sentry_state_get_ref (SentryStateReader *r, const SentryStateTable *table,
                               gboolean owning);
void sentry_state_get_struct (SentryStateReader *r, const SentryStateTable *table, gpointer object);
void sentry_state_reader_fail (SentryStateReader *r, const char *format, ...) G_GNUC_PRINTF (2, 3);

extern const SentryStateContainer sentry_state_hash;
extern const SentryStateContainer sentry_state_id_table;
extern const SentryStateContainer sentry_state_interval_map;
SENTRY_STATE_DECLARE (SentryInterval);

/* --- the registry --- */

void sentry_state_register (const SentryStateTable *table);
const SentryStateTable *sentry_state_lookup (const char *name);
/* Sorted by name; the tables are static, the array is the caller's. */
GPtrArray *sentry_state_tables (void);
/* FALSE and what is wrong: uncovered bytes, fields that overlap, no reason on a SKIP, two fields of
 * one name … */
gboolean sentry_state_table_check (const SentryStateTable *table, GError **error);
/* The table as text, one line a saved field: golden schemas compare it, so that nothing changes
 * without a version. */
char *sentry_state_table_describe (const SentryStateTable *table);

/* clang-format off */
/* --- what the macros above are made of --- */

#define SENTRY_STATE_SIZEOF_(Type, m) sizeof (((Type *) 0)->m)
/* 0, or a compile error. */
#define SENTRY_STATE_CHECK_(condition)                                                             \
  (0 * sizeof (struct {                                                                            \
     _Static_assert(condition, "state field kind does not fit the member");                        \
     char c;                                                                                       \
   }))
#define SENTRY_STATE_MEMBER_(Type, m, kind_)                                                       \
  .name = #m, .kind = SENTRY_STATE_KIND_##kind_, .offset = G_STRUCT_OFFSET (Type, m),              \
  .size = SENTRY_STATE_SIZEOF_ (Type, m)
#define SENTRY_STATE_SCALAR_(Type, m, kind_, elem_, max_)                                          \
  { SENTRY_STATE_MEMBER_ (Type, m, kind_), .count = 1, .max = (max_),                              \
    .elem = (elem_) + SENTRY_STATE_CHECK_ (SENTRY_STATE_SIZEOF_ (Type, m) == (elem_)) }
#define SENTRY_STATE_POINTER_(Type, m, kind_)                                                      \
  SENTRY_STATE_MEMBER_ (Type, m, kind_),                                                           \
      .count = 1,                                                                                  \
      .elem = sizeof (gpointer)                                                                    \
              + SENTRY_STATE_CHECK_ (SENTRY_STATE_SIZEOF_ (Type, m) == sizeof (gpointer))
#define SENTRY_STATE_POINTERS_(Type, m, kind_)                                                     \
  SENTRY_STATE_MEMBER_ (Type, m, kind_),                                                           \
      .elem = sizeof (gpointer), .count = SENTRY_STATE_SIZEOF_ (Type, m) / sizeof (gpointer)
#define SENTRY_STATE_LENGTH_(Type, m)                                                              \
  .len_offset = G_STRUCT_OFFSET (Type, m), .len_size = SENTRY_STATE_SIZEOF_ (Type, m)
#define SENTRY_STATE_TYPED_(Type, m, kind_, Member)                                                \
  SENTRY_STATE_MEMBER_ (Type, m, kind_),                                                           \
      .elem = sizeof (Member),                                                                     \
      .count = 1 \
        + SENTRY_STATE_CHECK_ (__builtin_types_compatible_p (__typeof__ (((Type *) 0)->m), Member))
#define SENTRY_STATE_STRIP_(...) __VA_ARGS__
#if defined(__has_builtin)
#  if __has_builtin(__builtin_clear_padding)
#    define SENTRY_STATE_CLEAR_PADDING_(Type, object) __builtin_clear_padding ((Type *)object)
#  endif
#endif
#ifndef SENTRY_STATE_CLEAR_PADDING_ /* then no coverage check: it is gcc's to make */
#  define SENTRY_STATE_CLEAR_PADDING_(Type, object) memset (object, 0, sizeof (Type))
#endif
#define SENTRY_STATE_DEFINE_(linkage, symbol, Type, name_, version_, options, ...)                 \
  static const SentryStateField symbol##_fields[] = { __VA_ARGS__ };                               \
  static void symbol##_clear_padding (gpointer object)                                             \
  {                                                                                                \
    SENTRY_STATE_CLEAR_PADDING_ (Type, object);                                                    \
  }                                                                                                \
  linkage const SentryStateTable symbol = { .name = (name_),                                       \
                                            .type = #Type,                                         \
                                            .size = sizeof (Type),                                 \
                                            .version = (version_),                                 \
                                            .fields = symbol##_fields,                             \
                                            .n_fields = G_N_ELEMENTS (symbol##_fields),            \
                                            .clear_padding = symbol##_clear_padding,               \
                                            SENTRY_STATE_STRIP_ options }

G_END_DECLS
