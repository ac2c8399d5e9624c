/* How tables of names are written. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "strace/names.h"

/* A constant under its own name; one with another name or value. */
#define N(constant)                                                                                \
  {                                                                                                \
    (guint64) (constant), (guint64) (constant), #constant                                          \
  }
#define M(value, mask, name)                                                                       \
  {                                                                                                \
    (guint64) (value), (guint64) (mask), name                                                      \
  }
#define V(value, name)                                                                             \
  {                                                                                                \
    (guint64) (value), (guint64) (value), name                                                     \
  }

/* NAMES (open, "O_???", N (O_CREAT), …): defines sentry_names_open. */
#define NAMES(set, unknown_, ...)                                                                  \
  static const SentryName set##_names[] = { __VA_ARGS__ };                                         \
  const SentryNames sentry_names_##set                                                             \
      = { .unknown = (unknown_), .names = set##_names, .n_names = G_N_ELEMENTS (set##_names) }
