// SPDX-License-Identifier: BSD-2-Clause
// The TEE as Linux offers it (include/uapi/linux/tee.h): nothing outside tee.c knows how.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "protocol.h"

enum { // GlobalPlatform's numbers
    TEE_SUCCESS = 0,
    TEE_ERROR_GENERIC = 0xffff0000,
    TEE_ERROR_CANCEL = 0xffff0002,
    TEE_ERROR_BAD_PARAMETERS = 0xffff0006,
    TEE_ERROR_OUT_OF_MEMORY = 0xffff000c,
    TEE_ORIGIN_API = 1,
    TEE_ORIGIN_COMMS = 2,
    TYPE_VALUE_INPUT = 1,
    TYPE_VALUE_INOUT = 3,
    TYPE_MEMREF_INPUT = 5,
    TYPE_MEMREF_INOUT = 7,
};

struct tee_version {
    u32 implementation, implementation_capabilities, capabilities;
};

// One parameter of a call: of a memory reference a is the offset, b the size, memory the id (-1: null).
struct tee_param {
    u32 type;
    u64 a, b;
    u64 memory;
};

// How a call ended; `errno_number` where the kernel refused it.
struct tee_result {
    u32 code, origin, errno_number;
};

int tee_open(void); // a context; -1 and errno
bool tee_busy(void); // whether a thread opens, invokes or closes
bool tee_version(int tee, struct tee_version *version);

struct tee_result tee_open_session(int tee, const struct bridge_open *open, struct tee_param *params, u32 *session);
struct tee_result tee_invoke(int tee, const struct bridge_invoke *invoke, struct tee_param *params);
struct tee_result tee_close_session(int tee, u32 session);
void tee_cancel(int tee, u32 session, u32 cancel_id);

// Shares `size` bytes at `memory`, which are page aligned: the descriptor that keeps them shared, or -1.
int tee_share(int tee, void *memory, size_t size, u64 *id, struct tee_result *result);
