// SPDX-License-Identifier: BSD-2-Clause
// The frame of a handler: siginfo, ucontext with all registers, FP registers, and where the program goes on.
//
// A call's stub has pushed x17 and x30; the frame shows both as the program had them, and the pc behind the svc. When
// the handler returns with that pc, the way leads through the stub again, so that no register is lost. With another pc
// it leads there directly, which costs x17.
#include "frame.h"
#include "signals.h"
#include "memory.h"
#include "process.h"

enum { FPSIMD_MAGIC = 0x46508001, FPSIMD_SIZE = 528, OWN_MAGIC = 0x45480001 };

struct fpsimd {
    u32 magic, size, fpsr, fpcr;
    u64 v[64];
};

struct own { // what no other kernel has: how to go on
    u32 magic, size;
    u64 kind, resume, pc;
};

struct frame {
    u32 signo, errno_, code, pad;
    u32 first, second;
    u64 value, rest[12];
    u64 uc_flags, uc_link, uc_stack[3], uc_mask, uc_unused[15], uc_align;
    u64 fault, regs[31], sp, pc, pstate, align;
    struct fpsimd fp;
    struct own own;
    u64 end;
    u8 room[4096 - sizeof(struct fpsimd) - sizeof(struct own) - 8];
    u64 record[2]; // frame pointer and return address, for those who walk the stack
};
_Static_assert(__builtin_offsetof(struct frame, uc_flags) == 128, "siginfo");
_Static_assert(__builtin_offsetof(struct frame, fault) == 128 + 176, "ucontext");
_Static_assert(__builtin_offsetof(struct frame, fp) == 128 + 176 + 288, "sigcontext");
_Static_assert(sizeof(struct fpsimd) == FPSIMD_SIZE, "fpsimd_context");

// Where the program goes on behind its call: the stub that it came through ends with a branch there. What is made
// again goes on at the stub's bl, and the program at the place of its svc.
static u64 behind_call(const struct eh_context *c, u32 *again) {
    const u32 *word = (const u32 *)c->x[30]; // the packer's, no memory of the program
    *again = *word >> 26 == 0x25;
    word += *again + 1;
    s64 offset = (s64)((u64)(*word & 0x3ffffff) << 38) >> 36;
    return (u64)word + (u64)offset;
}

// The registers as the program had them, and its stack pointer.
static int capture(struct frame *f, const struct eh_context *c, const struct eh_where *where) {
    u64 pushed[2];
    u32 again;
    memcpy(f->regs, c->x, sizeof f->regs);
    f->sp = c->sp;
    f->pstate = c->nzcv;
    f->own = (struct own){OWN_MAGIC, sizeof f->own, where->kind, 0, 0};
    if (where->kind == FRAME_CHECK) {
        f->pc = f->own.pc = c->pc;
        return 0;
    }
    if (c->x[30] == (u64)eh_handler_begin) { // the handler of a signal that came first runs after this one's
        f->own = (struct own){OWN_MAGIC, sizeof f->own, FRAME_BEGIN, c->x[30], c->x[16]};
        f->pc = f->own.pc;
        return 0;
    }
    if (user_in(pushed, c->sp, sizeof pushed))
        return -EFAULT;
    f->regs[17] = pushed[0];
    f->regs[30] = pushed[1];
    f->sp = c->sp + 16;
    f->own.resume = where->restarts ? c->x[30] - 4 : c->x[30]; // its bl, or behind that
    f->pc = c->x[30] == (u64)eh_go_elsewhere ? pushed[0] : behind_call(c, &again);
    if (c->x[30] != (u64)eh_go_elsewhere && (where->restarts || again))
        f->pc -= 4;
    f->own.pc = f->pc;
    if (where->restarts)
        f->regs[0] = where->x0;
    return 0;
}

static u64 stack_for(const struct eh_context *c, const struct eh_signal *s, u64 sp) {
    int on = sp - c->alternate[0] < c->alternate[2];
    if ((s->action.flags & SA_ONSTACK) && c->alternate[2] && !on)
        sp = c->alternate[0] + c->alternate[2];
    return (sp - sizeof(struct frame)) & ~15ull;
}

int frame_build(struct eh_context *c, const struct eh_signal *s, struct eh_where where) {
    struct frame f;
    memset(&f, 0, sizeof f);
    f.signo = s->info.number;
    f.code = (u32)s->info.code;
    f.first = s->info.first;
    f.second = s->info.second;
    f.value = s->info.value;
    f.uc_mask = s->mask;
    memcpy(f.uc_stack, c->alternate, sizeof f.uc_stack);
    if (capture(&f, c, &where))
        return -EFAULT;
    eh_fp_out();
    f.fp = (struct fpsimd){FPSIMD_MAGIC, FPSIMD_SIZE, (u32)c->fp[64], (u32)c->fp[65], {0}};
    memcpy(f.fp.v, c->fp, sizeof f.fp.v);
    f.record[0] = f.regs[29];
    f.record[1] = f.regs[30];
    u64 at = stack_for(c, s, f.sp);
    if (user_out(at, &f, sizeof f))
        return -EFAULT;
    c->x[0] = s->info.number;
    c->x[1] = at;
    c->x[2] = at + __builtin_offsetof(struct frame, uc_flags);
    c->x[16] = s->action.handler;
    c->x[29] = at + __builtin_offsetof(struct frame, record);
    c->x[30] = (u64)eh_handler_begin;
    c->sp = at;
    return 0;
}

static int take_back(struct eh_context *c, struct frame *f) {
    u64 pushed[2] = {f->regs[17], f->regs[30]};
    if (f->own.kind == FRAME_CHECK && f->pc == f->own.pc) {
        c->pc = f->pc;
        return 0;
    }
    c->x[30] = f->own.resume;
    if (f->own.kind == FRAME_BEGIN && f->pc == f->own.pc)
        return 0;
    c->sp = f->sp - 16;
    if (f->own.kind != FRAME_CALL || f->pc != f->own.pc) {
        pushed[0] = f->pc;
        c->x[30] = (u64)eh_go_elsewhere;
    }
    return user_out(c->sp, pushed, sizeof pushed) ? -EFAULT : 0;
}

s64 sys_rt_sigreturn(struct eh_context *c) {
    struct frame f;
    if (user_in(&f, c->sp + 16, sizeof f) || f.own.magic != OWN_MAGIC || f.fp.magic != FPSIMD_MAGIC)
        eh_killed(SIGSEGV);
    memcpy(c->x, f.regs, sizeof f.regs);
    c->sp = f.sp;
    c->nzcv = f.pstate & 0xf0000000;
    c->blocked = f.uc_mask;
    memcpy(c->fp, f.fp.v, sizeof f.fp.v);
    c->fp[64] = f.fp.fpsr;
    c->fp[65] = f.fp.fpcr;
    c->fp_saved = 1;
    if (take_back(c, &f))
        eh_killed(SIGSEGV);
    if (f.own.kind == FRAME_CHECK && f.pc == f.own.pc) {
        eh_fp_load(c->fp);
        eh_check_return();
    }
    return (s64)c->x[0];
}
