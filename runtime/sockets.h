// SPDX-License-Identifier: BSD-2-Clause
// Sockets: what sockets.c (their life) and messages.c (their data) share.
#pragma once
#include "files.h"

enum { AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10 };
enum { SOCK_STREAM = 1, SOCK_DGRAM, SOCK_SEQPACKET = 5, SOCK_TYPES = 15 };
enum { ADDRESS_MOST = 128 }; // struct sockaddr_storage
enum { // in `special`
    SOCKET_BOUND = 1 << 16, // it has an address of its own
    SOCKET_RECEIVES_FOR = 1 << 17, // SO_RCVTIMEO, SO_SNDTIMEO: it waits so long, and a signal ends that for good
    SOCKET_SENDS_FOR = 1 << 18,
};

struct eh_address {
    u32 size; // of the bytes that cross: of a Unix path the family alone
    u32 given;
    u8 bytes[ADDRESS_MOST];
    struct eh_path path; // of a Unix socket, absolute; else empty
};

s64 address_get(struct eh_address *a, u64 address, u64 size); // from the program; -EFAULT, -EINVAL
s64 address_put(u64 address, u64 size_address, const u8 *bytes, u64 size); // to the program, cut to its room
s64 address_allowed(const struct eh_address *a, u32 kind); // EH_NET_KIND_*; -EACCES, noted

static inline u32 socket_domain(const struct eh_file *file) { return file->special & 255; }
static inline u32 socket_type(const struct eh_file *file) { return file->special >> 8 & 255; }
static inline void socket_once(const struct eh_file *file, u32 which) {
    eh_current->once |= (file->special & which) != 0;
}
struct eh_file *socket_of(u64 fd, s64 *error); // -EBADF, -ENOTSOCK

// messages.c
s64 socket_read(struct eh_file *file, struct eh_span *s);
s64 socket_write(struct eh_file *file, struct eh_span *s);
