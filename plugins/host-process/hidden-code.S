/* The code of the hidden region: all that a guest host-process ever executes besides guest code.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * It works in registers that the tracer sets while the thread is stopped, so other threads of the guest, which can
 * write every writable byte around it, can't steer it.  It runs at HIDDEN_CODE, read-only, and is copied there by the
 * template.  Each entry ends in a breakpoint, at which the tracer takes over. */
#include "hidden.h"
#include <asm/unistd.h>

#define MSG_DONTWAIT 0x40
#define PR_SET_PDEATHSIG 1
#define SIGKILL 9

        .section .rodata.hidden, "a", @progbits
        .globl hidden_code, hidden_code_end
hidden_code:

/* One host call: number and arguments stand where the host wants them. */
        .org HIDDEN_AT_CALL
        syscall
        int3

/* Futex words: eax expected, ecx desired, rdi address; eax found. */
        .org HIDDEN_AT_CMPXCHG
        lock cmpxchgl %ecx, (%rdi)
        int3

/* Receives a descriptor, maps it, closes it.  ebx socket, r15 scratch, r12 address, r13 length, r14 protection, r10
 * flags, r9 offset.  rax: mmap's result; rbx: -1 once something was received.  The message header lies in scratch
 * memory, but another thread that changes it only misdirects a write of the host into its own address space; the
 * number of the descriptor isn't read from there: it's always the only free one. */
        .org HIDDEN_AT_MAP_FD
        xorl    %eax, %eax
        movq    %rax, 0x00(%r15)        /* msg_name */
        movq    %rax, 0x08(%r15)        /* msg_namelen */
        leaq    0x40(%r15), %rcx
        movq    %rcx, 0x10(%r15)        /* msg_iov */
        movq    $1, 0x18(%r15)          /* msg_iovlen */
        leaq    0x80(%r15), %rcx
        movq    %rcx, 0x20(%r15)        /* msg_control */
        movq    $24, 0x28(%r15)         /* msg_controllen: one descriptor */
        movq    %rax, 0x30(%r15)        /* msg_flags */
        leaq    0xc0(%r15), %rcx
        movq    %rcx, 0x40(%r15)        /* iov_base */
        movq    $1, 0x48(%r15)          /* iov_len */
        movl    %ebx, %edi
        movq    %r15, %rsi
        movl    $MSG_DONTWAIT, %edx
        movl    $__NR_recvmsg, %eax
        syscall
        testq   %rax, %rax
        js      1f
        movq    %r12, %rdi
        movq    %r13, %rsi
        movq    %r14, %rdx
        movl    $HIDDEN_SLOT, %r8d
        movl    $__NR_mmap, %eax
        syscall
        movq    %rax, %r12
        movl    $HIDDEN_SLOT, %edi
        movl    $__NR_close, %eax
        syscall
        movq    %r12, %rax
        movq    $-1, %rbx
1:      int3

/* clone: rdi … r8 its arguments, r12d the sentry's process id.  The child parks itself. */
        .org HIDDEN_AT_BIRTH
        movl    $__NR_clone, %eax
        syscall
        testq   %rax, %rax
        jz      park
        int3

/* Where a process waits that nobody traces.  First of all it asks to die with its parent thread, then looks whether
 * that has happened already: between the two no death is missed. */
        .org HIDDEN_AT_PARK
park:   movl    $__NR_prctl, %eax
        movl    $PR_SET_PDEATHSIG, %edi
        movl    $SIGKILL, %esi
        syscall
        movl    $__NR_getppid, %eax
        syscall
        cmpl    %r12d, %eax
        jne     die
1:      movl    $__NR_pause, %eax
        syscall
        jmp     1b

/* Also the handler of those signals whose frames the tracer wants to see: without a tracer they're fatal. */
        .org HIDDEN_AT_DIE
die:    xorl    %edi, %edi
        movl    $__NR_exit_group, %eax
        syscall
        hlt

/* The template's last steps: drops all the rest of the address space, its own stack and code included, and tells its
 * tracer.  r12d the sentry's process id; the result of each step is added up in rbx. */
        .org HIDDEN_AT_FINISH
        xorl    %ebx, %ebx
        xorl    %edi, %edi
        movq    $HIDDEN_CODE, %rsi
        movl    $__NR_munmap, %eax
        syscall
        orq     %rax, %rbx
        movq    $(HIDDEN_CODE + HIDDEN_CODE_SIZE), %rdi
        movl    $(HIDDEN_SCRATCH - HIDDEN_CODE - HIDDEN_CODE_SIZE), %esi
        movl    $__NR_munmap, %eax
        syscall
        orq     %rax, %rbx
        movq    $HIDDEN_SCRATCH_TOP, %rdi
        movq    $(HIDDEN_USER_TOP - HIDDEN_SCRATCH_TOP), %rsi
        movl    $__NR_munmap, %eax
        syscall
        orq     %rax, %rbx
        int3
hidden_code_end:

        .section .note.GNU-stack, "", @progbits
