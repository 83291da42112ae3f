// SPDX-License-Identifier: BSD-2-Clause
// Requests to the normal world and their answers. A request is opened (room is reserved; this may leave the
// TEE), its input is written, and sent; its output may be read until the next request is opened.
#pragma once
#include "rt.h"

struct eh_path {
    u32 length; // without the NUL
    char text[EH_PATH_MAX];
};

struct eh_request {
    u32 row;  // ROW_*: the call, the errors it may answer, what its result may be
    u32 rule; // AUDIT_*: the word of the policy that allowed it
    u64 args[6];
    const struct eh_path *paths[2];
    u32 in_length, out_capacity;
    u64 key; // a futex_wake() of it takes the request back; 0: nobody's
    u32 again; // it was taken back before
    // from here on wire.c's own
    u32 slot, id, window, sent;
    u32 in_offset, out_offset, path_offset[2];
    s64 result;
    u64 value;
};

// What START told, checked and copied once.
struct eh_start {
    u32 flags, argc, envc, umask;
    u32 pid, ppid, uid, euid, gid, egid;
    u8 log[16]; // AUDIT_CONTINUE: the id of the log that goes on
};
extern struct eh_start eh_start;

struct eh_counts { // since START
    u64 served, delegated, denials;
};
extern struct eh_counts eh_counts;

u32 wire_begin(const struct eh_entry *entry);  // START: TEE_SUCCESS or why it is refused
u32 wire_attach(const struct eh_entry *entry); // every entry: where the control block and the window lie now
void wire_leave_for(u64 patience); // until an answer is there, or so many nanoseconds have passed; 0: no limit
int wire_pending(void);            // whether a request is outstanding
int wire_can_withdraw(const struct eh_request *r); // nothing has been done for it before it is answered
void wire_withdraw(struct eh_request *r);
int wire_was_outside(const struct eh_request *r); // the normal world could have answered it
int wire_answered(struct eh_request *r);
void wire_leave(u32 state);                    // back to the normal world until it resumes
void wire_finish(u32 status, u32 code, u64 value) EH_NORETURN; // the program has ended; code 0: by itself

u64 wire_most(void);  // most bytes of input or output that one request can carry
u64 wire_small(void); // the same without the window, with no path
#define TAKEN_BACK (-1000ll) // what wire_send() says of a request that is to be made again: nothing was done
s64 wire_open(struct eh_request *r);
u8 *wire_input(const struct eh_request *r);
s64 wire_send(struct eh_request *r, u64 limit); // limit: largest result that makes sense
const u8 *wire_output(const struct eh_request *r);
s64 wire_call(struct eh_request *r, u64 limit); // open and send, without input
s64 wire_answer(const struct eh_row *row, s64 result, u64 limit, int *violated); // pure
s64 wire_violated(u32 rule); // note it; the errno that the program gets
void wire_denied(u32 rule);
void wire_killed(u32 signal);  // what the program ends by
void wire_detach(void); // a client's command is served: the control block is not there

struct eh_log { // the log area
    u8 *at;     // 0 while the control block is not there
    u32 size, used;
};
struct eh_log *wire_log(void);

// log.c
void log_room(u32 length); // make sure that a record of `length` bytes fits; leaves the TEE if it must
void log_append(u32 kind, const void *body, u32 length);
u32 log_capacity(void);
