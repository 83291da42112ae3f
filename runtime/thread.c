// SPDX-License-Identifier: BSD-2-Clause
// Contexts and whose turn it is. A thread that has to wait hands the processor to one that can run; when none can, the
// TA is left with all outstanding requests, or sleeps until the first deadline.
#include "thread.h"
#include "audit.h"
#include "children.h"
#include "files.h"
#include "memory.h"
#include "process.h"
#include "signals.h"

#define MOMENT 1000000ull // nanoseconds
enum { STACK = 32768, THREADS_MOST = 512, TURN_CALLS = 64, LEAVE_CALLS = 512, TICK_CALLS = 16, LEAVE_CHECKS = 16 };
#define CANARY 0x5ee05ee05ee05ee0ull
#define CLONE_THREAD_FLAGS 0x10f00u // VM, FS, FILES, SIGHAND, THREAD: what makes a thread and no process
enum { CLONE_VM_VFORK = 0x4100, CLONE_THREAD = 0x10000 };
enum { CLONE_SYSVSEM = 0x40000, CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000 };
enum { CLONE_CHILD_CLEARTID = 0x200000, CLONE_DETACHED = 0x400000, CLONE_CHILD_SETTID = 0x1000000 };
enum { CONTEXT_FRAME = 96, FRAME_LR = 1 }; // what eh_resume takes from a parked stack

enum { READY = 0, WAITS, DEAD };

struct thread {
    u64 stack[STACK / 8] __attribute__((aligned(16))); // stack[0] is a canary: the stack grows towards it
    struct eh_context context;
};

static struct thread first;
struct eh_context *eh_current;
static struct {
    u32 count, next_tid, calls, calls_since_leave, calls_since_tick, checks;
    struct eh_context *only;
} threads;

static struct thread *whole(struct eh_context *c) { return (struct thread *)((u8 *)c - sizeof first.stack); }
_Static_assert(__builtin_offsetof(struct thread, context) == STACK, "the context lies behind the stack");

static void prepare(struct thread *t, u32 tid) {
    t->stack[0] = CANARY;
    t->context.stack_top = (u64)&t->stack[STACK / 8];
    t->context.tid = tid;
    t->context.fp_saved = 1;
}

void eh_thread_init(u32 tid) {
    prepare(&first, tid); // no FP registers to save before the program runs
    first.context.next = &first.context;
    threads.count = 1;
    threads.next_tid = tid;
    eh_current = &first.context;
}

void eh_fp_out(void) {
    if (eh_current->fp_saved)
        return;
    eh_fp_save(eh_current->fp);
    eh_current->fp_saved = 1;
}

void eh_check_stack(void) {
    if (whole(eh_current)->stack[0] != CANARY)
        eh_fatal(EH_FATAL_UNSUPPORTED, eh_current->x[8]);
}

u32 thread_count(void) { return threads.count; }
int thread_others(void) { return threads.count > 1; }
struct eh_context *thread_next(struct eh_context *c) { return c->next; }

struct eh_context *thread_of(u32 tid) {
    struct eh_context *c = eh_current;
    do {
        if (c->tid == tid && c->state != DEAD)
            return c;
        c = c->next;
    } while (c != eh_current);
    return 0;
}

// ---- waiting

static void ready(struct eh_context *c, int timed_out) {
    c->state = READY;
    c->timed_out = (u32)timed_out;
    c->interrupted = c->answered = 0;
    c->request = 0;
    c->futex = 0;
}

int thread_lives(const struct eh_context *c) { return c->state != DEAD; }
int thread_idles(const struct eh_context *c) {
    return c->state == WAITS && !c->for_room && (!c->request || wire_can_withdraw(c->request));
}

// Its wait ends by something else than an answer: 0 when it has a request that cannot be taken back.
static int stop_waiting(struct eh_context *c, int timed_out) {
    if (c->state != WAITS || (c->request && !wire_can_withdraw(c->request)))
        return 0;
    if (c->request)
        wire_withdraw(c->request);
    ready(c, timed_out);
    return 1;
}

void thread_interrupt(struct eh_context *c) {
    if (!c->for_room && stop_waiting(c, 0))
        c->interrupted = 1;
}

void thread_wake(struct eh_context *c) {
    c->futex = 0;
    stop_waiting(c, 0);
}

