// SPDX-License-Identifier: BSD-2-Clause
// Bytes: copying, comparing, printing. Built without builtins, so that no loop becomes a call to itself.
#include "rt.h"

#define APART __asm__ volatile("") // keeps the compiler from making a loop into memcpy or memset

void *memcpy(void *to, const void *from, unsigned long size) {
    u8 *d = to;
    const u8 *s = from;
    if (!(((u64)d | (u64)s) & 7)) {
        for (; size >= 32; size -= 32, d += 32, s += 32) {
            const u64 *w = (const u64 *)s;
            u64 a = w[0], b = w[1], c = w[2], e = w[3], *o = (u64 *)d;
            o[0] = a, o[1] = b, o[2] = c, o[3] = e;
        }
    }
    for (; size; size--) {
        *d++ = *s++;
        APART;
    }
    return to;
}

void *memmove(void *to, const void *from, unsigned long size) {
    if ((u64)to <= (u64)from || (u64)to >= (u64)from + size)
        return memcpy(to, from, size);
    u8 *d = to;
    const u8 *s = from;
    while (size--) {
        d[size] = s[size];
        APART;
    }
    return to;
}

void *memset(void *to, int byte, unsigned long size) {
    u8 *d = to;
    u64 word = (u8)byte * 0x0101010101010101ull;
    for (; size && ((u64)d & 7); size--) {
        *d++ = (u8)byte;
        APART;
    }
    for (; size >= 32; size -= 32, d += 32) {
        u64 *o = (u64 *)d;
        o[0] = word, o[1] = word, o[2] = word, o[3] = word;
        APART;
    }
    for (; size; size--) {
        *d++ = (u8)byte;
        APART;
    }
    return to;
}

int memcmp(const void *a, const void *b, unsigned long size) {
    const u8 *p = a, *q = b;
    for (; size; size--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

u64 eh_length(const char *text) {
    u64 n = 0;
    while (text[n]) {
        n++;
        APART;
    }
    return n;
}

int eh_holds_nul(const char *text, u64 size) {
    while (size && text[size - 1])
        size--;
    return size != 0;
}

int eh_equal(const char *a, u64 a_size, const char *b, u64 b_size) {
    return a_size == b_size && !memcmp(a, b, a_size);
}

u64 eh_print_unsigned(char *to, u64 value) {
    char digits[20];
    u64 n = 0, size;
    do
        digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    for (size = 0; n; size++)
        to[size] = digits[--n];
    return size;
}

u64 eh_print_hex(char *to, const u8 *bytes, u64 size) {
    for (u64 i = 0; i < 2 * size; i++) {
        u32 digit = (bytes[i / 2] >> (i & 1 ? 0 : 4)) & 15;
        to[i] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
    }
    return 2 * size;
}

void eh_copy(void *to, const void *from, u64 size) {
    u64 wide = eh_current->fp_saved ? size & ~63ull : 0;
    if (wide)
        eh_wide_copy(to, from, wide);
    memcpy((u8 *)to + wide, (const u8 *)from + wide, size - wide);
}
