// SPDX-License-Identifier: BSD-2-Clause
// The life of a socket. The normal world has it; the policy says which addresses it may have; whether a call waits is
// the program's word alone, so O_NONBLOCK of a socket is kept inside.
#include "sockets.h"

enum { SOCK_FLAGS = O_NONBLOCK | O_CLOEXEC, OPTION_MOST = 256, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21 };
enum { SOL_IP = 0, SOL_SOCKET = 1, SOL_TCP = 6, SOL_UDP = 17, SOL_IPV6 = 41 };
#define OPTION(n) (1ull << (n))

struct eh_file *socket_of(u64 fd, s64 *error) {
    struct eh_file *file = fd_file(fd);
    *error = !file || (file->flags & O_PATH) ? -EBADF : file->kind == FILE_SOCKET ? 0 : -ENOTSOCK;
    return *error ? 0 : file;
}

static struct eh_file *socket_new(u32 domain, u32 type) {
    struct eh_file *file = file_new(FILE_SOCKET, O_RDWR | (type & O_NONBLOCK));
    if (file)
        file->special = (domain & 255) | (type & SOCK_TYPES) << 8;
    return file;
}

static int has_net_rules(void) {
    u32 count;
    policy_net_rules(&count);
    return count != 0;
}

// What kinds of sockets there are at all.
static s64 kind_served(u32 domain, u32 type) {
    u32 kind = type & SOCK_TYPES;
    if (type & ~(u32)(SOCK_TYPES | SOCK_FLAGS))
        return -EINVAL;
    if (domain != AF_UNIX && domain != AF_INET && domain != AF_INET6)
        return -EAFNOSUPPORT;
    if (kind != SOCK_STREAM && kind != SOCK_DGRAM && kind != SOCK_SEQPACKET)
        return kind && kind <= 10 ? -ESOCKTNOSUPPORT : -EINVAL;
    if (domain == AF_UNIX || has_net_rules())
        return 0;
    wire_denied(EH_RULE_NET_CONNECT);
    return -EACCES;
}

s64 sys_socket(struct eh_context *c) {
    u32 domain = (u32)c->x[0], type = (u32)c->x[1];
    s64 result = kind_served(domain, type), fd = fd_free(0);
    if (result || fd < 0)
        return result ? result : fd;
    struct eh_file *file = socket_new(domain, type);
    if (!file)
        return -ENFILE;
    struct eh_request r = {.row = ROW_socket,
                           .rule = AUDIT_NET,
                           .args = {file->number, domain, type & SOCK_TYPES, (u32)c->x[2]}};
    result = wire_call(&r, 0);
    if (result) {
        file_release(file);
        return result;
    }
    return fd_give(file, (type & O_CLOEXEC) != 0);
}

s64 sys_socketpair(struct eh_context *c) {
    u32 domain = (u32)c->x[0], type = (u32)c->x[1], zero[2] = {0, 0};
    s64 result = domain == AF_UNIX ? kind_served(domain, type) : -EOPNOTSUPP;
    if (result || user_out(c->x[3], zero, sizeof zero))
        return result ? result : -EFAULT;
    struct eh_file *one = socket_new(domain, type), *other = one ? socket_new(domain, type) : 0;
    if (!other) {
        if (one)
            file_release(one);
        return -ENFILE;
    }
    struct eh_request r = {.row = ROW_socketpair,
                           .rule = AUDIT_NET,
                           .args = {one->number, other->number, domain, type & SOCK_TYPES, (u32)c->x[2]}};
    result = wire_call(&r, 0);
    if (result) {
        file_release(one);
        file_release(other);
        return result;
    }
    s64 first = fd_give(one, (type & O_CLOEXEC) != 0);
    s64 second = fd_give(other, (type & O_CLOEXEC) != 0);
    if (first >= 0 && second < 0)
        fd_close((u32)first);
    if (first < 0 || second < 0)
        return -EMFILE;
    u32 fds[2] = {(u32)first, (u32)second};
    return user_out(c->x[3], fds, sizeof fds);
}

// What getsockname() of a Unix socket says: the name as the program gave it.
static void keep_name(struct eh_file *file, const u8 *bytes, u32 size) {
    if (!file->path)
        file->path = arena_own(EH_PAGE);
    if (!file->path)
        return;
    memcpy(file->path, bytes, size);
    file->path_length = size;
}

static s64 send_address(struct eh_request *r, const struct eh_address *a) {
    s64 result;
    do {
        result = wire_open(r);
        if (result)
            return result;
        memcpy(wire_input(r), a->bytes, a->size);
        result = wire_send(r, 0);
    } while (result == TAKEN_BACK);
    return result;
}

