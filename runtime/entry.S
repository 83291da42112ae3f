// SPDX-License-Identifier: BSD-2-Clause
// The ways into the runtime and out of it: the TA's entry, the program's calls, leaving and resuming.
#define __ASSEMBLER__ 1
#include "rt.h"

	.hidden eh_current, eh_entry_c, eh_dispatch, eh_poll_c, eh_checks

	.macro each_pair op, base
	\op	q0, q1, [\base, #0]
	\op	q2, q3, [\base, #32]
	\op	q4, q5, [\base, #64]
	\op	q6, q7, [\base, #96]
	\op	q8, q9, [\base, #128]
	\op	q10, q11, [\base, #160]
	\op	q12, q13, [\base, #192]
	\op	q14, q15, [\base, #224]
	\op	q16, q17, [\base, #256]
	\op	q18, q19, [\base, #288]
	\op	q20, q21, [\base, #320]
	\op	q22, q23, [\base, #352]
	\op	q24, q25, [\base, #384]
	\op	q26, q27, [\base, #416]
	\op	q28, q29, [\base, #448]
	\op	q30, q31, [\base, #480]
	.endm

	.macro low_pairs op, base
	\op	x0, x1, [\base, #0]
	\op	x2, x3, [\base, #16]
	\op	x4, x5, [\base, #32]
	\op	x6, x7, [\base, #48]
	\op	x8, x9, [\base, #64]
	\op	x10, x11, [\base, #80]
	\op	x12, x13, [\base, #96]
	\op	x14, x15, [\base, #112]
	.endm

	.macro high_pairs op, base
	\op	x18, x19, [\base, #144]
	\op	x20, x21, [\base, #160]
	\op	x22, x23, [\base, #176]
	\op	x24, x25, [\base, #192]
	\op	x26, x27, [\base, #208]
	\op	x28, x29, [\base, #224]
	.endm

// what eh_resume takes back
	.macro park
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	.endm

	.macro function name
	.globl	\name
	.hidden	\name
	.type	\name, %function
\name:
	.endm

	.section .text.entry, "ax"
	.globl	_ta_entry
	.type	_ta_entry, %function
// x0 function, x1 session, x2 parameters, x3 command, on the TA's stack
_ta_entry:
	mov	x29, #0
	mov	x30, #0
	msr	tpidr_el0, xzr
	b	eh_entry_c

	.text
// Reached by `bl` from a stub that has pushed the program's x17 and x30. Everything is given back as it
// was, but for x0.
	.globl	eh_sys_enter
	.type	eh_sys_enter, %function
eh_sys_enter:
	adrp	x17, eh_current
	ldr	x17, [x17, :lo12:eh_current]
	low_pairs stp, x17
	str	x16, [x17, #128]
	high_pairs stp, x17
	mov	x16, sp
	stp	x30, x16, [x17, #240]
	mrs	x16, nzcv
	mrs	x18, tpidr_el0
	stp	x16, x18, [x17, #(EH_CONTEXT_SP + 8)]
	ldr	x16, [x17, #EH_CONTEXT_STACK_TOP]
	mov	sp, x16
	mov	x29, #0
	mov	x0, x17
	bl	eh_dispatch
	.globl	eh_sys_return
	.hidden	eh_sys_return
eh_sys_return:
	adrp	x17, eh_current
	ldr	x17, [x17, :lo12:eh_current]
	ldp	x16, x18, [x17, #(EH_CONTEXT_SP + 8)]
	msr	nzcv, x16
	msr	tpidr_el0, x18
	ldp	x30, x16, [x17, #240]
	mov	sp, x16
	high_pairs ldp, x17
	ldr	x16, [x17, #128]
	low_pairs ldp, x17
	ret

// Reached by `bl` from a check that has pushed the program's x16 and x30. The context holds every register
// of the program as it was before that, and pc where the check goes on; all are given back from there.
	.globl	eh_poll
	.type	eh_poll, %function
eh_poll:
	stp	x0, x1, [sp, #-16]!
	adrp	x16, eh_checks
	ldr	w0, [x16, :lo12:eh_checks]
	sub	w0, w0, #1
	str	w0, [x16, :lo12:eh_checks]
	tbz	w0, #31, 1f		// not yet
	ldp	x0, x1, [sp], #16
	adrp	x16, eh_current
	ldr	x16, [x16, :lo12:eh_current]
	low_pairs stp, x16
	ldp	x0, x1, [sp], #16
	stp	x0, x17, [x16, #128]
	high_pairs stp, x16
	mov	x2, sp
	stp	x1, x2, [x16, #240]
	mrs	x0, nzcv
	mrs	x1, tpidr_el0
	stp	x0, x1, [x16, #(EH_CONTEXT_SP + 8)]
	str	x30, [x16, #EH_CONTEXT_PC]
	ldr	x0, [x16, #EH_CONTEXT_STACK_TOP]
	mov	sp, x0
	mov	x29, #0
	mov	x0, x16
	bl	eh_poll_c
	.globl	eh_check_return
	.hidden	eh_check_return
eh_check_return:
	adrp	x16, eh_current
	ldr	x16, [x16, :lo12:eh_current]
	ldp	x0, x1, [x16, #(EH_CONTEXT_SP + 8)]
	msr	nzcv, x0
	msr	tpidr_el0, x1
	ldp	x1, x2, [x16, #240]
	mov	sp, x2
	ldp	x0, x17, [x16, #128]
	stp	x0, x1, [sp, #-16]!
	ldr	x30, [x16, #EH_CONTEXT_PC]
	high_pairs ldp, x16
	low_pairs ldp, x16
	ret
1:	ldp	x0, x1, [sp], #16
	ret

// eh_run_on(stack_top, body)
function eh_run_on
	mov	sp, x0
	mov	x29, #0
	mov	x30, #0
	br	x1

// eh_start_program(entry, sp): as Linux enters a program, every register zero
function eh_start_program
	mov	sp, x1
	mov	x16, x0
	msr	tpidr_el0, xzr
	msr	fpsr, xzr
	msr	fpcr, xzr
	bl	scrub_fp
	bl	scrub
	mov	x0, #0
	mov	x30, #0
	br	x16

// eh_leave(result): park here and return from InvokeCommand; nothing of the program stays in a register
function eh_leave
	park
	adrp	x1, eh_current
	ldr	x1, [x1, :lo12:eh_current]
	mov	x2, sp
	str	x2, [x1, #EH_CONTEXT_PARKED_SP]
// eh_return(result): the end of an entry
function eh_return
	msr	tpidr_el0, xzr
	msr	fpsr, xzr
	msr	fpcr, xzr
	bl	scrub_fp
	bl	scrub
	mov	x16, #0
	mov	x30, #0
	mov	x8, #0
	svc	#0
	brk	#0

// eh_resume(): back into the eh_leave of eh_current
function eh_resume
	adrp	x1, eh_current
	ldr	x1, [x1, :lo12:eh_current]
	ldr	x2, [x1, #EH_CONTEXT_PARKED_SP]
	mov	sp, x2
	ldp	x27, x28, [sp, #80]
	ldp	x25, x26, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #96
	ret

// eh_switch(to): park here, and go on where `to` was parked
function eh_switch
	park
	adrp	x1, eh_current
	ldr	x2, [x1, :lo12:eh_current]
	mov	x3, sp
	str	x3, [x2, #EH_CONTEXT_PARKED_SP]
	str	x0, [x1, :lo12:eh_current]
	b	eh_resume

// Where a new thread goes on: out of the call that made it
function eh_thread_begin
	adrp	x0, eh_current
	ldr	x0, [x0, :lo12:eh_current]
	add	x0, x0, #EH_CONTEXT_FP
	bl	eh_fp_load
	b	eh_sys_return

// A handler begins: x16 is its address; behind it the call that ends it, through the same way as a stub's
function eh_handler_begin
	adr	x30, 1f
	br	x16
1:	mov	x8, #139
	stp	x17, x30, [sp, #-16]!
	bl	eh_sys_enter
	brk	#0

// A handler has changed where the program goes on: that address and x30 were pushed
function eh_go_elsewhere
	ldp	x17, x30, [sp], #16
	br	x17

// zero x1-x15, x17-x29
scrub:
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,17,18,19,20,21,22,23,24,25,26,27,28,29
	mov	x\n, #0
	.endr
	ret

scrub_fp:
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	movi	v\n\().2d, #0
	.endr
	ret

function eh_fp_save
	each_pair stp, x0
	mrs	x1, fpsr
	mrs	x2, fpcr
	add	x0, x0, #512
	stp	x1, x2, [x0]
	ret

function eh_fp_load
	each_pair ldp, x0
	add	x0, x0, #512
	ldp	x1, x2, [x0]
	msr	fpsr, x1
	msr	fpcr, x2
	ret

// eh_wide_copy(to, from, size): size a multiple of 64, more than 0
function eh_wide_copy
1:	ldp	q0, q1, [x1]
	ldp	q2, q3, [x1, #32]
	add	x1, x1, #64
	stp	q0, q1, [x0]
	stp	q2, q3, [x0, #32]
	add	x0, x0, #64
	subs	x2, x2, #64
	b.ne	1b
	ret

// eh_svc(a0..a7, number): a utee call
function eh_svc
	ldr	x8, [sp]
	svc	#0
	ret
