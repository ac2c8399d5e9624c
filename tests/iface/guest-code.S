/* Guest code for the Platform suite: position independent, no data of its own, copied into guest memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

        .macro  code name
        .section .rodata.guest, "a", @progbits
        .balign 16
        .globl  guest_\name, guest_\name\()_end
guest_\name:
        .endm
        .macro  endcode name
guest_\name\()_end:
        .endm

        code    syscalls                /* one system call after another */
1:      syscall
        jmp     1b
        endcode syscalls

        code    push                    /* shows rcx, r11 and the flags, which a call itself changes, on the stack */
        pushq   %rcx
        pushq   %r11
        pushfq
        syscall
        endcode push

        code    spin
1:      jmp     1b
        endcode spin

        code    count                   /* (rdi)++ for ever */
1:      incq    (%rdi)
        jmp     1b
        endcode count

        code    load                    /* rax = (rdi); call */
1:      movq    (%rdi), %rax
        syscall
        jmp     1b
        endcode load

        code    store                   /* (rdi) = rsi; call */
1:      movq    %rsi, (%rdi)
        syscall
        jmp     1b
        endcode store

        code    jump
        jmp     *%rdi
        endcode jump

        code    divide
        xorl    %ecx, %ecx
        divl    %ecx
        endcode divide

        code    undefined
        ud2
        endcode undefined

        code    breakpoint
        int3
        nop
        endcode breakpoint

        code    privileged
        hlt
        endcode privileged

        code    noncanonical
        movabsq $0x8000000000000000, %rdi
        movq    (%rdi), %rax
        endcode noncanonical

        code    steps                   /* single steps over these */
        incq    %rax
        incq    %rbx
        syscall
        incq    %rbx
        nop
        endcode steps

        code    int80
        int     $0x80
        endcode int80

        code    call                    /* call *rdi, then a system call */
        call    *%rdi
        syscall
        endcode call

        code    vectors                 /* spreads rdi over registers that only xstate holds, then a call; then adds */
        movq    %rdi, %xmm0
        movq    %rdi, %xmm15
        fildll  (%rsi)
        syscall
        paddq   %xmm15, %xmm0
        movq    %xmm0, %rdi
        fistpll (%rsi)
        syscall
        endcode vectors

        code    locked                  /* lock incl (rdi), rsi times, by compare-and-exchange; then a call */
1:      movl    (%rdi), %eax
2:      leal    1(%eax), %ecx
        lock cmpxchgl %ecx, (%rdi)
        jne     2b
        decq    %rsi
        jnz     1b
        syscall
        endcode locked

        code    repeat                  /* counts calls in (rdi); each result must be rsi, else it traps */
1:      movq    $39, %rax
        syscall
        cmpq    %rax, %rsi
        jne     2f
        incq    (%rdi)
        jmp     1b
2:      ud2
        endcode repeat

        .section .note.GNU-stack, "", @progbits