s64 sys_bind(struct eh_context *c) {
    struct eh_address a;
    s64 result;
    struct eh_file *file = socket_of(c->x[0], &result);
    if (!result)
        result = address_get(&a, c->x[1], c->x[2]);
    if (!result)
        result = address_allowed(&a, EH_NET_KIND_LISTEN);
    if (result)
        return result;
    struct eh_request r = {.row = ROW_bind,
                           .rule = AUDIT_NET_LISTEN,
                           .args = {file->number},
                           .paths = {&a.path},
                           .in_length = a.size};
    file->references++;
    result = send_address(&r, &a);
    if (!result && a.path.length)
        keep_name(file, a.bytes, 2 + (u32)eh_length((const char *)a.bytes + 2) + 1);
    if (!result)
        file->special |= SOCKET_BOUND;
    file_drop(file);
    return result;
}

// A socket that was never bound gets a port of the kernel's choosing on every address.
static s64 may_listen(const struct eh_file *file) {
    static const u8 any[16] = {0};
    u32 family = socket_domain(file) == AF_INET6 ? EH_NET_FAMILY_IPV6 : EH_NET_FAMILY_IPV4;
    if ((file->special & SOCKET_BOUND) || socket_domain(file) == AF_UNIX || policy_net(EH_NET_KIND_LISTEN, family, any, 0))
        return 0;
    wire_denied(EH_RULE_NET_LISTEN);
    return -EACCES;
}

s64 sys_listen(struct eh_context *c) {
    s64 result;
    struct eh_file *file = socket_of(c->x[0], &result);
    if (!result)
        result = may_listen(file);
    if (result)
        return result;
    struct eh_request r = {
        .row = ROW_listen, .rule = AUDIT_NET_LISTEN, .args = {file->number, (u64)(s64)(s32)c->x[1]}};
    return wire_call(&r, 0);
}

s64 sys_connect(struct eh_context *c) {
    struct eh_address a;
    s64 result;
    struct eh_file *file = socket_of(c->x[0], &result);
    if (!result)
        result = address_get(&a, c->x[1], c->x[2]);
    int dissolves = !result && !a.bytes[0] && !a.bytes[1]; // AF_UNSPEC: no longer any peer
    if (!result && !dissolves)
        result = address_allowed(&a, EH_NET_KIND_CONNECT);
    if (result)
        return result;
    struct eh_request r = {.row = ROW_connect,
                           .rule = AUDIT_NET_CONNECT,
                           .args = {file->number, !(file->flags & O_NONBLOCK)},
                           .paths = {&a.path},
                           .in_length = a.size};
    file->references++;
    socket_once(file, SOCKET_SENDS_FOR);
    result = send_address(&r, &a);
    file->sequel++;
    file_drop(file);
    return result;
}

// The new file of a connection, not yet a descriptor's.
static s64 accept_one(struct eh_file *file, struct eh_file *made, struct eh_request *r) {
    *r = (struct eh_request){.row = ROW_accept4,
                             .rule = AUDIT_NET_LISTEN,
                             .args = {file->number, made->number, !(file->flags & O_NONBLOCK)},
                             .out_capacity = ADDRESS_MOST};
    s64 result = wire_call(r, 0);
    if (!result && file->path)
        keep_name(made, (const u8 *)file->path, file->path_length);
    if (!result && r->value > ADDRESS_MOST)
        r->value = 0, wire_violated(EH_RULE_ANSWERS);
    return result;
}

static s64 accept_with(struct eh_context *c, u32 flags) {
    u8 address[ADDRESS_MOST];
    struct eh_request r;
    s64 result;
    struct eh_file *file = socket_of(c->x[0], &result);
    if (flags & ~(u32)SOCK_FLAGS)
        return -EINVAL;
    if (result || fd_free(0) < 0)
        return result ? result : -EMFILE;
    struct eh_file *made = socket_new(socket_domain(file), socket_type(file) | (flags & O_NONBLOCK));
    if (!made)
        return -ENFILE;
    made->special |= SOCKET_BOUND;
    file->references++;
    socket_once(file, SOCKET_RECEIVES_FOR);
    result = accept_one(file, made, &r);
    file->sequel++;
    file_drop(file);
    if (result) {
        file_release(made);
        return result;
    }
    memcpy(address, wire_output(&r), sizeof address);
    s64 fd = fd_give(made, (flags & O_CLOEXEC) != 0);
    result = fd < 0 || !c->x[1] ? 0 : address_put(c->x[1], c->x[2], address, r.value);
    if (result)
        fd_close((u32)fd);
    return result ? result : fd;
}

s64 sys_accept(struct eh_context *c) { return accept_with(c, 0); }
s64 sys_accept4(struct eh_context *c) { return accept_with(c, (u32)c->x[3]); }

