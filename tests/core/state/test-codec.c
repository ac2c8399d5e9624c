/* Writer and reader: graphs, variants, versions, hooks, hostile images.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sample.h"

#include <sys/mman.h>
#include <unistd.h>
#include "base/sentry-id-table.h"
#include "base/sentry-interval-map.h"
#include "state/state-private.h"

/* --- one struct with every kind of field --- */

typedef struct
{
  guint32 a;
  char tag[5];
} Inner;

typedef struct Leaf
{
  guint64 number;
  SentryList link;
  SentryInterval node;
} Leaf;

typedef struct Node Node;
struct Node
{
  SentryRef ref;
  SentryMutex lock;
  SentryRWLock rwlock;
  SentryWaitQueue queue;
  SentrySleeper sleeper;
  guint8 u8;
  guint16 u16;
  guint32 u32, small;
  guint64 u64, words[3];
  gint32 i32;
  gint64 i64;
  gboolean flag;
  Inner inner, pair[2];
  Inner *structs;
  guint n_structs;
  char *string;
  GString *gstring;
  char **strv;
  guint8 *buffer;
  guint16 n_buffer;
  Node *next, *slots[2], *parent;
  Leaf *leaf;
  SentryList leaves;
  GPtrArray *nodes;
  GHashTable *hash;
  SentryIdTable ids;
  SentryIntervalMap map;
  guint32 custom;
  gpointer skipped;
};

static void
save_custom (SentryStateWriter *w, const SentryStateField *field, gconstpointer object)
{
  sentry_state_put_u8 (w, 7);
  sentry_state_put_string (w, NULL);
  sentry_state_put_u32 (w, ((const Node *) object)->custom);
}

static void
load_custom (SentryStateReader *r, const SentryStateField *field, gpointer object)
{
  if (sentry_state_get_u8 (r) != 7 || sentry_state_get_string (r, 10) != NULL)
    sentry_state_reader_fail (r, "not mine");
  ((Node *) object)->custom = sentry_state_get_u32 (r);
}

SENTRY_STATE_TABLE (Inner, "test-inner", 1, SENTRY_STATE_U32 (Inner, a),
                    SENTRY_STATE_BYTES (Inner, tag));
SENTRY_STATE_TABLE (Leaf, "test-leaf", 1, SENTRY_STATE_U64 (Leaf, number),
                    SENTRY_STATE_LINK (Leaf, link),
                    SENTRY_STATE_STRUCT (Leaf, node, SentryInterval));
SENTRY_STATE_DECLARE (Node);
SENTRY_STATE_TABLE (
    Node, "test-node", 1, SENTRY_STATE_REFCOUNT (Node, ref),
    SENTRY_STATE_MUTEX (Node, lock, SENTRY_LOCK_PIPE),
    SENTRY_STATE_RWLOCK (Node, rwlock, SENTRY_LOCK_MM), SENTRY_STATE_WAIT_QUEUE (Node, queue),
    SENTRY_STATE_SLEEPER (Node, sleeper), SENTRY_STATE_U8 (Node, u8), SENTRY_STATE_U16 (Node, u16),
    SENTRY_STATE_U32 (Node, u32), SENTRY_STATE_U32_MAX (Node, small, 9),
    SENTRY_STATE_U64 (Node, u64), SENTRY_STATE_ARRAY (Node, words, 8), SENTRY_STATE_I32 (Node, i32),
    SENTRY_STATE_I64 (Node, i64), SENTRY_STATE_BOOL (Node, flag),
    SENTRY_STATE_STRUCT (Node, inner, Inner), SENTRY_STATE_STRUCT (Node, pair, Inner),
    SENTRY_STATE_STRUCTS (Node, structs, n_structs, Inner, 100),
    SENTRY_STATE_STRING (Node, string, 30), SENTRY_STATE_GSTRING (Node, gstring, 30),
    SENTRY_STATE_STRV (Node, strv, 5), SENTRY_STATE_BUFFER (Node, buffer, n_buffer, 1000),
    SENTRY_STATE_REF (Node, next, Node), SENTRY_STATE_REF (Node, slots, Node),
    SENTRY_STATE_WEAK_REF (Node, parent, Node), SENTRY_STATE_REF (Node, leaf, Leaf),
    SENTRY_STATE_LIST (Node, leaves, Leaf, link), SENTRY_STATE_PTR_ARRAY (Node, nodes, Node, 50),
    SENTRY_STATE_HASH (Node, hash, Node, 50), SENTRY_STATE_ID_TABLE (Node, ids, Node),
    SENTRY_STATE_INTERVAL_MAP (Node, map, Leaf, node),
    SENTRY_STATE_CUSTOM (Node, custom, save_custom, load_custom, NULL),
    SENTRY_STATE_SKIP (Node, skipped, "a test of skipping"));