// Threads whose time is over can run again. The first deadline that is left; NO_DEADLINE if there is none.
static u64 expire(void) {
    u64 earliest = timer_next(), now = earliest == NO_DEADLINE ? 0 : time_monotonic();
    if (earliest != NO_DEADLINE && earliest <= now) {
        timer_fire(now);
        earliest = timer_next();
    }
    struct eh_context *c = eh_current;
    do {
        if (c->state == WAITS && c->deadline != NO_DEADLINE) {
            now = now ? now : time_monotonic();
            if (c->deadline <= now && !stop_waiting(c, 1))
                c->deadline = NO_DEADLINE; // the answer is there, or will be soon
            else if (c->deadline > now && (earliest == NO_DEADLINE || c->deadline < earliest))
                earliest = c->deadline;
        }
        c = c->next;
    } while (c != eh_current);
    return earliest;
}

static struct eh_context *next_ready(void) {
    for (struct eh_context *c = eh_current->next; c != eh_current; c = c->next)
        if (c->state == READY && (!threads.only || c == threads.only))
            return c;
    return 0;
}

void thread_only(struct eh_context *c) { threads.only = c; }

// Answers that have come make their threads ready.
static void collect(void) {
    struct eh_context *c = eh_current;
    do {
        if (c->state == WAITS && c->request && wire_answered(c->request)) {
            ready(c, 0);
            c->answered = 1;
        }
        c = c->next;
    } while (c != eh_current);
    threads.calls_since_leave = 0;
}

// Nobody can run: outside something may happen, or time passes.
static void idle(void) {
    u64 earliest = expire();
    if (eh_current->state == READY || next_ready())
        return;
    u64 left = 0, now;
    if (earliest != NO_DEADLINE)
        left = earliest > (now = time_monotonic()) ? earliest - now : 1;
    if (wire_pending()) {
        wire_leave_for(left);
        collect();
    } else if (earliest != NO_DEADLINE) {
        time_nap(left);
    } else {
        eh_fatal(EH_FATAL_DEADLOCK, eh_current->x[0]);
    }
}

static void switch_to(struct eh_context *to) {
    eh_fp_out();
    eh_switch(to); // comes back when this thread is given the processor
}

static void wait(void) {
    while (eh_current->state == WAITS) {
        struct eh_context *to = next_ready();
        if (to)
            switch_to(to);
        else
            idle();
    }
}

s64 thread_wait(u64 deadline) {
    if (!eh_current->for_room && signal_waits(eh_current)) {
        eh_current->futex = 0;
        eh_current->interrupted = 1;
        return -EINTR;
    }
    eh_current->state = WAITS;
    eh_current->deadline = deadline;
    wait();
    return eh_current->interrupted ? -EINTR : eh_current->timed_out ? -ETIMEDOUT : 0;
}

// What is there already is still told to a thread that has a signal: the normal world gets a moment to say so.
s64 thread_answer(struct eh_request *r) {
    struct eh_context *c = eh_current;
    c->state = WAITS;
    c->deadline = signal_waits(c) ? time_monotonic() + MOMENT : NO_DEADLINE;
    c->request = r;
    if (r->key)
        futex_stand_at(r->key, ~0u);
    wait();
    return c->answered ? 0 : c->interrupted || c->timed_out ? -EINTR : TAKEN_BACK;
}

void thread_room(u64 deadline) {
    eh_current->for_room = 1;
    thread_wait(deadline);
    eh_current->for_room = 0;
}

int thread_give_way(u32 id) {
    struct eh_context *oldest = 0;
    for (struct eh_context *c = eh_current->next; c != eh_current; c = c->next)
        if (thread_idles(c) && c->request && wire_was_outside(c->request) && (!id || c->request->id == id) &&
            (!oldest || c->request->id < oldest->request->id))
            oldest = c;
    return oldest && stop_waiting(oldest, 0);
}

void thread_room_made(void) {
    for (struct eh_context *c = eh_current->next; c != eh_current; c = c->next)
        if (c->for_room)
            thread_wake(c);
}

void thread_yield(void) {
    if (!thread_others())
        return;
    expire();
    struct eh_context *to = next_ready();
    if (to)
        switch_to(to);
}

