/* Layouts of amd64 Linux that file system calls exchange with guests.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the kernel writes, which isn't always what glibc's headers of the same name say.  Reserved
 * members are zero. */

typedef struct
{
  gint64 tv_sec, tv_nsec;
} SentryAbiTimespec;

typedef struct
{
  gint64 tv_sec, tv_usec;
} SentryAbiTimeval;

/* stat, lstat, fstat, newfstatat. */
typedef struct
{
  guint64 st_dev, st_ino, st_nlink;
  guint32 st_mode, st_uid, st_gid, reserved0;
  guint64 st_rdev;
  gint64 st_size, st_blksize, st_blocks;
  SentryAbiTimespec st_atim, st_mtim, st_ctim;
  gint64 reserved[3];
} SentryAbiStat;

typedef struct
{
  gint64 tv_sec;
  guint32 tv_nsec;
  gint32 reserved;
} SentryAbiStatxTimestamp;

typedef struct
{
  guint32 stx_mask, stx_blksize;
  guint64 stx_attributes;
  guint32 stx_nlink, stx_uid, stx_gid;
  guint16 stx_mode, reserved0;
  guint64 stx_ino, stx_size, stx_blocks, stx_attributes_mask;
  SentryAbiStatxTimestamp stx_atime, stx_btime, stx_ctime, stx_mtime;
  guint32 stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
  guint64 stx_mnt_id;
  guint32 stx_dio_mem_align, stx_dio_offset_align;
  guint64 stx_subvol;
  guint32 stx_atomic_write_unit_min, stx_atomic_write_unit_max;
  guint32 stx_atomic_write_segments_max, stx_dio_read_offset_align;
  guint32 stx_atomic_write_unit_max_opt, reserved1;
  guint64 reserved[8];
} SentryAbiStatx;

typedef struct
{
  gint64 f_type, f_bsize;
  guint64 f_blocks, f_bfree, f_bavail, f_files, f_ffree;
  gint32 f_fsid[2];
  gint64 f_namelen, f_frsize, f_flags;
  gint64 reserved[4];
} SentryAbiStatfs;

/* getdents64: d_reclen counts the head, the name, its NUL, and rounds up to 8. */
typedef struct
{
  guint64 d_ino;
  gint64 d_off;
  guint16 d_reclen;
  guint8 d_type;
  char d_name[];
} SentryAbiDirent64;
#define SENTRY_ABI_DIRENT64_NAME 19 /* offset of d_name, which sizeof does not say */

/* getdents: the type is the record's last byte. */
typedef struct
{
  guint64 d_ino, d_off;
  guint16 d_reclen;
  char d_name[];
} SentryAbiDirent;
#define SENTRY_ABI_DIRENT_NAME 18

/* fcntl locks. */
typedef struct
{
  gint16 l_type, l_whence;
  guint32 reserved0;
  gint64 l_start, l_len;
  gint32 l_pid;
  guint32 reserved1;
} SentryAbiFlock;

typedef struct
{
  gint32 type, pid;
} SentryAbiOwnerEx;

typedef struct
{
  gint32 fd;
  gint16 events, revents;
} SentryAbiPollfd;

typedef struct
{
  guint32 events;
  guint64 data;
} __attribute__ ((packed)) SentryAbiEpollEvent;

/* Followed by the name, padded with NULs. */
typedef struct
{
  gint32 wd;
  guint32 mask, cookie, len;
} SentryAbiInotifyEvent;

typedef struct
{
  guint64 iov_base, iov_len;
} SentryAbiIovec;

typedef struct
{
  guint64 flags, mode, resolve;
} SentryAbiOpenHow;

typedef struct
{
  guint64 attr_set, attr_clr, propagation, userns_fd;
} SentryAbiMountAttr;

typedef struct
{
  guint64 off, len;
} SentryAbiCachestatRange;

typedef struct
{
  guint64 nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted;
} SentryAbiCachestat;

/* setxattrat, getxattrat. */
typedef struct
{
  guint64 value;
  guint32 size, flags;
} SentryAbiXattrArgs;

/* file_getattr, file_setattr. */
typedef struct
{
  guint64 fa_xflags;
  guint32 fa_extsize, fa_nextents, fa_projid, fa_cowextsize;
} SentryAbiFileAttr;

typedef struct
{
  guint32 handle_bytes;
  gint32 handle_type;
  guint8 f_handle[];
} SentryAbiFileHandle;

/* TCGETS, TCSETS: glibc's struct termios has more. */
#define SENTRY_ABI_NCCS 19
typedef struct
{
  guint32 c_iflag, c_oflag, c_cflag, c_lflag;
  guint8 c_line, c_cc[SENTRY_ABI_NCCS];
} SentryAbiTermios;

/* TCGETS2. */
typedef struct
{
  guint32 c_iflag, c_oflag, c_cflag, c_lflag;
  guint8 c_line, c_cc[SENTRY_ABI_NCCS];
  guint32 c_ispeed, c_ospeed;
} SentryAbiTermios2;

/* TCGETA. */
typedef struct
{
  guint16 c_iflag, c_oflag, c_cflag, c_lflag;
  guint8 c_line, c_cc[8], reserved;
} SentryAbiTermio;

typedef struct
{
  guint16 ws_row, ws_col, ws_xpixel, ws_ypixel;
} SentryAbiWinsize;

typedef struct
{
  guint64 msg_name;
  gint32 msg_namelen;
  guint32 reserved0;
  guint64 msg_iov, msg_iovlen, msg_control, msg_controllen;
  guint32 msg_flags, reserved1;
} SentryAbiMsghdr;

typedef struct
{
  SentryAbiMsghdr msg_hdr;
  guint32 msg_len, reserved;
} SentryAbiMmsghdr;

typedef struct
{
  guint64 cmsg_len;
  gint32 cmsg_level, cmsg_type;
} SentryAbiCmsghdr;

typedef struct
{
  gint64 actime, modtime;
} SentryAbiUtimbuf;

/* pselect6 and io_pgetevents: the sixth argument. */
typedef struct
{
  guint64 sigmask, sigsetsize;
} SentryAbiSigsetArg;

G_END_DECLS