static Node *
new_node (void)
{
  Node *n = g_new0 (Node, 1);
  sentry_state_prepare (SENTRY_STATE_OF (Node), n);
  return n;
}

static void
free_node (Node *n)
{
  sentry_state_clear (SENTRY_STATE_OF (Node), n);
  sentry_state_unprepare (SENTRY_STATE_OF (Node), n);
  g_free (n);
}

static GBytes *
save (const SentryStateTable *table, gpointer root)
{
  g_autoptr (SentryStateWriter) w = sentry_state_writer_new (NULL);
  g_autoptr (GError) error = NULL;

  sentry_state_save (w, table, root, &error);
  g_assert_no_error (error);
  return sentry_state_writer_get_bytes (w);
}

static gpointer
load (GBytes *image, const SentryStateTable *table)
{
  g_autoptr (SentryStateReader) r = sentry_state_reader_new (image, NULL);
  g_autoptr (GError) error = NULL;
  gpointer root = sentry_state_load (r, table, &error);

  g_assert_no_error (error);
  return root;
}

static void
refuse (GBytes *image, const SentryStateTable *table, int code, const char *pattern)
{
  g_autoptr (SentryStateReader) r = sentry_state_reader_new (image, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (sentry_state_load (r, table, &error));
  g_assert_error (error, SENTRY_STATE_ERROR, code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("\"%s\" is not \"%s\"", error->message, pattern);
}

static void
refuse_save (const SentryStateTable *table, gpointer root, const char *pattern)
{
  g_autoptr (SentryStateWriter) w = sentry_state_writer_new (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (sentry_state_save (w, table, root, &error));
  g_assert_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_OBJECT);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("\"%s\" is not \"%s\"", error->message, pattern);
}

/* --- graphs --- */

/* A ring of two that share a third, which knows its parent. */
static void
test_graph (void)
{
  Node *a = new_node (), *b = new_node (), *c = new_node (), *x;
  g_autoptr (GBytes) image = NULL;

  a->next = b;
  b->next = a;
  a->slots[0] = a->slots[1] = b->slots[0] = c;
  c->parent = a;
  c->u8 = 200;
  image = save (SENTRY_STATE_OF (Node), a);
  x = load (image, SENTRY_STATE_OF (Node));
  g_assert_true (x->next->next == x);
  g_assert_true (x->slots[0] == x->slots[1] && x->slots[0] == x->next->slots[0]);
  g_assert_true (x->slots[0]->parent == x);
  g_assert_cmpuint (x->slots[0]->u8, ==, 200);
  g_assert_cmpuint (x->ref.count, ==, 2);
  g_assert_cmpuint (x->slots[0]->ref.count, ==, 3);
  g_assert_cmpuint (x->next->ref.count, ==, 1);
  sample_free_loaded (SENTRY_STATE_OF (Node), x);
  sample_free_loaded (SENTRY_STATE_OF (Node), a);
}

static void
test_containers (void)
{
  Node *a = new_node (), *x;
  Leaf *leaf = NULL;
  g_autoptr (GBytes) image = NULL;

  for (guint i = 0; i < 5; i++)
    {
      leaf = g_new0 (Leaf, 1);
      leaf->number = i;
      sentry_list_append (&a->leaves, &leaf->link);
      leaf = g_new0 (Leaf, 1);
      leaf->node.start = 100 - 10 * i;
      leaf->node.end = leaf->node.start + 5;
      g_assert_true (sentry_interval_map_insert (&a->map, &leaf->node));
    }
  sentry_id_table_set (&a->ids, 4000, new_node (), NULL);
  sentry_id_table_set (&a->ids, 3, sentry_id_table_get (&a->ids, 4000), NULL);
  image = save (SENTRY_STATE_OF (Node), a);
  x = load (image, SENTRY_STATE_OF (Node));
  guint n = 0;
  SENTRY_LIST_FOREACH (link, safe, &x->leaves)
  {
    g_assert_cmpuint (SENTRY_CONTAINER (link, Leaf, link)->number, ==, n++);
  }
  g_assert_cmpuint (n, ==, 5);
  g_assert_cmpuint (x->map.count, ==, 5);
  g_assert_nonnull (sentry_interval_map_find (&x->map, 64));
  g_assert_null (sentry_interval_map_find (&x->map, 65));
  g_assert_true (sentry_id_table_get (&x->ids, 3) == sentry_id_table_get (&x->ids, 4000));
  g_assert_cmpuint (x->ids.count, ==, 2);
  sample_free_loaded (SENTRY_STATE_OF (Node), x);
  sample_free_loaded (SENTRY_STATE_OF (Node), a);
}

/* A chain far longer than a stack is deep, through a descriptor. */
static void
test_long_chain (void)
{
  enum
  {
    N = 200000
  };
  Leaf *leaf = g_new0 (Leaf, 1);
  Node *a = new_node (), *n = a, *x;
  g_autoptr (GError) error = NULL;
  int fd = memfd_create ("image", MFD_CLOEXEC), count = 1;
  SentryStateWriter *w = sentry_state_writer_new_fd (fd, NULL);
  SentryStateReader *r;

  for (guint i = 1; i < N; i++, n = n->next)
    n->next = new_node ();
  n->leaf = leaf;
  sentry_state_save (w, SENTRY_STATE_OF (Node), a, &error);
  g_assert_no_error (error);
  sentry_state_writer_free (w);
  lseek (fd, 0, SEEK_SET);
  r = sentry_state_reader_new_fd (fd, NULL);
  x = sentry_state_load (r, SENTRY_STATE_OF (Node), &error);
  g_assert_no_error (error);
  sentry_state_reader_free (r);
  close (fd);
  for (n = x; n->next != NULL; n = n->next)
    count++;
  g_assert_cmpint (count, ==, N);
  g_assert_nonnull (n->leaf);
  for (guint k = 0; k < 2; k++)
    {
      g_free ((k == 0 ? leaf : n->leaf));
      for (Node *m = k == 0 ? a : x, *next; m != NULL; m = next)
        {
          next = m->next;
          free_node (m);
        }
    }
}

/* Everything at once, at random; and the same image damaged. */
static void
test_random_graphs (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (g_test_rand_int ());

  for (guint32 seed = 1; seed <= 300; seed++)
    {
      Sample *s = sample_new (SENTRY_STATE_OF (Node), seed);
      g_autoptr (GBytes) first = sample_save (SENTRY_STATE_OF (Node), sample_root (s)),
                         second = NULL, third = NULL;
      gsize len;
      const guint8 *payload = sample_payload (first, &len);
      g_autofree guint8 *damaged = g_memdup2 (payload, len);
      g_autoptr (SentryStateReader) r = NULL;
      guint32 n_objects;
      gpointer x = load (first, SENTRY_STATE_OF (Node));

      second = sample_save (SENTRY_STATE_OF (Node), x);
      g_assert_true (g_bytes_equal (first, second));
      sample_free_loaded (SENTRY_STATE_OF (Node), x);
      sample_free (s);
      memcpy (&n_objects,
              (const guint8 *) g_bytes_get_data (first, NULL) + g_bytes_get_size (first) - 16, 4);
      for (guint n = g_rand_int_range (rand, 1, 4); n > 0; n--)
        damaged[g_rand_int_range (rand, 0, len)] = g_rand_int_range (rand, 0, 20);
      third = sample_reseal (damaged, len, GUINT32_FROM_LE (n_objects));
      r = sentry_state_reader_new (third, NULL);
      x = sentry_state_load (r, SENTRY_STATE_OF (Node), NULL);
      if (x != NULL)
        sample_free_loaded (SENTRY_STATE_OF (Node), x);
    }
}

/* --- variants of a base --- */

typedef struct
{
  SentryRef ref;
  guint32 kind;
} Base;

typedef struct
{
  Base base;
  guint64 extra;
} Variant;

typedef struct
{
  Base *first, *second;
} Holder;

SENTRY_STATE_DECLARE (Variant);

static const SentryStateTable *base_concrete (gconstpointer object);

SENTRY_STATE_TABLE_WITH (Base, "test-base", 1, (.concrete = base_concrete),
                         SENTRY_STATE_REFCOUNT (Base, ref), SENTRY_STATE_U32 (Base, kind));
SENTRY_STATE_TABLE_WITH (Variant, "test-variant", 1, (.base = SENTRY_STATE_OF (Base)),
                         SENTRY_STATE_STRUCT (Variant, base, Base),
                         SENTRY_STATE_U64 (Variant, extra));
SENTRY_STATE_TABLE (Holder, "test-holder", 1, SENTRY_STATE_REF (Holder, first, Base),
                    SENTRY_STATE_REF (Holder, second, Base));

static const SentryStateTable *
base_concrete (gconstpointer object)
{
  guint32 kind = ((const Base *) object)->kind;
  return kind == 2 ? SENTRY_STATE_OF (Variant) : kind == 1 ? SENTRY_STATE_OF (Base) : NULL;
}

static void
test_variants (void)
{
  Base base = { .kind = 1 };
  Variant variant = { .base.kind = 2, .extra = 77 };
  Holder h = { &base, &variant.base }, *x;
  g_autoptr (GBytes) image = save (SENTRY_STATE_OF (Holder), &h);

  x = load (image, SENTRY_STATE_OF (Holder));
  g_assert_cmpuint (((Variant *) x->second)->extra, ==, 77);
  g_assert_cmpuint (x->second->ref.count, ==, 1);
  g_free (x->first);
  g_free (x->second);
  g_free (x);
  base.kind = 3;
  refuse_save (SENTRY_STATE_OF (Holder), &h, "saving a test-holder: this kind of test-base can't*");
}

/* --- versions and parts --- */

typedef struct
{
  guint32 old, newer, newest, optional;
} Versioned;

static gboolean
optional_needed (gconstpointer object)
{
  return ((const Versioned *) object)->optional != 0;
}

SENTRY_STATE_SUBSECTION (versioned_optional, Versioned, "optional", 1, (.needed = optional_needed),
                         SENTRY_STATE_U32 (Versioned, optional));
static const SentryStateTable *const versioned_parts[] = { &versioned_optional, NULL };

static void
versioned_pre_load (gpointer object, gpointer context)
{
  *(Versioned *) object = (Versioned){ 1, 2, 3, 4 };
}

SENTRY_STATE_TABLE_WITH (Versioned, "test-versioned", 3,
                         (.min_version = 2, .subsections = versioned_parts,
                          .pre_load = versioned_pre_load),
                         SENTRY_STATE_U32 (Versioned, old), SENTRY_STATE_SINCE (2),
                         SENTRY_STATE_U32 (Versioned, newer), SENTRY_STATE_SINCE (3),
                         SENTRY_STATE_U32 (Versioned, newest));
/* The same as older and younger sentries know it. */
SENTRY_STATE_SUBSECTION (versioned_1, Versioned, "test-versioned", 1, (),
                         SENTRY_STATE_U32 (Versioned, old));
SENTRY_STATE_SUBSECTION (versioned_2, Versioned, "test-versioned", 2, (),
                         SENTRY_STATE_U32 (Versioned, old), SENTRY_STATE_U32 (Versioned, newer));
SENTRY_STATE_SUBSECTION (versioned_4, Versioned, "test-versioned", 4, (),
                         SENTRY_STATE_U32 (Versioned, old));
SENTRY_STATE_SUBSECTION (stranger, Versioned, "test-stranger", 1, (),
                         SENTRY_STATE_U32 (Versioned, old));

static void
test_versions (void)
{
  Versioned v = { 10, 20, 30, 0 }, *x;
  g_autoptr (GBytes) v1 = save (&versioned_1, &v), v2 = save (&versioned_2, &v),
                     v3 = save (SENTRY_STATE_OF (Versioned), &v), v4 = save (&versioned_4, &v),
                     other = save (&stranger, &v);

  x = load (v2, SENTRY_STATE_OF (Versioned));
  g_assert_true (x->old == 10 && x->newer == 20 && x->newest == 3 && x->optional == 4);
  g_free (x);
  x = load (v3, SENTRY_STATE_OF (Versioned));
  g_assert_true (x->old == 10 && x->newer == 20 && x->newest == 30 && x->optional == 4);
  g_free (x);
  refuse (v1, SENTRY_STATE_OF (Versioned), SENTRY_STATE_ERROR_VERSION,
          "\"test-versioned\" has version 1, this sentry's is 3");
  refuse (v4, SENTRY_STATE_OF (Versioned), SENTRY_STATE_ERROR_VERSION,
          "\"test-versioned\" has version 4, this sentry's is 3");
  refuse (other, SENTRY_STATE_OF (Versioned), SENTRY_STATE_ERROR_VERSION,
          "this sentry has no \"test-stranger\"");
  refuse (v3, SENTRY_STATE_OF (Node), SENTRY_STATE_ERROR_CORRUPT,
          "a test-versioned where a test-node belongs");
}

static void
test_parts (void)
{
  Versioned v = { 10, 20, 30, 40 }, *x;
  g_autoptr (GBytes) image = save (SENTRY_STATE_OF (Versioned), &v);

  x = load (image, SENTRY_STATE_OF (Versioned));
  g_assert_cmpuint (x->optional, ==, 40);
  g_free (x);
}

/* --- hooks --- */

typedef struct Hooked
{
  guint32 number;
  struct Hooked *next;
} Hooked;

typedef struct
{
  guint refuse; /* the number that pre_save or post_load refuses */
  guint n_alive, n_loaded;
} World;

static World *world;

static gboolean
hooked_check (gpointer object, gpointer context, GError **error)
{
  World *w = context;

  if (w->refuse != ((Hooked *) object)->number)
    return TRUE;
  g_set_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_OBJECT, "number %u", w->refuse);
  return FALSE;
}

static gpointer
hooked_alloc (gpointer context)
{
  ((World *) context)->n_alive++;
  return g_new0 (Hooked, 1);
}

static void
hooked_free (gpointer object)
{
  world->n_alive--;
  g_free (object);
}

static gboolean
hooked_post_load (gpointer object, gpointer context, GError **error)
{
  if (!hooked_check (object, context, error))
    return FALSE;
  world->n_loaded++;
  return TRUE;
}

static void
hooked_unload (gpointer object)
{
  world->n_loaded--;
}

SENTRY_STATE_TABLE_WITH (Hooked, "test-hooked", 1,
                         (.alloc = hooked_alloc, .free = hooked_free, .pre_save = hooked_check,
                          .post_load = hooked_post_load, .unload = hooked_unload),
                         SENTRY_STATE_U32 (Hooked, number),
                         SENTRY_STATE_REF (Hooked, next, Hooked));

static void
test_hooks (void)
{
  World w = { .refuse = 99 };
  Hooked c = { 3, NULL }, b = { 2, &c }, a = { 1, &b }, *x;
  SentryStateWriter *writer = sentry_state_writer_new (&w);
  SentryStateReader *reader;
  g_autoptr (GBytes) image = NULL;
  g_autoptr (GError) error = NULL;

  world = &w;
  g_assert_true (sentry_state_save (writer, SENTRY_STATE_OF (Hooked), &a, NULL));
  image = sentry_state_writer_get_bytes (writer);
  sentry_state_writer_free (writer);
  w.refuse = 3;
  reader = sentry_state_reader_new (image, &w);
  g_assert_null (sentry_state_load (reader, SENTRY_STATE_OF (Hooked), &error));
  g_assert_cmpstr (error->message, ==, "loading a test-hooked: number 3");
  g_assert_true (w.n_alive == 0 && w.n_loaded == 0);
  sentry_state_reader_free (reader);
  w.refuse = 99;
  reader = sentry_state_reader_new (image, &w);
  x = sentry_state_load (reader, SENTRY_STATE_OF (Hooked), NULL);
  g_assert_true (w.n_alive == 3 && w.n_loaded == 3 && x->next->next->number == 3);
  sentry_state_reader_free (reader);
  hooked_free (x->next->next);
  hooked_free (x->next);
  hooked_free (x);
  w.refuse = 2;
  writer = sentry_state_writer_new (&w);
  g_clear_error (&error);
  g_assert_false (sentry_state_save (writer, SENTRY_STATE_OF (Hooked), &a, &error));
  g_assert_cmpstr (error->message, ==, "saving a test-hooked: number 2");
  sentry_state_writer_free (writer);
}

/* --- what a writer refuses --- */

static void
test_refuses_to_save (void)
{
  Node *a = new_node ();
  guint8 data[2000] = { 0 };

  a->small = 10;
  refuse_save (SENTRY_STATE_OF (Node), a, "saving a test-node: member small: 10 is more than 9");
  a->small = 0;
  a->n_buffer = 1;
  refuse_save (SENTRY_STATE_OF (Node), a, "*member buffer is NULL but counts 1");
  a->buffer = data;
  a->n_buffer = 1001;
  refuse_save (SENTRY_STATE_OF (Node), a, "*member buffer: 1001 is more than 1000");
  a->n_buffer = 0;
  a->buffer = NULL;
  a->leaf = (Leaf *) a;
  refuse_save (SENTRY_STATE_OF (Node), a, "*one address is a test-node and a test-leaf");
  a->leaf = NULL;
  free_node (a);
}

/* --- what a reader refuses --- */

/* A payload that is written by hand. */
typedef struct
{
  GByteArray *bytes;
} Forge;

static void
put (Forge *f, guint64 v, guint size)
{
  guint64 le = GUINT64_TO_LE (v);
  g_byte_array_append (f->bytes, (guint8 *) &le, size);
}

static void
put_table (Forge *f, guint index, const char *name)
{
  put (f, index, 2);
  put (f, strlen (name), 4);
  g_byte_array_append (f->bytes, (const guint8 *) name, strlen (name));
  put (f, 1, 4);
}

/* A list owner with an element link, all that hostile references need. */
typedef struct Plain Plain;
struct Plain
{
  Plain *owned, *known;
  SentryList list, link;
  char *text;
};
SENTRY_STATE_DECLARE (Plain);
SENTRY_STATE_TABLE (Plain, "test-plain", 1, SENTRY_STATE_REF (Plain, owned, Plain),
                    SENTRY_STATE_WEAK_REF (Plain, known, Plain),
                    SENTRY_STATE_LIST (Plain, list, Plain, link), SENTRY_STATE_LINK (Plain, link),
                    SENTRY_STATE_STRING (Plain, text, 100));

static Forge
forge_root (void)
{
  Forge f = { g_byte_array_new () };
  put (&f, 1, 4);
  put_table (&f, 0, "test-plain");
  put (&f, 1, 4);
  return f;
}

static void
refuse_forged (Forge *f, guint n_objects, const char *pattern)
{
  g_autoptr (GBytes) image = sample_reseal (f->bytes->data, f->bytes->len, n_objects);

  g_byte_array_unref (f->bytes);
  refuse (image, SENTRY_STATE_OF (Plain), SENTRY_STATE_ERROR_CORRUPT, pattern);
}

static void
test_hostile_references (void)
{
  Forge f = forge_root ();

  put (&f, 8, 4);
  put (&f, 3, 4); /* owned: unknown */
  put (&f, 0, 4);
  refuse_forged (&f, 1, "*reference leads to unknown object 3");

  f = forge_root ();
  put (&f, 20, 4);
  put (&f, 1, 4); /* owned by itself as well as by the caller */
  put (&f, 0, 4);
  put (&f, 0, 4);
  put (&f, G_MAXUINT32, 4);
  put (&f, 0, 4);
  refuse_forged (&f, 1, "a test-plain can't have 2 owners");

  f = forge_root ();
  put (&f, 28, 4);
  put (&f, 0, 4);
  put (&f, 0, 4);
  put (&f, 2, 4); /* a list that holds it twice */
  put (&f, 1, 4);
  put (&f, 1, 4);
  put (&f, G_MAXUINT32, 4);
  put (&f, 0, 4);
  refuse_forged (&f, 1, "*list list: an element is missing or on two lists");

  f = forge_root ();
  put (&f, 22, 4);
  put (&f, 0, 4);
  put (&f, 2, 4); /* known to it, but owned by nobody */
  put (&f, 0, 2);
  put (&f, 0, 4);
  put (&f, G_MAXUINT32, 4);
  put (&f, 0, 4);
  put (&f, 2, 4);
  put (&f, 20, 4);
  put (&f, 0, 8);
  put (&f, 0, 4);
  put (&f, G_MAXUINT32, 4);
  put (&f, 0, 4);
  refuse_forged (&f, 2, "a test-plain has 0 owners");
}

static void
test_hostile_records (void)
{
  Forge f = forge_root ();

  put (&f, 24, 4);
  put (&f, 0, 8);
  put (&f, 0, 4);
  put (&f, G_MAXUINT32, 4);
  put (&f, 0, 4);
  put (&f, 0, 4);
  refuse_forged (&f, 1, "object 1 (test-plain): it has 4 bytes too many");

  f = forge_root ();
  put (&f, 20, 4);
  put (&f, 0, 8);
  put (&f, 0xfffffff0, 4); /* a list of very many */
  put (&f, G_MAXUINT32, 4);
  put (&f, 0, 4);
  refuse_forged (&f, 1, "*a count of 4294967280 is too large");

  f = forge_root ();
  put (&f, 23, 4);
  put (&f, 0, 8);
  put (&f, 0, 4);
  put (&f, 3, 4);
  put (&f, 'a' | 'b' << 16, 3); /* a NUL inside */
  put (&f, 0, 4);
  refuse_forged (&f, 1, "*a string has a NUL inside");

  f = forge_root ();
  put (&f, 20, 4);
  put (&f, 0, 8);
  put (&f, 0, 4);
  put (&f, G_MAXUINT32, 4);
  put (&f, 1, 4); /* a part that nobody knows */
  refuse_forged (&f, 1, "*");

  f = forge_root ();
  put (&f, 0xffffffff, 4);
  refuse_forged (&f, 1, "object 1 is out of order, unknown or too long");
}

static void
test_memory_bound (void)
{
  Node *a = new_node ();
  g_autoptr (GBytes) image = NULL;
  g_autoptr (GError) error = NULL;
  SentryStateReader *r;

  a->string = g_strdup ("a few bytes");
  image = save (SENTRY_STATE_OF (Node), a);
  r = sentry_state_reader_new (image, NULL);
  sentry_state_reader_set_max_memory (r, sizeof (Node) + 11);
  g_assert_null (sentry_state_load (r, SENTRY_STATE_OF (Node), &error));
  g_assert_error (error, SENTRY_STATE_ERROR, SENTRY_STATE_ERROR_MEMORY);
  sentry_state_reader_free (r);
  sample_free_loaded (SENTRY_STATE_OF (Node), a);
}

static void
test_foreign (void)
{
  static const char text[] = "this is no image at all";
  g_autoptr (GBytes) none = g_bytes_new (NULL, 0), foreign = g_bytes_new (text, sizeof text),
                     damaged = NULL, longer = NULL, good = NULL;
  Node *a = new_node ();
  gsize len;
  guint8 *copy;

  refuse (none, SENTRY_STATE_OF (Node), SENTRY_STATE_ERROR_CORRUPT, "the image is truncated");
  refuse (foreign, SENTRY_STATE_OF (Node), SENTRY_STATE_ERROR_CORRUPT,
          "this is no image of a sandbox");
  good = save (SENTRY_STATE_OF (Node), a);
  len = g_bytes_get_size (good);
  copy = g_malloc0 (len + 1);
  memcpy (copy, g_bytes_get_data (good, NULL), len);
  longer = g_bytes_new (copy, len + 1);
  refuse (longer, SENTRY_STATE_OF (Node), SENTRY_STATE_ERROR_CORRUPT, "something follows *");
  copy[len / 2] ^= 1;
  damaged = g_bytes_new_take (copy, len);
  refuse (damaged, SENTRY_STATE_OF (Node), SENTRY_STATE_ERROR_CORRUPT, "*checksum is wrong");
  free_node (a);
}

/* --- what the table check finds --- */

typedef struct
{
  guint32 first;
  guint8 hidden; /* in what looks like padding */
  guint32 last;
} Gap;

SENTRY_STATE_SUBSECTION (gap_uncovered, Gap, "gap", 1, (), SENTRY_STATE_U32 (Gap, first),
                         SENTRY_STATE_U32 (Gap, last));
SENTRY_STATE_SUBSECTION (gap_covered, Gap, "gap", 1, (), SENTRY_STATE_U32 (Gap, first),
                         SENTRY_STATE_U32 (Gap, last), SENTRY_STATE_U8 (Gap, hidden));
SENTRY_STATE_SUBSECTION (gap_twice, Gap, "gap", 1, (), SENTRY_STATE_U32 (Gap, first),
                         SENTRY_STATE_U32 (Gap, last), SENTRY_STATE_BYTES (Gap, last),
                         SENTRY_STATE_U8 (Gap, hidden));
SENTRY_STATE_SUBSECTION (gap_no_reason, Gap, "gap", 1, (), SENTRY_STATE_U32 (Gap, first),
                         SENTRY_STATE_U32 (Gap, last), SENTRY_STATE_SKIP (Gap, hidden, ""));

static void
find_fault (const SentryStateTable *table, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (sentry_state_table_check (table, &error));
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_check (void)
{
  g_assert_true (sentry_state_table_check (&gap_covered, NULL));
#ifdef __GNUC__
  find_fault (&gap_uncovered, "Gap: no field covers byte 4 of 12");
#endif
  find_fault (&gap_twice, "Gap.last: overlaps another field");
  find_fault (&gap_no_reason, "Gap.hidden: is skipped without a reason");
}

static void
test_description (void)
{
  g_autofree char *text = sentry_state_table_describe (SENTRY_STATE_OF (Versioned));

  g_assert_cmpstr (text, ==,
                   "test-versioned 3\n  old uint 4\n  since 2\n  newer uint 4\n  since 3\n"
                   "  newest uint 4\n  part optional 1\n  optional uint 4\n");
}

/* Rocksoft's check value. */
static void
test_crc (void)
{
  g_assert_cmphex (sentry_state_crc32c (0, "123456789", 9), ==, 0xe3069283);
  g_assert_cmphex (sentry_state_crc32c (sentry_state_crc32c (0, "1234", 4), "56789", 5), ==,
                   0xe3069283);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentry/state/codec/keeps-cycles-sharing-and-counts", test_graph);
  g_test_add_func ("/sentry/state/codec/keeps-containers", test_containers);
  g_test_add_func ("/sentry/state/codec/needs-no-stack-for-depth", test_long_chain);
  g_test_add_func ("/sentry/state/codec/keeps-random-graphs", test_random_graphs);
  g_test_add_func ("/sentry/state/codec/finds-variants-of-a-base", test_variants);
  g_test_add_func ("/sentry/state/codec/reads-older-versions", test_versions);
  g_test_add_func ("/sentry/state/codec/reads-optional-parts", test_parts);
  g_test_add_func ("/sentry/state/codec/undoes-hooks-of-a-failed-load", test_hooks);
  g_test_add_func ("/sentry/state/codec/refuses-to-save-what-it-could-not-load",
                   test_refuses_to_save);
  g_test_add_func ("/sentry/state/codec/refuses-hostile-references", test_hostile_references);
  g_test_add_func ("/sentry/state/codec/refuses-hostile-records", test_hostile_records);
  g_test_add_func ("/sentry/state/codec/keeps-to-the-memory-bound", test_memory_bound);
  g_test_add_func ("/sentry/state/codec/refuses-foreign-and-damaged-images", test_foreign);
  g_test_add_func ("/sentry/state/check/finds-uncovered-and-doubled-members", test_check);
  g_test_add_func ("/sentry/state/check/describes-a-table", test_description);
  g_test_add_func ("/sentry/state/crc32c/has-the-known-value", test_crc);
  return g_test_run ();
}
