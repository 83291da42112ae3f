// SPDX-License-Identifier: BSD-2-Clause
// The control block and the window. The normal world may change any word of them at any time: each word is
// read once, into a copy, and the copy is bounded before it is used. All offsets are the runtime's own.
#include "wire.h"
#include "audit.h"
#include "memory.h"
#include "process.h"
#include "thread.h"

#define TURN 5000000ull // nanoseconds that a request which waits keeps its room when others want it

struct eh_start eh_start;
struct eh_counts eh_counts;
static struct {
    u8 *control, *window; // where they lie during this entry; window is 0 when it is not attached
    u32 control_size, data_offset, data_size, log_offset, window_size;
    u32 next_id, pending, want_window, leaves;
    u32 window_taken; // the id of the request that has it; 0: nobody's
    u64 patience;
    struct eh_log log;
    u32 status, exit_signal, fatal_code;
    u64 fatal_value;
    u32 denied, violated;
    struct {
        u32 id, from, to; // id 0: free; the part of the data area that the request holds
    } slots[EH_SLOT_COUNT];
} wire;

enum { MEMREF_IN = 5, MEMREF_INOUT = 7 };
static u32 type_of(const struct eh_entry *e, u32 index) { return e->types >> (4 * index) & 15; }

u32 wire_begin(const struct eh_entry *e) {
    u64 size = e->params[1];
    if (type_of(e, 0) != MEMREF_INOUT || (e->params[0] & 7) || size < EH_CONTROL_MIN_SIZE || size >> 31)
        return TEE_ERROR_BAD_PARAMETERS;
    struct eh_control c;
    memcpy(&c, (const void *)e->params[0], __builtin_offsetof(struct eh_control, state));
    u64 slots_end = EH_SLOTS_OFFSET + EH_SLOT_COUNT * sizeof(struct eh_slot);
    u64 data_end = (u64)c.data_offset + c.data_size, log_end = (u64)c.log_offset + c.log_size;
    if (c.magic != EH_CONTROL_MAGIC || c.version != EH_VERSION || c.size != size ||
        c.data_offset < slots_end || data_end > size || ((c.data_offset | c.log_offset) & 7) ||
        c.data_size < 2 * EH_PATH_MAX + 512 || c.window_size >> 30)
        return TEE_ERROR_BAD_PARAMETERS;
    if (c.log_size && (c.log_offset < data_end || log_end > size))
        return TEE_ERROR_BAD_PARAMETERS;
    wire.control_size = c.size;
    wire.data_offset = c.data_offset;
    wire.data_size = c.data_size;
    wire.log_offset = c.log_offset;
    wire.log.size = c.log_size & ~7u;
    wire.window_size = c.window_size & ~63u;
    eh_start = (struct eh_start){c.start_flags, c.argc, c.envc, c.umask & 0777, c.pid, c.ppid,
                                 c.uid,         c.euid, c.gid,  c.egid,         {0}};
    memcpy(eh_start.log, c.log_id, sizeof eh_start.log);
    return wire_attach(e);
}

u32 wire_attach(const struct eh_entry *e) {
    u32 window = type_of(e, 1);
    if (type_of(e, 0) != MEMREF_INOUT || e->params[1] != wire.control_size || (e->params[0] & 7))
        return TEE_ERROR_BAD_PARAMETERS;
    if (window && (window != MEMREF_INOUT || e->params[3] < wire.window_size || (e->params[2] & 7)))
        return TEE_ERROR_BAD_PARAMETERS;
    wire.control = (u8 *)e->params[0];
    wire.window = window ? (u8 *)e->params[2] : 0;
    poll_at(&((const struct eh_control *)wire.control)->stop);
    return TEE_SUCCESS;
}

static void publish(u32 state) {
    struct eh_control c;
    const u64 from = __builtin_offsetof(struct eh_control, state);
    memset(&c, 0, sizeof c);
    c.state = state;
    c.exit_status = wire.status;
    c.exit_signal = wire.exit_signal;
    c.denied = wire.denied;
    c.violated = wire.violated;
    c.want_window = wire.want_window;
    c.patience = wire.patience;
    c.log_used = wire.log.used;
    c.pending = wire.pending;
    c.fatal_code = wire.fatal_code;
    c.fatal_value = wire.fatal_value;
    c.served = eh_counts.served;
    c.delegated = eh_counts.delegated;
    c.memory = arena_size();
    c.base = eh_config.head.flags & EH_CONFIG_FLAG_DEBUG ? EH_BASE : 0;
    memcpy(wire.control + from, (const u8 *)&c + from, sizeof c - from);
}

void wire_leave(u32 state) {
    eh_fp_out();
    publish(state);
    eh_leave(TEE_SUCCESS);
    wire.log.used = 0;
}

int wire_pending(void) { return wire.pending != 0; }

