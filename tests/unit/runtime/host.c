// SPDX-License-Identifier: BSD-2-Clause
// The assembly's part when the runtime's C is built for the host: no program
// runs, no world is left.
#include "rt.h"

u32 (*host_svc)(u64 number, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4);
struct eh_context host_context;
struct eh_call eh_call_table_storage[1];
__asm__(".globl eh_call_table\n.set eh_call_table, eh_call_table_storage");

u32 eh_svc(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6, u64 a7,
           u64 number) {
  return host_svc(number, a0, a1, a2, a3, a4);
}
void host_begin(void) {
  host_context.fp_saved = 1;
  host_context.next = &host_context;
  eh_current = &host_context;
}
void eh_wide_copy(void *to, const void *from, u64 size) {
  memcpy(to, from, size);
}
void eh_fp_save(u64 *fp) { (void)fp; }
void eh_fp_load(const u64 *fp) { (void)fp; }
void eh_leave(u32 result) { (void)result; }
void eh_switch(struct eh_context *to) { __builtin_trap(); }
void eh_sys_return(void) { __builtin_trap(); }
void eh_check_return(void) { __builtin_trap(); }
void eh_handler_begin(void) { __builtin_trap(); }
void eh_go_elsewhere(void) { __builtin_trap(); }
void eh_thread_begin(void) { __builtin_trap(); }
void eh_return(u32 result) { __builtin_trap(); }
void eh_resume(void) { __builtin_trap(); }
void eh_run_on(u64 stack_top, void (*body)(void)) { __builtin_trap(); }
void eh_start_program(u64 entry, u64 sp) { __builtin_trap(); }
