// SPDX-License-Identifier: BSD-2-Clause
// What every file of the runtime shares: the context of a thread, the way out and in, utee calls, strings.
//
// The runtime holds no pointer in initialised data (nothing relocates it) and uses no FP register in C, so
// that a call served inside need not save them.
#pragma once
#define EH_CONTEXT_SP 248 // byte offsets in struct eh_context that entry.S uses
#define EH_CONTEXT_TPIDR 264
#define EH_CONTEXT_STACK_TOP 272
#define EH_CONTEXT_PARKED_SP 280
#define EH_CONTEXT_PC 304
#define EH_CONTEXT_FP 320
#define EH_COUNTER_CALL 0x1000 // pseudo calls, reached through eh_sys_enter as Linux calls are
#define EH_SERVICE_NEXT 0x1001
#define EH_SERVICE_REPLY 0x1002
#define EH_SERVICE_UTEE 0x1003

#ifndef __ASSEMBLER__
#include "generated/calls.h"
#include "generated/container.h"
#include "types.h"

// A thread of the program. Its registers are valid while the runtime serves one of its calls.
struct eh_context {
    u64 x[31]; // in a call x[17] is not kept here: the stub has pushed it on the stack, beside its x30
    u64 sp;
    u64 nzcv;
    u64 tpidr;
    u64 stack_top; // the runtime's own stack for this thread
    u64 parked_sp; // where eh_leave parked it
    u32 tid;
    u32 fp_saved; // fp[] holds the FP registers, which the runtime may therefore use
    u64 clear_tid;
    u64 pc; // at a check: where the program goes on; every register of it is here
    u64 reserved;
    u64 fp[66]; // q0-q31, FPSR, FPCR
    struct eh_context *next;    // thread.c: the ring of all
    u32 state, timed_out;       // whether it can run; how its last wait ended
    u64 deadline;               // of its wait
    struct eh_request *request; // whose answer it waits for
    u32 for_room, futex_bits;   // it waits for room for a request; futex.c
    u64 blocked, signals;       // signals.c: what it blocks, what waits for it
    u64 suspended_mask, alternate[3];
    u32 suspended, interrupted; // its mask is that of its call alone; a signal ended its wait
    u64 awaited;                // signals that its call waits for
    u32 answered, once; // how its last wait ended; its call is not made again when a signal has interrupted it
    u64 denials, delegated;     // of its calls
    u64 futex, arrival, robust; // the word that it waits at, 0: none; who came first; its list of mutexes
} __attribute__((aligned(16)));
_Static_assert(__builtin_offsetof(struct eh_context, sp) == EH_CONTEXT_SP, "sp");
_Static_assert(__builtin_offsetof(struct eh_context, tpidr) == EH_CONTEXT_TPIDR, "tpidr");
_Static_assert(__builtin_offsetof(struct eh_context, stack_top) == EH_CONTEXT_STACK_TOP, "stack_top");
_Static_assert(__builtin_offsetof(struct eh_context, parked_sp) == EH_CONTEXT_PARKED_SP, "parked_sp");
_Static_assert(__builtin_offsetof(struct eh_context, pc) == EH_CONTEXT_PC, "pc");
_Static_assert(__builtin_offsetof(struct eh_context, fp) == EH_CONTEXT_FP, "fp");

struct eh_image_config {
    struct eh_config head;
    struct eh_segment segments[EH_MAX_SEGMENTS];
    struct eh_image images[EH_MAX_IMAGES];
};

extern const u8 ta_head[];               // the image's start
extern struct eh_image_config eh_config; // written by the packer
extern struct eh_context *eh_current;    // the thread whose call is served
extern const struct eh_call eh_call_table[];

#define EH_BASE ((u64)ta_head)

// entry.S
void eh_run_on(u64 stack_top, void (*body)(void)) EH_NORETURN; // body runs on another stack
void eh_start_program(u64 entry, u64 sp) EH_NORETURN;          // all other registers zero
void eh_leave(u32 result); // return `result` from InvokeCommand; comes back when eh_resume is called
void eh_return(u32 result) EH_NORETURN; // the same for good
void eh_resume(void) EH_NORETURN;       // into the eh_leave of eh_current
void eh_switch(struct eh_context *to);  // `to` goes on where it was parked; comes back likewise
void eh_thread_begin(void);             // where a new thread goes on
void eh_sys_return(void) EH_NORETURN;   // out of a call, as eh_current says
void eh_check_return(void) EH_NORETURN; // out of a check
void eh_handler_begin(void);            // a handler is entered: its address is in x16
void eh_go_elsewhere(void);             // a handler has said where to go on
void eh_fp_save(u64 *fp);
void eh_fp_load(const u64 *fp);
void eh_wide_copy(void *to, const void *from, u64 size); // multiples of 64; only between fp_save and fp_load
u32 eh_svc(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6, u64 a7, u64 number);