void wire_leave_for(u64 patience) {
    wire.patience = patience;
    wire.leaves++;
    wire_leave(EH_STATE_REQUESTS);
    wire.patience = 0;
}

void wire_finish(u32 status, u32 code, u64 value) {
    wire.status = status;
    wire.fatal_code = code;
    wire.fatal_value = value;
    wire.want_window = 0;
    for (u32 i = 0; i < EH_SLOT_COUNT; i++)
        wire.slots[i].id = 0;
    wire.pending = 0;
    eh_life = LIFE_ENDED;
    if (eh_is_ta())
        eh_ta_end(status, code, value);
    if (!wire.control)
        eh_return(TEE_ERROR_TARGET_DEAD);
    wire_leave(code ? EH_STATE_FATAL : EH_STATE_EXITED);
    eh_return(TEE_ERROR_BAD_STATE); // not reached: entry.c lets nobody resume a program that has ended
}

u64 wire_small(void) { return wire.data_size & ~15u; }

u64 wire_most(void) { return EH_MAX((u64)wire.window_size, wire_small()); }

static u32 padded(u32 length) { return (length + 15) & ~15u; }

// A free part of the data area; ~0 if there is none.
static u32 data_room(u32 size) {
    u32 at = 0;
    for (u32 i = 0; i < EH_SLOT_COUNT; i++) {
        if (wire.slots[i].id && at < wire.slots[i].to && wire.slots[i].from < at + size) {
            at = wire.slots[i].to;
            i = ~0u; // look at every slot again
        }
    }
    return at + size <= wire.data_size ? at : ~0u;
}

static s64 reserve(struct eh_request *r) {
    u32 paths = 0, buffers = padded(r->in_length) + padded(r->out_capacity);
    for (u32 i = 0; i < 2; i++)
        paths += r->paths[i] ? padded(r->paths[i]->length) : 0;
    r->window = paths + buffers > wire_small();
    u32 size = paths + (r->window ? 0 : buffers), at = data_room(size), slot = 0;
    while (slot < EH_SLOT_COUNT && wire.slots[slot].id)
        slot++;
    if (at == ~0u || slot == EH_SLOT_COUNT || (r->window && buffers > wire.window_size))
        return -ENOMEM;
    r->slot = slot;
    r->id = ++wire.next_id ? wire.next_id : ++wire.next_id;
    wire.slots[slot].id = r->id;
    wire.slots[slot].from = at;
    wire.slots[slot].to = at + size;
    for (u32 i = 0; i < 2 && r->paths[i]; i++) {
        r->path_offset[i] = wire.data_offset + at;
        at += padded(r->paths[i]->length);
    }
    r->in_offset = r->window ? 0 : wire.data_offset + at;
    r->out_offset = r->in_offset + padded(r->in_length);
    return 0;
}

// Leave until the window is there. A resume without it simply comes back.
static void attach_window(void) {
    wire.want_window = 1;
    while (!wire.window)
        wire_leave_for(wire.pending ? 1 : 0);
}

// Whether it asks for what may come late or never.
static int awaits(const struct eh_request *r) {
    return r->row == ROW_read || r->row == ROW_recvmsg || r->row == ROW_accept4 || (r->row == ROW_ppoll && r->args[1]);
}

// Reserve, when other threads' requests leave room; there is one window, and one request has it. Those that wait for
// the normal world give way: at once to what is done at once, after a while to each other.
static s64 reserve_in_turn(struct eh_request *r) {
    for (int patient = awaits(r) || r->again;; patient = 0) {
        s64 result = reserve(r);
        int taken = !result && r->window && wire.window_taken;
        if (taken)
            wire.slots[r->slot].id = 0;
        if ((!result && !taken) || !wire.pending)
            return result;
        if (!patient && thread_give_way(taken ? wire.window_taken : 0))
            continue;
        thread_room(time_monotonic() + TURN);
    }
}

s64 wire_open(struct eh_request *r) {
    if (!wire.control)
        return -EIO; // a client's command is served: its parameters are not the control block
    eh_fp_out();
    audit_room();
    s64 result = reserve_in_turn(r);
    if (!result && r->window)
        wire.window_taken = r->id;
    if (!result && r->window && r->in_length)
        attach_window();
    return result;
}

static u8 *side(const struct eh_request *r) { return r->window ? wire.window : wire.control; }

u8 *wire_input(const struct eh_request *r) { return side(r) + r->in_offset; }

const u8 *wire_output(const struct eh_request *r) { return side(r) + r->out_offset; }

static struct eh_slot *slot_of(const struct eh_request *r) {
    return (struct eh_slot *)(wire.control + EH_SLOTS_OFFSET) + r->slot;
}

static void put_path(struct eh_slot *s, const struct eh_request *r, u32 i) {
    const struct eh_path *path = r->paths[i];
    u8 *to = wire.control + r->path_offset[i];
    memcpy(to, path->text, path->length);
    memset(to + path->length, 0, padded(path->length) - path->length);
    s->path_offset[i] = r->path_offset[i];
    s->path_length[i] = path->length;
}

