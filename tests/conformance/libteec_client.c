// SPDX-License-Identifier: BSD-2-Clause
// A client of the hello world TA over libteec. Its argument is the number to increment.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The Client API 1.0 with the sizes of OP-TEE's library: what it keeps for itself lies in `room`.
typedef struct { uint32_t low; uint16_t mid, high; uint8_t rest[8]; } TEEC_UUID;
typedef struct { uint64_t room[16]; } TEEC_Context;
typedef struct { uint64_t room[16]; } TEEC_Session;
typedef struct {
    uint32_t started, paramTypes;
    struct { union { struct { void *buffer; size_t size; } tmpref; struct { uint32_t a, b; } value;
                     struct { void *parent; size_t size, offset; } memref; }; } params[4];
    uint64_t room[8];
} TEEC_Operation;

uint32_t TEEC_InitializeContext(const char *name, TEEC_Context *context);
uint32_t TEEC_OpenSession(TEEC_Context *, TEEC_Session *, const TEEC_UUID *, uint32_t login, const void *data,
                          TEEC_Operation *, uint32_t *origin);
uint32_t TEEC_InvokeCommand(TEEC_Session *, uint32_t command, TEEC_Operation *, uint32_t *origin);
void TEEC_CloseSession(TEEC_Session *);
void TEEC_FinalizeContext(TEEC_Context *);

enum { VALUE_INPUT = 1, VALUE_INOUT = 3, MEMREF_TEMP_INPUT = 5, MEMREF_TEMP_OUTPUT = 6 };

int main(int argc, char **argv)
{
    const TEEC_UUID uuid = {0x8aaaf200, 0x2450, 0x11e4, {0xab, 0xe2, 0x00, 0x02, 0xa5, 0xd5, 0xc5, 0x1b}};
    TEEC_Context context;
    TEEC_Session session;
    uint32_t origin = 0;
    uint32_t result = TEEC_InitializeContext(NULL, &context);
    printf("context %x\n", result);
    result = TEEC_OpenSession(&context, &session, &uuid, 0, NULL, NULL, &origin);
    printf("session %x\n", result);
    TEEC_Operation call = {.paramTypes = VALUE_INOUT};
    call.params[0].value.a = atoi(argv[1]);
    result = TEEC_InvokeCommand(&session, 0, &call, &origin);
    printf("increment %x %u\n", result, call.params[0].value.a);
    char room[32] = "";
    call = (TEEC_Operation){.paramTypes = MEMREF_TEMP_INPUT | MEMREF_TEMP_OUTPUT << 4};
    call.params[0].tmpref.buffer = "C";
    call.params[0].tmpref.size = 1;
    call.params[1].tmpref.buffer = room;
    call.params[1].tmpref.size = sizeof room;
    result = TEEC_InvokeCommand(&session, 1, &call, &origin);
    printf("greet %x %zu %s\n", result, call.params[1].tmpref.size, room);
    call = (TEEC_Operation){.paramTypes = VALUE_INPUT};
    result = TEEC_InvokeCommand(&session, 0, &call, &origin);
    printf("wrong %x from %u\n", result, origin);
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
    return 0;
}