static s64 name_of(struct eh_context *c, u32 row) {
    u8 address[ADDRESS_MOST];
    s64 result;
    struct eh_file *file = socket_of(c->x[0], &result);
    if (result)
        return result;
    if (row == ROW_getsockname && file->path)
        return address_put(c->x[1], c->x[2], (const u8 *)file->path, file->path_length);
    struct eh_request r = {
        .row = row, .rule = AUDIT_NET, .args = {file->number}, .out_capacity = ADDRESS_MOST};
    result = wire_call(&r, 0);
    if (result)
        return result;
    if (r.value > ADDRESS_MOST)
        return wire_violated(EH_RULE_ANSWERS);
    memcpy(address, wire_output(&r), sizeof address);
    return address_put(c->x[1], c->x[2], address, r.value);
}

s64 sys_getsockname(struct eh_context *c) { return name_of(c, ROW_getsockname); }
s64 sys_getpeername(struct eh_context *c) { return name_of(c, ROW_getpeername); }

s64 sys_shutdown(struct eh_context *c) {
    s64 result;
    struct eh_file *file = socket_of(c->x[0], &result);
    if (result || (u32)c->x[1] > 2)
        return result ? result : -EINVAL;
    struct eh_request r = {.row = ROW_shutdown, .rule = AUDIT_NET, .args = {file->number, (u32)c->x[1]}};
    result = wire_call(&r, 0);
    file->sequel++;
    return result;
}

// ---- options

static u64 options_of(u32 level) {
    switch (level) {
    case SOL_SOCKET: // REUSEADDR to KEEPALIVE, OOBINLINE, PRIORITY, LINGER, REUSEPORT, the LOWATs and TIMEOs,
                     // ACCEPTCONN, PROTOCOL, DOMAIN
        return 0x3fc | OPTION(10) | OPTION(12) | OPTION(13) | OPTION(15) | OPTION(18) | OPTION(19) |
               OPTION(20) | OPTION(21) | OPTION(30) | OPTION(38) | OPTION(39);
    case SOL_IP: // TOS, TTL, MTU_DISCOVER, RECVERR, MTU, BIND_ADDRESS_NO_PORT
        return OPTION(1) | OPTION(2) | OPTION(10) | OPTION(11) | OPTION(14) | OPTION(24);
    case SOL_IPV6: // UNICAST_HOPS, MTU_DISCOVER, MTU, RECVERR, V6ONLY
        return OPTION(16) | OPTION(23) | OPTION(24) | OPTION(25) | OPTION(26);
    case SOL_TCP: // NODELAY to CONGESTION, USER_TIMEOUT, FASTOPEN, NOTSENT_LOWAT
        return 0x3ffe | OPTION(18) | OPTION(23) | OPTION(25);
    default:
        return 0;
    }
}

static s64 option_served(u32 level, u32 option) {
    return option < 64 && options_of(level) >> option & 1 ? 0 : -ENOPROTOOPT;
}

static void keep_timeout(struct eh_file *file, u32 which, const u8 *value, u32 size) {
    u8 any = 0;
    for (u32 i = 0; i < size; i++)
        any |= value[i];
    file->special = (file->special & ~which) | (any ? which : 0);
}

s64 sys_setsockopt(struct eh_context *c) {
    u32 level = (u32)c->x[1], option = (u32)c->x[2], size = (u32)c->x[4];
    u8 value[OPTION_MOST];
    s64 result;
    struct eh_file *file = socket_of(c->x[0], &result);
    if (!result)
        result = (s32)size < 0 || size > sizeof value ? -EINVAL : option_served(level, option);
    if (result || user_in(value, c->x[3], size))
        return result ? result : -EFAULT;
    struct eh_request r = {.row = ROW_setsockopt,
                           .rule = AUDIT_NET,
                           .args = {file->number, level, option},
                           .in_length = size};
    result = wire_open(&r);
    if (result)
        return result;
    memcpy(wire_input(&r), value, size);
    result = wire_send(&r, 0);
    if (!result && level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO))
        keep_timeout(file, option == SO_RCVTIMEO ? SOCKET_RECEIVES_FOR : SOCKET_SENDS_FOR, value, size);
    return result;
}

s64 sys_getsockopt(struct eh_context *c) {
    u32 level = (u32)c->x[1], option = (u32)c->x[2];
    s32 room;
    u8 value[OPTION_MOST];
    s64 result;
    struct eh_file *file = socket_of(c->x[0], &result);
    if (!result && user_in(&room, c->x[4], sizeof room))
        result = -EFAULT;
    if (!result)
        result = room < 0 ? -EINVAL : option_served(level, option);
    if (result)
        return result;
    u32 asked = EH_MIN((u32)room, (u32)sizeof value);
    struct eh_request r = {
        .row = ROW_getsockopt, .rule = AUDIT_NET, .args = {file->number, level, option}, .out_capacity = asked};
    result = wire_call(&r, 0);
    if (result)
        return result;
    if (r.value > asked)
        return wire_violated(EH_RULE_ANSWERS);
    memcpy(value, wire_output(&r), asked);
    return address_put(c->x[3], c->x[4], value, r.value);
}
