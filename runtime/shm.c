// SPDX-License-Identifier: BSD-2-Clause
// /dev/shm: files of memory with a name, the program's own. shm_open and sem_open of libc are open, link and unlink there.
#include "stores.h"

enum { NAMES = 64, NAME_MOST = 243 };
static const char place[] = "/dev/shm/";

static struct name {
    struct eh_store *store; // 0: free
    u32 length;
    char text[NAME_MOST + 1];
} *names;
_Static_assert(sizeof(struct name) == 256, "names fill pages");

// What stands behind /dev/shm/ in a path; 0: it leads elsewhere.
static u32 within(char *to, const struct eh_path *path) {
    char normal[EH_PATH_MAX];
    u32 length = path_normalise(normal, path->text, path->length), head = sizeof place - 1;
    if (length <= head || memcmp(normal, place, head))
        return 0;
    length = EH_MIN(length - head, (u32)NAME_MOST + 1);
    memcpy(to, normal + head, length);
    return length;
}

int shm_names(const struct eh_path *path) {
    char name[NAME_MOST + 1];
    return within(name, path) != 0;
}

static struct name *entry(const char *text, u32 length) {
    for (u32 i = 0; names && i < NAMES; i++)
        if (names[i].store && eh_equal(names[i].text, names[i].length, text, length))
            return &names[i];
    return 0;
}

static struct name *entry_of(const struct eh_path *path) {
    char text[NAME_MOST + 1];
    return entry(text, within(text, path));
}

struct eh_store *shm_find(const struct eh_path *path) {
    const struct name *n = entry_of(path);
    return n ? n->store : 0;
}

// A name for a store, which gets a reference.
static s64 call_it(struct eh_store *store, const char *text, u32 length) {
    if (length > NAME_MOST)
        return -ENAMETOOLONG;
    if (!names && !(names = arena_own(NAMES * sizeof *names)))
        return -ENOSPC;
    for (u32 i = 0; i < NAMES; i++) {
        if (names[i].store)
            continue;
        names[i].store = store;
        names[i].length = length;
        memcpy(names[i].text, text, length);
        store->references++;
        store->links++;
        return 0;
    }
    return -ENOSPC;
}

static void forget(struct name *n) {
    n->store->links--;
    store_leave(n->store);
    n->store = 0;
}

s64 shm_open(const struct eh_path *path, u32 flags, u32 mode) {
    char text[NAME_MOST + 1];
    u32 length = within(text, path);
    const struct name *n = entry(text, length);
    struct eh_store *store = n ? n->store : 0;
    if (store && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if (store && (flags & O_DIRECTORY))
        return -ENOTDIR;
    if (!store && !(flags & O_CREAT))
        return -ENOENT;
    if (store) {
        store->references++;
    } else {
        store = store_new(mode);
        s64 result = store ? call_it(store, text, length) : -ENFILE;
        if (result && store)
            store_leave(store);
        if (result)
            return result;
    }
    if ((flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY)
        store_resize(store, 0);
    return store_file(store, flags & ~(u32)(O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW));
}

s64 shm_unlink(const struct eh_path *path) {
    struct name *n = entry_of(path);
    if (!n)
        return -ENOENT;
    forget(n);
    return 0;
}

s64 shm_link(const struct eh_path *old, const struct eh_path *new, int moves) {
    char text[NAME_MOST + 1];
    u32 length = within(text, new);
    struct name *from = entry_of(old), *to = entry(text, length);
    if (!from)
        return -ENOENT;
    if (!length)
        return -EXDEV;
    if (to == from && moves)
        return 0;
    if (to && !moves)
        return -EEXIST;
    if (to)
        forget(to);
    s64 result = call_it(from->store, text, length);
    if (!result && moves)
        forget(from);
    return result;
}
