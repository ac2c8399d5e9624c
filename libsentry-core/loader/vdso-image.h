/* The vDSO's bytes, from loader/vdso. SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

extern const unsigned char sentry_vdso_bytes[];
extern const unsigned long sentry_vdso_n_bytes;
