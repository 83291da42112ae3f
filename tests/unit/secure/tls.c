// SPDX-License-Identifier: BSD-2-Clause
// A TA with thread-local data of its own and of a library, set up by the program headers as libutee does.
typedef unsigned long u64; typedef unsigned int u32; typedef unsigned char u8; typedef unsigned short u16;
struct head { u8 uuid[16]; u32 stack_size; u32 flags; u64 entry; };
__attribute__((section(".ta_head"), used)) const struct head ta_head = {{0}, 8192, 0, ~0ul};
struct phdr { u32 type, flags; u64 offset, address, physical, file_size, memory_size, align; };
struct entry { u64 base; const char *name; const struct phdr *headers; u16 count; u64 adds, subs, module, data; };
struct info { u32 reserved; u16 count; u8 r2; char zero; const struct entry *list; };
struct info __elf_phdr_info;
__thread u64 own = 5;
__thread u64 zero;
extern __thread u64 library_thread;
extern u64 *library_place(void);
static u8 block[512] __attribute__((aligned(16)));

static void set_up(void)
{
    u8 *to = block + 16;
    for (u32 i = 0; i < __elf_phdr_info.count; i++) {
        const struct entry *e = &__elf_phdr_info.list[i];
        for (u32 n = 0; n < e->count; n++)
            if (e->headers[n].type == 7) {
                const u8 *from = (const u8 *)(e->base + e->headers[n].address);
                for (u64 b = 0; b < e->headers[n].file_size; b++)
                    ((volatile u8 *)to)[b] = from[b];
                for (u64 b = e->headers[n].file_size; b < e->headers[n].memory_size; b++)
                    ((volatile u8 *)to)[b] = 0;
                to += e->headers[n].memory_size;
            }
    }
    __asm__ volatile("msr tpidr_el0, %0" :: "r"(block));
}

__attribute__((noreturn)) void _start(u64 function, u64 session, u64 *p, u32 command)
{
    u64 result = 0;
    (void)session; (void)command;
    if (function == 2) {
        set_up();
        own += 1;
        zero += 2;
        library_thread += 3;
        p[1] = own << 8 | zero;
        p[2] = library_thread;
        p[3] = library_place() == &library_thread;
        p[4] = __elf_phdr_info.list[1].name[0] | __elf_phdr_info.list[0].name[0] << 8;
    }
    for (;;) __asm__ volatile("mov x0, %0\n mov x8, #0\n svc #0" :: "r"(result) : "x0", "x8", "memory");
}
