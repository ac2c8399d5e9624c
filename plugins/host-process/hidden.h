/* Layout of the hidden region of each guest host-process; read by C and by assembly.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The top 4 GiB of the user half: one compare of an address's high word tells hidden from guest.
 * Guest mappings end where it begins. */
#define HIDDEN_BASE 0x7fff00000000
#define HIDDEN_HIGH_WORD 0x7fff
#define HIDDEN_USER_TOP 0x7ffffffff000
#define HIDDEN_GUEST_MIN 0x10000

/* One page, read and execute only: the code below.  The page under it stays empty. */
#define HIDDEN_CODE 0x7fff00001000
#define HIDDEN_CODE_SIZE 0x1000
/* Read-write, private, one for an address space.  The guest can reach it: nothing in it is ever
 * trusted.  The first part holds message headers (hidden-code.S), the others signal frames, one
 * thread in each (platform-ptrace/event.c). */
#define HIDDEN_SCRATCH 0x7fff00010000
#define HIDDEN_SCRATCH_PART 0x4000
#define HIDDEN_SCRATCH_PARTS 16
#define HIDDEN_SCRATCH_SIZE (HIDDEN_SCRATCH_PART * HIDDEN_SCRATCH_PARTS)
#define HIDDEN_SCRATCH_TOP 0x7fff00050000

/* Offsets of the entries in the code page; hidden-code.S says what each does. */
#define HIDDEN_AT_CALL 0x000
#define HIDDEN_AT_CMPXCHG 0x020
#define HIDDEN_AT_MAP_FD 0x040
#define HIDDEN_AT_BIRTH 0x140
#define HIDDEN_AT_PARK 0x160
#define HIDDEN_AT_DIE 0x1a0
#define HIDDEN_AT_FINISH 0x1c0

/* Descriptors of a guest host-process: the receiving ends of the sockets that bring descriptors,
 * then one free slot, in which a descriptor arrives, is mapped and closed; RLIMIT_NOFILE allows no
 * further one. */
#define HIDDEN_SOCKETS 8
#define HIDDEN_SLOT HIDDEN_SOCKETS
