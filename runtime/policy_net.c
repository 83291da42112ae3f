// SPDX-License-Identifier: BSD-2-Clause
// The part of the policy that names peers and own addresses.
#include "policy.h"

static const struct eh_policy_net *rules(u32 *count) { return policy_net_rules(count); }

static int same_bits(const u8 *a, const u8 *b, u32 bits) {
    u32 whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, whole))
        return 0;
    return !rest || !((a[whole] ^ b[whole]) >> (8 - rest));
}

int policy_net(u32 kind, u32 family, const u8 *address, u32 port) {
    u32 count;
    const struct eh_policy_net *rule = rules(&count);
    for (u32 i = 0; i < count; i++) {
        if (rule[i].kind != kind || port < rule[i].port_first || port > rule[i].port_last)
            continue;
        if (rule[i].family == EH_NET_FAMILY_ANY)
            return 1;
        u32 most = family == EH_NET_FAMILY_IPV6 ? 128 : 32;
        if (rule[i].family == family && same_bits(rule[i].address, address, EH_MIN(rule[i].prefix, most)))
            return 1;
    }
    return 0;
}

int policy_net_path(u32 kind, const char *path, u32 length) {
    char normal[EH_PATH_MAX], base[EH_PATH_MAX];
    u32 count, size = path_normalise(normal, path, length);
    const struct eh_policy_net *rule = rules(&count);
    for (u32 i = 0; i < count; i++) {
        if (rule[i].kind != kind || rule[i].family != EH_NET_FAMILY_UNIX)
            continue;
        u32 base_size = policy_absolute(base, rule[i].flags, rule[i].path_offset, rule[i].path_length);
        if (base_size && policy_covers(base, base_size, (rule[i].flags & EH_RULE_FLAG_TREE) != 0, normal, size))
            return 1;
    }
    return 0;
}

int policy_net_name(u32 kind, const char *name, u32 length) {
    u32 count;
    const struct eh_policy_net *rule = rules(&count);
    for (u32 i = 0; i < count; i++)
        if (rule[i].kind == kind && rule[i].family == EH_NET_FAMILY_UNIX &&
            policy_text_is(rule[i].path_offset, rule[i].path_length, name, length))
            return 1;
    return 0;
}
