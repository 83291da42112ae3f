// SPDX-License-Identifier: BSD-2-Clause
#include "agent.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "streams.h"

void agent_init(struct agent *agent) {
    memset(agent, 0, sizeof *agent);
    for (u64 number = 0; number < STREAMS; number++)
        agent->files.open[agent->files.count++] = (struct file){.number = number, .fd = AT_CALLER};
}

void agent_close(struct agent *agent) {
    for (size_t i = 0; i < agent->files.count; i++)
        if (agent->files.open[i].fd >= 0)
            close(agent->files.open[i].fd);
    agent->files.count = 0;
    policy_free(&agent->policy);
}

// `length` bytes at `offset` of the data area, or NULL.
static u8 *data_piece(const struct areas *areas, u64 offset, u64 length) {
    if (offset < areas->data_offset || offset > areas->data_end || length > areas->data_end - offset)
        return NULL;
    return areas->control + offset;
}

static u8 *piece(const struct areas *areas, u32 in_window, u64 offset, u64 length) {
    if (!in_window)
        return data_piece(areas, offset, length);
    if (!areas->window || offset > areas->window_size || length > areas->window_size - offset)
        return NULL;
    return areas->window + offset;
}

// Takes a slot apart by its row: 0, or the errno of a request that is not performed.
static int decode(const struct areas *areas, const struct call_row *row, const struct eh_slot *slot,
                  struct request *request) {
    for (u32 i = 0; i < row->scalars; i++)
        request->args[i] = slot->args[i];
    for (u32 i = 0; i < row->paths; i++) {
        request->path_lengths[i] = slot->path_length[i];
        if (slot->path_length[i] >= LINUX_PATH_MAX)
            return ENAMETOOLONG;
        request->paths[i] = data_piece(areas, slot->path_offset[i], slot->path_length[i]);
        if (!request->paths[i])
            return EINVAL;
    }
    request->input_size = row->input ? slot->in_length : 0;
    request->output_size = row->output ? slot->out_capacity : 0;
    request->input = row->input ? piece(areas, slot->window, slot->in_offset, slot->in_length) : NULL;
    request->output = row->output ? piece(areas, slot->window, slot->out_offset, slot->out_capacity) : NULL;
    return (row->input && !request->input) || (row->output && !request->output) ? EINVAL : 0;
}

static struct eh_slot *slot_at(const struct areas *areas, u32 index) {
    return (struct eh_slot *)(void *)(areas->control + EH_SLOTS_OFFSET) + index;
}

static void put_answer(const struct areas *areas, u32 index, s64 result, u64 value) {
    struct eh_slot *slot = slot_at(areas, index);
    slot->result = result;
    slot->value = value;
    __atomic_store_n(&slot->state, EH_SLOT_STATE_ANSWERED, __ATOMIC_RELEASE);
}

void agent_answer(struct agent *agent, const struct areas *areas, const struct request *request, s64 result,
                  u64 value) {
    const struct call_row *row = call_row(request->call);
    agent->counts[row - call_rows]++;
    if (row->handler == sys_close)
        sys_close(agent, &(struct request){.args = {request->args[0]}});
    put_answer(areas, request->slot, result, value);
}

// Whether a request is about the caller's streams, so that it goes there.
static bool of_caller(struct agent *agent, const struct call_row *row, const struct request *request) {
    if (row->handler == sys_ppoll)
        return streams_of_caller(&agent->files, request);
    const struct file *file = row->file ? file_find(&agent->files, request->args[0]) : NULL;
    return file && file->fd == AT_CALLER && row->handler != sys_openat;
}

// Whether it was answered; else it is an errand.
static bool serve(struct agent *agent, const struct areas *areas, u32 index, const struct eh_slot *slot,
                  struct errands *errands) {
    struct request request = {.slot = index, .call = slot->call, .id = slot->id};
    const struct call_row *row = call_row(slot->call);
    int bad = row ? decode(areas, row, slot, &request) : ENOSYS;
    if (!bad && of_caller(agent, row, &request)) {
        errands->request[errands->count++] = request;
        return false;
    }
    s64 result = -bad;
    if (!bad) {
        agent->counts[row - call_rows]++;
        result = row->handler(agent, &request);
    }
    put_answer(areas, index, result, request.value);
    return true;
}

u32 agent_serve(struct agent *agent, const struct areas *areas, u32 pending, struct errands *errands) {
    u32 answered = 0, found = 0;
    errands->count = 0;
    for (u32 i = 0; i < EH_SLOT_COUNT && found < pending; i++) {
        struct eh_slot slot;
        memcpy(&slot, slot_at(areas, i), sizeof slot);
        if (slot.state != EH_SLOT_STATE_REQUESTED)
            continue;
        found++;
        answered += serve(agent, areas, i, &slot, errands);
    }
    return answered;
}
