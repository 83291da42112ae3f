// SPDX-License-Identifier: BSD-2-Clause
// The one door to the program's memory: every pointer of a call is checked against the map of VMAs.
#include "memory.h"

#define ADDRESS_END (1ull << 48)
#define RW_MAX 0x7ffff000ull // most bytes that one read or write moves, as in Linux
#define IOV_MAX 1024

s64 user_in(void *to, u64 address, u64 size) {
    if (vma_prefix(&eh_map, address, size, PROT_READ) != size)
        return -EFAULT;
    memcpy(to, (const void *)address, size);
    return 0;
}

s64 user_out(u64 address, const void *from, u64 size) {
    if (vma_prefix(&eh_map, address, size, PROT_WRITE) != size)
        return -EFAULT;
    memcpy((void *)address, from, size);
    return 0;
}

s64 user_string(char *to, u64 address, u64 capacity) {
    u64 room = vma_prefix(&eh_map, address, capacity, PROT_READ);
    const char *from = (const char *)address;
    for (u64 i = 0; i < room; i++)
        if (!(to[i] = from[i]))
            return (s64)i;
    return room < capacity ? -EFAULT : -ENAMETOOLONG;
}

s64 span_single(struct eh_span *s, u64 address, u64 size, u32 protection) {
    if (size > ADDRESS_END || address > ADDRESS_END - size)
        return -EFAULT;
    size = EH_MIN(size, RW_MAX);
    u64 usable = vma_prefix(&eh_map, address, size, protection);
    *s = (struct eh_span){0, 0, address, usable, usable};
    return size && !usable ? -EFAULT : 0;
}

static s64 piece(u64 vector, u64 index, u64 pair[2]) { return user_in(pair, vector + index * 16, 16); }

// Total the pieces up to the first byte that the program may not use; the rest is as if it were not there.
static s64 measure(u64 vector, u64 count, u32 protection, u64 *total) {
    u64 pair[2], sum = 0;
    int cut = 0;
    *total = 0;
    for (u64 i = 0; i < count; i++) {
        if (piece(vector, i, pair))
            return -EFAULT;
        if (pair[1] >> 63 || sum + pair[1] > ~0ull >> 1)
            return -EINVAL;
        if (pair[1] > ADDRESS_END || pair[0] > ADDRESS_END - pair[1])
            return -EFAULT;
        sum += pair[1];
        u64 usable = cut ? 0 : vma_prefix(&eh_map, pair[0], EH_MIN(pair[1], RW_MAX), protection);
        cut |= usable < pair[1];
        *total += usable;
    }
    *total = EH_MIN(*total, RW_MAX);
    return sum && !*total ? -EFAULT : 0;
}

s64 span_vector(struct eh_span *s, u64 vector, u64 count, u32 protection) {
    u64 total;
    if (count > IOV_MAX)
        return -EINVAL;
    s64 result = measure(vector, count, protection, &total);
    *s = (struct eh_span){vector, count, 0, 0, total};
    return result;
}

u64 span_chunk(struct eh_span *s, u64 *address) {
    u64 pair[2];
    while (!s->size && s->left && s->pieces) {
        if (piece(s->vector, 0, pair))
            break;
        s->vector += 16;
        s->pieces--;
        s->address = pair[0];
        s->size = pair[1];
    }
    *address = s->address;
    return EH_MIN(s->size, s->left);
}

void span_skip(struct eh_span *s, u64 size) {
    s->address += size;
    s->size -= size;
    s->left -= size;
}

void span_write(struct eh_span *s, const void *from, u64 size) {
    const u8 *source = from;
    u64 to, chunk;
    while (size && (chunk = EH_MIN(span_chunk(s, &to), size))) {
        eh_copy((void *)to, source, chunk);
        span_skip(s, chunk);
        source += chunk;
        size -= chunk;
    }
}

void span_read(struct eh_span *s, void *to, u64 size) {
    u8 *target = to;
    u64 from, chunk;
    while (size && (chunk = EH_MIN(span_chunk(s, &from), size))) {
        eh_copy(target, (const void *)from, chunk);
        span_skip(s, chunk);
        target += chunk;
        size -= chunk;
    }
}