// string.c
void *memcpy(void *to, const void *from, unsigned long size);
void *memmove(void *to, const void *from, unsigned long size);
void *memset(void *to, int byte, unsigned long size);
int memcmp(const void *a, const void *b, unsigned long size);
u64 eh_length(const char *text);
int eh_holds_nul(const char *text, u64 size);
int eh_equal(const char *a, u64 a_size, const char *b, u64 b_size);
u64 eh_print_unsigned(char *to, u64 value); // decimal digits, no NUL; the number of bytes written (<= 20)
u64 eh_print_hex(char *to, const u8 *bytes, u64 size);
void eh_copy(void *to, const void *from, u64 size); // as memcpy, wide when FP registers are saved

// utee.c: results are TEE_Result
enum {
    TEE_SUCCESS = 0,
    TEE_ERROR_ACCESS_DENIED = 0xffff0001,
    TEE_ERROR_ACCESS_CONFLICT = 0xffff0003,
    TEE_ERROR_BAD_PARAMETERS = 0xffff0006,
    TEE_ERROR_BAD_STATE = 0xffff0007,
    TEE_ERROR_ITEM_NOT_FOUND = 0xffff0008,
    TEE_ERROR_OUT_OF_MEMORY = 0xffff000c,
    TEE_ERROR_TARGET_DEAD = 0xffff3024,
};
void utee_log(const char *text, u64 size);
void utee_panic(u32 code) EH_NORETURN;
void utee_random(void *to, u64 size);
void utee_wait(u32 milliseconds);
u64 utee_monotonic_ms(void);
u64 utee_ree_ms(void);
u64 utee_map_zero(u64 size, u64 address); // fresh zero pages at `address` (0: anywhere); 0 when refused
#define LOGIN_UNKNOWN 0xffffffffu
u32 utee_client_login(void);     // login type of the session's client, or LOGIN_UNKNOWN
u32 utee_unique_key(const char *purpose, u8 key[32]); // of this TA on this device
u32 utee_sha256(const void *data, u64 size, u8 hash[32]);
u32 utee_mac_open(const u8 key[32], u32 *state);
u32 utee_mac_start(u32 state);
u32 utee_mac_add(u32 state, const void *data, u64 size);
u32 utee_mac_finish(u32 state, u8 mac[32]);
u32 utee_object_read(const char *name, u64 name_size, void *data, u64 size, u64 *count);
u32 utee_object_write(const char *name, u64 name_size, const void *data, u64 size);

// entry.c: what the last InvokeCommand brought
struct eh_entry {
    u64 session;
    u64 command;
    u64 types;
    u64 params[8];
    u64 *raw; // where the core reads what the TA gives back: types, then params
};
extern struct eh_entry eh_entry;
extern enum eh_life { LIFE_NEW, LIFE_RUNNING, LIFE_IDLE, LIFE_ENDED } eh_life; // IDLE: waits for a command

// start.c, dispatch.c, thread.c
u32 eh_start_prepare(const struct eh_entry *entry); // TEE_SUCCESS, or why START is refused
void eh_start_run(void);                            // on the runtime's stack; does not return
void eh_dispatch(struct eh_context *c);
void eh_thread_init(u32 tid);
void eh_check_stack(void);
void eh_fp_out(void); // save the FP registers of eh_current once
void eh_fatal(u32 code, u64 value) EH_NORETURN;
void eh_exit(u32 status) EH_NORETURN; // by a call
void eh_end(u32 status) EH_NORETURN;

// poll.c
extern const volatile u32 *eh_stop;     // what a check of a stoppable program looks at
extern s32 eh_checks;                   // how many of them may yet find it set before eh_poll_c
void eh_poll_c(struct eh_context *c);
void poll_changed(void);                // there are other threads, or none; a timer runs, or none
void poll_asked(void);                  // do what that word asks for, if anything
void poll_at(const volatile u32 *stop); // where the word lies now; 0: nowhere

// service.c
u32 eh_service_enter(const struct eh_entry *entry, u32 function); // returns only when nothing waits for it
s64 eh_service_next(struct eh_context *c);
s64 eh_service_reply(struct eh_context *c);
s64 eh_service_utee(struct eh_context *c);
int eh_service_busy(void); // a command of a client is being served: the control block is not there
int eh_is_ta(void);        // the image is a TA of its own: there never is a control block
u32 eh_ta_enter(const struct eh_entry *entry, u32 function);     // as eh_service_enter; the first one starts it
void eh_ta_end(u32 status, u32 code, u64 value) EH_NORETURN; // of such an image: says so, and panics
#endif
