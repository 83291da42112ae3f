// SPDX-License-Identifier: BSD-2-Clause
// Threads of the program: each has a context and a stack of the runtime's. One runs until it waits, yields or ends;
// nothing else takes the processor from it.
#pragma once
#include "rt.h"

struct eh_request;
#define NO_DEADLINE 0ull

// The calling thread waits: until thread_wake(), or until `deadline` (nanoseconds of time_monotonic, NO_DEADLINE:
// for ever). 0, or -ETIMEDOUT.
s64 thread_wait(u64 deadline); // or -EINTR
void thread_wake(struct eh_context *thread);
void thread_interrupt(struct eh_context *thread); // its wait, if it is in one that signals end, gives -EINTR
int thread_idles(const struct eh_context *thread); // it is in such a wait
int thread_lives(const struct eh_context *thread);
// The calling thread waits for the answer to its request, which is withdrawn where it can be: -EINTR by a signal,
// TAKEN_BACK by a futex_wake() of the request's key and where another needs its room.
s64 thread_answer(struct eh_request *r);
void thread_room(u64 deadline); // the calling thread waits until some request has ended
void thread_room_made(void);
int thread_give_way(u32 id); // the oldest request that can be is taken back, or that one (0: any); 0: none
int thread_others(void);  // whether there are others
void thread_turn(void);   // after a call: give another thread its turn, now and then
void thread_check(void);  // after many checks: the same
void thread_yield(void);  // give every thread that can run its turn
u32 thread_count(void);
void thread_only(struct eh_context *c); // no other thread runs; 0: all do
// A thread with what its parent has, a stack of its own and 0 as the call's result; it goes on at `begin`, on the
// runtime's stack (eh_thread_begin: where its parent is). 0: too many.
struct eh_context *thread_child(struct eh_context *parent, u64 stack, u64 tls, void (*begin)(void));
struct eh_context *thread_of(u32 tid);                  // 0: none
struct eh_context *thread_next(struct eh_context *c);   // all threads in a ring
void thread_exit(struct eh_context *c) EH_NORETURN;     // the calling thread ends; another runs

// futex.c
void futex_stand_at(u64 key, u32 bits);     // it is among those whom a futex_wake() of `key` finds
s64 thread_sleep_at(u64 key, u64 deadline); // the calling thread waits for a futex_wake() of `key`, an address
void thread_hold_at(u64 key);               // the same, whatever signals come; it may end without a wake
s64 futex_wake(u64 address, u32 most, u32 bits); // how many were woken
void futex_died(struct eh_context *c);           // what a thread leaves behind: clear_tid, robust mutexes
