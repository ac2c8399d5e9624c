/* The same calls on the host's kernel and on a mount namespace of ours: both must agree.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "auth/sentry-cred.h"
#include "iface/sentry-mount-namespace.h"

G_BEGIN_DECLS

typedef enum
{
  TWIN_OPEN, /* a, flags (O_*), mode, number (RESOLVE_*): then closed; text: type and permissions */
  TWIN_STAT, /* a, flags (AT_SYMLINK_NOFOLLOW): text */
  TWIN_MKDIR,       /* a, mode */
  TWIN_MKNOD,       /* a, mode */
  TWIN_SYMLINK,     /* a: target, b: name */
  TWIN_LINK,        /* a, b, flags (AT_SYMLINK_FOLLOW) */
  TWIN_UNLINK,      /* a */
  TWIN_RMDIR,       /* a */
  TWIN_RENAME,      /* a, b, flags */
  TWIN_CHMOD,       /* a, mode */
  TWIN_CHOWN,       /* a, number: uid, mode: gid, flags (AT_SYMLINK_NOFOLLOW) */
  TWIN_TRUNCATE,    /* a, number */
  TWIN_ACCESS,      /* a, mode */
  TWIN_READLINK,    /* a: text */
  TWIN_CHDIR,       /* a */
  TWIN_GETCWD,      /* text */
  TWIN_LIST,        /* a: text, names in the order that they come in */
  TWIN_WRITE,       /* a, number: offset, mode: length, flags (O_APPEND …): bytes written */
  TWIN_READ,        /* a, number: offset, mode: length: bytes read, text: checksum */
  TWIN_FALLOCATE,   /* a, number: offset, mode: length, flags: FALLOC_FL_* */
  TWIN_SEEK,        /* a, number: offset, flags: whence; text: where */
  TWIN_UTIMES,      /* a, number: seconds, flags: 1 now */
  TWIN_SETXATTR,    /* a, b: name, mode: length, flags */
  TWIN_GETXATTR,    /* a, b: name */
  TWIN_LISTXATTR,   /* a */
  TWIN_REMOVEXATTR, /* a, b */
  TWIN_MOUNT,       /* a: source, b: target, number: MS_*, mode: 1 tmpfs */
  TWIN_UMOUNT,      /* a, flags */
  TWIN_PIVOT,       /* a, b */
  TWIN_CHROOT,      /* a */
  TWIN_STATFS,      /* a: text, flags and type */
  TWIN_USER,        /* number: uid and gid; 0 is root again */
  TWIN_UMASK,       /* mode */
  TWIN_MMAP_WRITE,  /* a, number: offset, mode: byte: maps the page and stores a byte */
  TWIN_N,
} TwinKind;

typedef struct
{
  TwinKind kind;
  char a[512], b[256];
  gint64 number;
  guint32 flags, mode;
} TwinCall;

typedef struct
{
  gint64 result; /* or negative errno */
  char text[2048];
} TwinAnswer;

typedef struct Twin Twin;

/* NULL: the host allows no such thing here, and why. */
Twin *twin_new (const char **ret_why);
void twin_free (Twin *t);
/* Is the host side root, so that it can change users? */
gboolean twin_has_users (Twin *t);
SentryMountNamespace *twin_namespace (Twin *t);

/* Makes the call on both sides.  FALSE: they differ (reported with g_test_message). */
gboolean twin_call (Twin *t, const TwinCall *call, TwinAnswer *ret_answer);
/* The host's answer is also the expected one. */
void twin_expect (Twin *t, int line, gint64 result, const TwinCall *call);
#define EXPECT(t, result, ...) twin_expect (t, __LINE__, result, &(TwinCall){ __VA_ARGS__ })
#define SAME(t, ...) g_assert_true (twin_call (t, &(TwinCall){ __VA_ARGS__ }, NULL))

/* The sides by themselves. */
void twin_host_call (const TwinCall *call, TwinAnswer *answer);
typedef struct TwinSide TwinSide;
TwinSide *twin_side_new (SentryMountNamespace *ns);
void twin_side_free (TwinSide *s);
SentryCred *twin_side_cred (TwinSide *s);
void twin_side_call (TwinSide *s, const TwinCall *call, TwinAnswer *answer);

G_END_DECLS