static void put(const struct eh_request *r) {
    struct eh_slot s;
    memset(&s, 0, sizeof s);
    s.id = r->id;
    s.state = EH_SLOT_STATE_REQUESTED;
    s.call = eh_row(r->row)->call;
    s.window = r->window;
    memcpy(s.args, r->args, sizeof s.args);
    s.in_offset = r->in_offset;
    s.in_length = r->in_length;
    s.out_offset = r->out_offset;
    s.out_capacity = r->out_capacity;
    for (u32 i = 0; i < 2 && r->paths[i]; i++)
        put_path(&s, r, i);
    if (r->in_length)
        memset(wire_input(r) + r->in_length, 0, padded(r->in_length) - r->in_length);
    memcpy(slot_of(r), &s, sizeof s);
}

// Whether the answer is there; the protocol ends the program when it is an answer to something else.
int wire_answered(struct eh_request *r) {
    const volatile struct eh_slot *s = slot_of(r);
    u32 state = s->state, id = s->id;
    if (id != r->id || (state != EH_SLOT_STATE_REQUESTED && state != EH_SLOT_STATE_ANSWERED))
        eh_fatal(EH_FATAL_PROTOCOL, (u64)id << 32 | state);
    if (state == EH_SLOT_STATE_REQUESTED)
        return 0;
    r->result = s->result;
    r->value = s->value;
    return !r->window || !r->out_capacity || wire.window != 0;
}

s64 wire_answer(const struct eh_row *row, s64 result, u64 limit, int *violated) {
    *violated = 0;
    if (result < 0 && result > -128 && row->errors[-result >> 6] >> (-result & 63) & 1)
        return result;
    if (result >= 0) {
        u64 most = row->result == RESULT_ZERO || row->result == RESULT_FD ? 0 : limit;
        if ((u64)result <= most)
            return result;
    }
    *violated = result != -EPERM;
    return -EPERM;
}

// What waits for a stream or a socket is done at once when it is answered; so before that nothing has been. A ppoll
// that does not wait is answered for sure.
int wire_can_withdraw(const struct eh_request *r) {
    static const u32 rows[] = {ROW_accept4, ROW_connect, ROW_sendmsg, ROW_recvmsg};
    int waits = r->rule == AUDIT_STREAMS && (r->row == ROW_read || r->row == ROW_write);
    for (u32 i = 0; i < sizeof rows / sizeof *rows; i++)
        waits |= r->row == rows[i];
    waits |= r->row == ROW_ppoll && r->args[1];
    return waits && wire.control && ((const volatile struct eh_slot *)slot_of(r))->state == EH_SLOT_STATE_REQUESTED;
}

int wire_was_outside(const struct eh_request *r) { return r->sent != wire.leaves; }

void wire_withdraw(struct eh_request *r) {
    wire.pending--;
    if (wire.window_taken == r->id)
        wire.want_window = wire.window_taken = 0;
    wire.slots[r->slot].id = 0;
    slot_of(r)->state = EH_SLOT_STATE_FREE;
    thread_room_made();
}

s64 wire_send(struct eh_request *r, u64 limit) {
    int violated;
    // a full window of input is probably followed by more: let it be there for that
    if (r->window)
        wire.want_window = r->out_capacity || r->in_length == wire.window_size;
    wire.pending++;
    r->sent = wire.leaves;
    eh_counts.delegated++;
    eh_current->delegated++;
    put(r);
    s64 taken_back = thread_answer(r);
    r->again = taken_back == TAKEN_BACK;
    if (taken_back)
        return taken_back;
    wire_withdraw(r);
    r->result = wire_answer(eh_row(r->row), r->result, limit, &violated);
    if (violated)
        wire_violated(EH_RULE_ANSWERS);
    audit_call(r);
    return r->result;
}

s64 wire_call(struct eh_request *r, u64 limit) {
    s64 result;
    do
        result = wire_open(r);
    while (!result && (result = wire_send(r, limit)) == TAKEN_BACK);
    return result;
}

s64 wire_violated(u32 rule) {
    wire.violated |= 1u << rule;
    return rule == EH_RULE_FILES_PINNED || rule == EH_RULE_FILES_SEALED ? -EIO : -EPERM;
}

void wire_denied(u32 rule) {
    wire.denied |= 1u << rule;
    eh_counts.denials++;
    eh_current->denials++;
}

void wire_killed(u32 signal) { wire.exit_signal = signal; }

void wire_detach(void) {
    wire.control = wire.window = 0;
    poll_at(0);
}

struct eh_log *wire_log(void) {
    wire.log.at = wire.control ? wire.control + wire.log_offset : 0;
    return &wire.log;
}