void thread_turn(void) {
    if (timer_next() != NO_DEADLINE && ++threads.calls_since_tick >= TICK_CALLS) {
        threads.calls_since_tick = 0;
        timer_fire(time_monotonic());
    }
    if (!thread_others() || eh_service_busy())
        return;
    if (wire_pending() && ++threads.calls_since_leave >= LEAVE_CALLS) {
        wire_leave_for(1);
        collect();
    }
    if (++threads.calls >= TURN_CALLS) {
        threads.calls = 0;
        thread_yield();
    }
}

void thread_check(void) {
    if (timer_next() != NO_DEADLINE)
        timer_fire(time_monotonic());
    if (!thread_others() || eh_service_busy())
        return;
    if (wire_pending() && ++threads.checks >= LEAVE_CHECKS) {
        threads.checks = 0;
        wire_leave_for(1);
        collect();
    }
    thread_yield();
}

s64 sys_sched_yield(struct eh_context *c) {
    (void)c;
    thread_yield();
    return 0;
}

// ---- beginning and ending

static struct thread *unused(void) {
    struct eh_context *c = eh_current;
    do {
        if (c->state == DEAD && c != eh_current)
            return whole(c);
        c = c->next;
    } while (c != eh_current);
    if (threads.count >= THREADS_MOST)
        return 0;
    struct thread *made = arena_own(sizeof *made);
    if (!made)
        return 0;
    made->context.next = eh_current->next;
    eh_current->next = &made->context;
    return made;
}

struct eh_context *thread_child(struct eh_context *parent, u64 stack, u64 tls, void (*begin)(void)) {
    struct thread *t = unused();
    if (!t)
        return 0;
    struct eh_context *c = &t->context, *next = c->next;
    eh_fp_out();
    *c = *parent;
    c->next = next;
    prepare(t, ++threads.next_tid);
    c->x[0] = 0;
    c->sp = stack - 16;
    c->tpidr = tls;
    c->clear_tid = c->robust = c->signals = c->awaited = 0;
    memset(c->alternate, 0, sizeof c->alternate);
    c->state = READY;
    u64 *frame = (u64 *)(c->stack_top - CONTEXT_FRAME);
    memset(frame, 0, CONTEXT_FRAME);
    frame[FRAME_LR] = (u64)begin;
    c->parked_sp = (u64)frame;
    threads.count++;
    poll_changed();
    return c;
}

s64 sys_clone(struct eh_context *c) {
    u64 pushed[2], stack = c->x[1];
    u32 flags = (u32)c->x[0];
    if ((flags & (CLONE_THREAD | CLONE_VM_VFORK)) == CLONE_VM_VFORK)
        return children_vfork(c);
    if ((flags & CLONE_THREAD_FLAGS) != CLONE_THREAD_FLAGS) {
        wire_denied(EH_RULE_FORK);
        return -ENOSYS;
    }
    if (flags & ~(CLONE_THREAD_FLAGS | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |
                  CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_CHILD_SETTID))
        return -EINVAL;
    // what the stub of the call has pushed, the child takes from its own stack
    if (!stack || (stack & 15) || user_in(pushed, c->sp, sizeof pushed) || user_out(stack - 16, pushed, 16))
        return -EFAULT;
    struct eh_context *child = thread_child(c, stack, flags & CLONE_SETTLS ? c->x[3] : c->tpidr, eh_thread_begin);
    if (!child)
        return -EAGAIN;
    u32 tid = child->tid;
    if (flags & CLONE_PARENT_SETTID)
        user_out(c->x[2], &tid, sizeof tid);
    if (flags & CLONE_CHILD_SETTID)
        user_out(c->x[4], &tid, sizeof tid);
    if (flags & CLONE_CHILD_CLEARTID)
        child->clear_tid = c->x[4];
    return tid;
}

void thread_exit(struct eh_context *c) {
    futex_died(c);
    pending_end(c);
    if (vma_prefix(&eh_map, c->sp, 16, PROT_WRITE) != 16 && arena_holds(c->sp, c->sp + 16))
        memset((void *)c->sp, 0, 16); // it gave its stack back, and the stub of this call has pushed there
    threads.count--;
    poll_changed();
    c->state = DEAD;
    for (;;) {
        struct eh_context *to = next_ready();
        if (to)
            switch_to(to);
        else
            idle();
    }
}
