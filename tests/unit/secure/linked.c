// SPDX-License-Identifier: BSD-2-Clause
// A TA that needs a library: every kind of relocation that the loader knows.
typedef unsigned long u64; typedef unsigned int u32; typedef unsigned char u8;
struct head { u8 uuid[16]; u32 stack_size; u32 flags; u64 entry; };
__attribute__((section(".ta_head"), used)) const struct head ta_head = {{0}, 8192, 0, ~0ul};
struct info { u32 reserved; unsigned short count; u8 r2; char zero; u64 *list; };
struct info __elf_phdr_info;
extern u64 library_value(u64);
extern u64 library_word;
extern u64 missing(void) __attribute__((weak));
static u64 target = 40;
u64 *pointer = &target;
__attribute__((noreturn)) void _start(u64 function, u64 session, u64 *p, u32 command)
{
    u64 result = 0;
    (void)session; (void)command;
    if (function == 2) {
        p[1] = *pointer + library_value(1) + (missing ? 1000 : 0);
        p[2] = __elf_phdr_info.count << 16 | library_word;
        p[3] = __elf_phdr_info.list[0] - (u64)&ta_head; // its own load address, so 0
        p[4] = (u32)__elf_phdr_info.list[3]; // number of its program headers
    }
    for (;;) __asm__ volatile("mov x0, %0\n mov x8, #0\n svc #0" :: "r"(result) : "x0", "x8", "memory");
}
