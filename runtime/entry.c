// SPDX-License-Identifier: BSD-2-Clause
// The TA's entry points. A session runs one program, once: START, then RESUME until it has ended.
#include "audit.h"
#include "rt.h"
#include "sealed.h"
#include "wire.h"

enum { FUNCTION_OPEN = 0, FUNCTION_CLOSE = 1, FUNCTION_INVOKE = 2 };
#define LOGIN_TRUSTED_APP 0xf0000000u

// The head that OP-TEE reads: UUID (written by the packer), stack for an entry, flags (one instance a
// session), and an unused word that must be all ones.
__attribute__((used, section(".ta_head"))) const u8 ta_head[32] = {
    [17] = 0x40, [24] = 0xff, [25] = 0xff, [26] = 0xff, [27] = 0xff,
    [28] = 0xff, [29] = 0xff, [30] = 0xff, [31] = 0xff,
};
__attribute__((used, section(".data.config"))) struct eh_image_config eh_config = {
    .head = {.magic = EH_CONFIG_MAGIC, .version = EH_VERSION}};

struct eh_entry eh_entry;
enum eh_life eh_life;

static u32 open_session(void) {
    u32 login = utee_client_login();
    return login == LOGIN_TRUSTED_APP || login == LOGIN_UNKNOWN ? TEE_ERROR_ACCESS_DENIED : TEE_SUCCESS;
}

static u32 start(const struct eh_entry *e) {
    if (eh_life != LIFE_NEW)
        return TEE_ERROR_BAD_STATE;
    u32 result = eh_start_prepare(e);
    if (result)
        return result;
    eh_life = LIFE_RUNNING;
    eh_entry = *e;
    eh_run_on(eh_current->stack_top, eh_start_run);
}

static u32 resume(const struct eh_entry *e) {
    if (eh_life != LIFE_RUNNING)
        return TEE_ERROR_BAD_STATE;
    u32 result = wire_attach(e);
    if (result)
        return result;
    eh_entry = *e;
    eh_resume();
}

static u32 invoke(const struct eh_entry *e) {
    switch (e->command) {
    case EH_COMMAND_START:
        return start(e);
    case EH_COMMAND_RESUME:
        return resume(e);
    case EH_COMMAND_AUDIT_VERIFY:
        return eh_life == LIFE_NEW ? audit_verify(e) : TEE_ERROR_BAD_STATE;
    case EH_COMMAND_GIVE_KEY:
        return eh_life == LIFE_NEW ? seal_give_key(e) : TEE_ERROR_BAD_STATE;
    default:
        return eh_service_enter(e, FUNCTION_INVOKE);
    }
}

__attribute__((used)) EH_NORETURN void eh_entry_c(u64 function, u64 session, u64 *params, u64 command) {
    struct eh_entry e = {.session = session, .command = command};
    if (function != FUNCTION_CLOSE) {
        e.raw = params;
        e.types = params[0];
        memcpy(e.params, params + 1, sizeof e.params);
    }
    if (eh_is_ta())
        eh_return(eh_ta_enter(&e, (u32)function));
    if (function == FUNCTION_OPEN)
        eh_return(open_session());
    if (function == FUNCTION_INVOKE)
        eh_return(invoke(&e));
    if (function == FUNCTION_CLOSE)
        eh_service_enter(&e, FUNCTION_CLOSE);
    eh_return(TEE_SUCCESS);
}
