// SPDX-License-Identifier: BSD-2-Clause
// A TA that does whatever the tests ask: any system call, any access, some instructions.
typedef unsigned long u64;
typedef unsigned int u32;
typedef unsigned char u8;

struct head {
    u8 uuid[16];
    u32 stack_size;
    u32 flags;
    u64 entry;
};

__attribute__((section(".ta_head"), used, visibility("hidden"))) const struct head ta_head = {{0}, 16384, 0, ~0ul};

static u8 scratch[65536] __attribute__((aligned(4096)));
static u64 opened;
static u64 invoked;

enum { OPEN, CLOSE, INVOKE };
enum { ECHO, SVC, LOAD, STORE, JUMP, SPIN, OVERRUN, THREAD_POINTER, COUNTERS, WATCH, VECTOR, SCRATCH, TRAP, COPY, TWICE, MANY };

extern const u8 traps[] __attribute__((visibility("hidden")));

static u64 svc(u64 n, u64 *a)
{
    register u64 x0 __asm__("x0") = a[0];
    register u64 x1 __asm__("x1") = a[1];
    register u64 x2 __asm__("x2") = a[2];
    register u64 x3 __asm__("x3") = a[3];
    register u64 x4 __asm__("x4") = a[4];
    register u64 x5 __asm__("x5") = a[5];
    register u64 x6 __asm__("x6") = a[6];
    register u64 x7 __asm__("x7") = a[7];
    register u64 x8 __asm__("x8") = n;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x6), "r"(x7), "r"(x8)
                     : "memory");
    return x0;
}

// bits 63..60: 1 an offset into the shared buffer, 2 into the scratch memory, 3 into the code; else the word
static u64 place(u64 word, u64 shared)
{
    u64 offset = word & 0xffffffff;
    switch (word >> 60) {
    case 9:
        return shared + offset;
    case 10:
        return (u64)scratch + offset;
    case 11:
        return (u64)&ta_head + offset;
    default:
        return word;
    }
}

__attribute__((noinline)) static u64 overrun(u64 n)
{
    volatile u8 frame[1024];
    frame[0] = (u8)n;
    return overrun(n + 1) + frame[0];
}

// p[0] types, p[1], p[2] the value, p[3], p[4] the buffer
static u32 invoke(u64 *p, u32 command)
{
    u64 shared = p[3];
    u64 *words = (u64 *)shared;
    u64 a[8];
    invoked++;
    switch (command) {
    case ECHO:
        p[1] ^= 0xffff;
        p[2] += 1;
        return 0;
    case SVC: // words: number, then eight arguments; the result comes back in the first
        for (int i = 0; i < 8; i++)
            a[i] = place(words[i + 1], shared);
        words[0] = svc(words[0], a);
        return 0;
    case LOAD:
        words[0] = *(volatile u64 *)place(words[0], shared);
        return 0;
    case STORE:
        *(volatile u8 *)place(words[0], shared) = 0x5a;
        return 0;
    case JUMP:
        ((void (*)(void))place(words[0], shared))();
        return 0;
    case SPIN:
        for (;;)
            __asm__ volatile("");
    case OVERRUN:
        return (u32)overrun(0);
    case THREAD_POINTER:
        __asm__ volatile("mrs %0, tpidr_el0" : "=r"(a[0]));
        __asm__ volatile("msr tpidr_el0, %0" ::"r"(words[0]));
        words[0] = a[0];
        return 0;
    case COUNTERS:
        words[0] = opened;
        words[1] = invoked;
        return 0;
    case WATCH: // until the normal world writes
        while (!*(volatile u64 *)shared)
            ;
        words[1] = words[0] + 1;
        return 0;
    case VECTOR: // what another entry left in v7 and x19
        __asm__ volatile("umov %0, v7.d[0]" : "=r"(words[0]));
        __asm__ volatile("mov %0, x19" : "=r"(words[1]));
        __asm__ volatile("dup v7.2d, %0" ::"r"(~0ul) : "v7");
        return 0;
    case SCRATCH:
        words[0] = (u64)scratch;
        words[1] = (u64)&ta_head;
        words[2] = shared;
        words[3] = (u64)p;
        return 0;
    case TRAP:
        ((void (*)(void *))(traps + 8 * p[1]))(scratch);
        return 0;
    case TWICE: // two system calls in one entry; the results come back in words 0 and 9
        for (int n = 0; n < 18; n += 9) {
            for (int i = 0; i < 8; i++)
                a[i] = place(words[n + i + 1], shared);
            words[n] = svc(words[n], a);
        }
        return 0;
    case MANY: // p[1] system calls of nine words each; the result comes back in the place of the call's number
        for (u64 n = 0; n < p[1]; n++) {
            u64 *call = words + 9 * n;
            for (int i = 0; i < 8; i++)
                a[i] = place(call[i + 1], shared);
            call[0] = svc(call[0], a);
        }
        return 0;
    case COPY: // destination, source, size
        a[0] = place(words[0], shared);
        a[1] = place(words[1], shared);
        a[2] = words[2];
        for (u64 i = 0; i < a[2]; i++)
            ((volatile u8 *)a[0])[i] = ((volatile u8 *)a[1])[i];
        return 0;
    default:
        return 0xffff000a;
    }
}

__attribute__((noreturn)) void _start(u64 function, u64 session, u64 *p, u32 command)
{
    u64 a[8] = {0};
    (void)session;
    if (function == OPEN) {
        opened++;
        if ((p[0] & 15) == 1 && p[1] == 0xdead)
            a[0] = 0xffff0001;
        if ((p[0] & 15) == 1 && p[1] == 0xdeaf)
            *(volatile u8 *)8 = 1;
    } else if (function == INVOKE) {
        a[0] = invoke(p, command);
    }
    for (;;)
        svc(0, a);
}

__asm__(".section .text.traps, \"ax\"\n"
        ".global traps\n"
        ".hidden traps\n"
        "traps:\n"
        ".irp word, 0xd53b0020, 0xd53be040, 0xd53be020, 0xd53be000, 0xd50b7420, 0xd50b7b20, 0xd50b7e20, 0xd50b7a20, "
        "0xd50b7520, 0xd503207f, 0xd5380000, 0xd5380600, 0xd5380400, 0xd4200000, 0xd4000002, 0xd4000003, 0x00000000, "
        "0xd50342df, 0xd69f03e0, 0xd4400000, 0xd53b9d00, 0xc8a17c02, 0xd51bd060, "
        "0xd53b00e0, 0xd53bd060, 0xd5033fdf, 0xd503203f, 0xd53b4400, 0xf8001000, 0x885f7c01, 0x4e284820\n"
        ".word \\word\n"
        "ret\n"
        ".endr\n");
