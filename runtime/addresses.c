// SPDX-License-Identifier: BSD-2-Clause
// Addresses of sockets, and which of them the signed policy names.
#include "sockets.h"

enum { SIZE_INET = 16, SIZE_INET6 = 24, FAMILY = 2 };

static u32 family_of(const struct eh_address *a) { return a->bytes[0] | (u32)a->bytes[1] << 8; }

// A Unix path, made absolute.
static s64 take_path(struct eh_address *a) {
    u32 length = 0, cwd_length;
    const char *cwd = path_cwd(&cwd_length);
    while (FAMILY + length < a->given && a->bytes[FAMILY + length])
        length++;
    memcpy(a->path.text, a->bytes + FAMILY, length);
    a->path.text[length] = 0;
    a->path.length = length;
    a->size = FAMILY;
    return a->path.text[0] == '/' ? 0 : path_join(&a->path, cwd, cwd_length);
}

s64 address_get(struct eh_address *a, u64 address, u64 size) {
    a->path.length = 0;
    if ((s32)size < 0 || (u32)size > ADDRESS_MOST)
        return -EINVAL;
    memset(a->bytes, 0, sizeof a->bytes);
    if (user_in(a->bytes, address, (u32)size))
        return -EFAULT;
    a->size = a->given = (u32)size;
    if (size < FAMILY)
        return -EINVAL;
    u32 family = family_of(a);
    if ((family == AF_INET && size < SIZE_INET) || (family == AF_INET6 && size < SIZE_INET6))
        return -EINVAL;
    return family == AF_UNIX && size > FAMILY && a->bytes[FAMILY] ? take_path(a) : 0;
}

s64 address_put(u64 address, u64 size_address, const u8 *bytes, u64 size) {
    s32 room;
    u32 told = (u32)size;
    if (user_in(&room, size_address, sizeof room))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if (user_out(address, bytes, EH_MIN((u64)room, size)))
        return -EFAULT;
    return user_out(size_address, &told, sizeof told);
}

static int inet_allowed(const struct eh_address *a, u32 kind) {
    static const u8 mapped[12] = {[10] = 0xff, [11] = 0xff};
    int six = family_of(a) == AF_INET6;
    const u8 *bytes = a->bytes + (six ? 8 : 4);
    if (six && !memcmp(bytes, mapped, sizeof mapped)) {
        six = 0;
        bytes += sizeof mapped;
    }
    return policy_net(kind, six ? EH_NET_FAMILY_IPV6 : EH_NET_FAMILY_IPV4, bytes,
                      (u32)a->bytes[2] << 8 | a->bytes[3]);
}

static int unix_allowed(const struct eh_address *a, u32 kind) {
    char name[ADDRESS_MOST];
    if (a->path.length)
        return policy_net_path(kind, a->path.text, a->path.length);
    if (a->given <= FAMILY)
        return 0;
    memcpy(name, a->bytes + FAMILY, a->given - FAMILY);
    name[0] = '@'; // in the place of the NUL of an abstract name
    return policy_net_name(kind, name, a->given - FAMILY);
}

// Where a program looks for a service that every system may lack: it learns that this one has none.
static int lacks(const struct eh_address *a) {
    static const char nscd[] = "/var/run/nscd/socket";
    return eh_equal(a->path.text, a->path.length, nscd, sizeof nscd - 1);
}

s64 address_allowed(const struct eh_address *a, u32 kind) {
    u32 family = family_of(a);
    int allowed = 0;
    if (family == AF_INET || family == AF_INET6)
        allowed = inet_allowed(a, kind);
    else if (family == AF_UNIX)
        allowed = unix_allowed(a, kind);
    else
        return -EAFNOSUPPORT;
    if (allowed)
        return 0;
    if (kind == EH_NET_KIND_CONNECT && lacks(a))
        return -ENOENT;
    wire_denied(kind == EH_NET_KIND_LISTEN ? EH_RULE_NET_LISTEN : EH_RULE_NET_CONNECT);
    return -EACCES;
}
