// SPDX-License-Identifier: BSD-2-Clause
// The files of the program's system. Their names, kinds, sizes and hashes stand in the signed image, so all that is
// asked about them is answered here; the normal world gives the bytes of a file, which are then held to its hashes.
//
// Entries are sorted by path, with '/' below all other bytes: what a directory holds follows it without a gap.
#include "tree.h"

enum { LINKS_MOST = 40, TYPE = 0170000, LINK = 0120000, DIRECTORY = 0040000 };

static const struct eh_tree *tree(void) { return (const void *)(EH_BASE + eh_config.head.tree); }

static const u8 *blob(void) { return (const u8 *)tree(); }

static const struct eh_tree_entry *entries(void) { return (const void *)(blob() + tree()->entries); }

static int inside(u64 offset, u64 size) {
    return offset <= eh_config.head.tree_size && size <= eh_config.head.tree_size - offset;
}

static int entry_sound(const struct eh_tree_entry *e) {
    int link = (e->mode & TYPE) == LINK;
    u64 blocks = e->block_shift == 16 && !(e->size >> 62) ? (e->size + 65535) >> 16 : ~0ull;
    return e->path_length && e->path_length < EH_PATH_MAX && inside(e->path_offset, e->path_length) &&
           (link ? e->hash_count < EH_PATH_MAX : blocks == e->hash_count) &&
           inside(e->hash_offset, link ? e->hash_count : 32ull * e->hash_count);
}

u32 tree_begin(void) {
    if (!eh_config.head.tree_size)
        return TEE_SUCCESS;
    const struct eh_tree *t = tree();
    if (!inside(0, sizeof *t) || t->magic != EH_TREE_MAGIC || t->size != eh_config.head.tree_size ||
        (t->entries & 7) || !inside(t->entries, (u64)t->count * sizeof *entries()))
        return TEE_ERROR_BAD_PARAMETERS;
    for (u32 i = 0; i < t->count; i++)
        if (!entry_sound(&entries()[i]))
            return TEE_ERROR_BAD_PARAMETERS;
    return TEE_SUCCESS;
}

int tree_there(void) { return eh_config.head.tree_size != 0; }

const char *tree_path(const struct eh_tree_entry *e) { return (const char *)blob() + e->path_offset; }

const u8 *tree_data(const struct eh_tree_entry *e) { return blob() + e->hash_offset; }

int tree_holds(const void *entry) {
    const u8 *at = entry;
    return tree_there() && at >= blob() && at < blob() + eh_config.head.tree_size;
}

const struct eh_tree_entry *tree_at(u32 index) { return index < tree()->count ? &entries()[index] : 0; }

u32 tree_index(const struct eh_tree_entry *e) { return (u32)(e - entries()); }

static int rank(char c) { return c == '/' ? 0 : (u8)c + 1; }

// Below, at or above: how `path` stands to the entry's.
static int compare(const char *path, u32 length, const struct eh_tree_entry *e) {
    const char *other = tree_path(e);
    u32 common = (u32)EH_MIN(length, e->path_length);
    for (u32 i = 0; i < common; i++)
        if (path[i] != other[i])
            return rank(path[i]) - rank(other[i]);
    return length < e->path_length ? -1 : length > e->path_length;
}

static const struct eh_tree_entry *exact(const char *path, u32 length) {
    u32 low = 0, high = tree()->count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        int order = compare(path, length, &entries()[middle]);
        if (!order)
            return &entries()[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}

// `path` with its first `used` bytes, a link, replaced by where that leads; 0 when it gets too long.
static u32 follow(char *path, u32 length, u32 used, const struct eh_tree_entry *link) {
    struct eh_path made;
    const char *target = (const char *)tree_data(link);
    u32 base = 0;
    if (!link->hash_count)
        return 0;
    if (target[0] != '/') {
        base = used;
        while (base && path[base - 1] != '/')
            base--;
    }
    if (base + link->hash_count + (length - used) >= EH_PATH_MAX)
        return 0;
    memcpy(made.text, path, base);
    memcpy(made.text + base, target, link->hash_count);
    memcpy(made.text + base + link->hash_count, path + used, length - used);
    return path_normalise(path, made.text, base + link->hash_count + length - used);
}

// The first link on the way along `path`; *used is the length of the path that leads to it.
static const struct eh_tree_entry *first_link(const char *path, u32 length, int last, u32 *used) {
    for (*used = 1; *used <= length; (*used)++) {
        if (*used < length ? path[*used] != '/' : !last)
            continue;
        const struct eh_tree_entry *e = exact(path, *used);
        if (e && (e->mode & TYPE) == LINK)
            return e;
    }
    return 0;
}

const struct eh_tree_entry *tree_find(const char *normal, u32 length, int follows) {
    char path[EH_PATH_MAX];
    if (!tree_there())
        return 0;
    memcpy(path, normal, length);
    for (u32 links = 0; links <= LINKS_MOST; links++) {
        u32 used;
        const struct eh_tree_entry *link = first_link(path, length, follows, &used);
        if (!link)
            return exact(path, length);
        length = follow(path, length, used, link);
        if (!length)
            return 0;
    }
    return 0;
}

// The entry behind the last one in the directory at `index`, whatever lies deeper.
static u32 beyond(u32 index) {
    const struct eh_tree_entry *e = &entries()[index];
    u32 at = index + 1;
    while (at < tree()->count && policy_covers(tree_path(e), e->path_length, 1, tree_path(&entries()[at]),
                                               entries()[at].path_length))
        at++;
    return at;
}

const struct eh_tree_entry *tree_child(const struct eh_tree_entry *directory, const struct eh_tree_entry *after) {
    u32 end = beyond(tree_index(directory));
    u32 at = after == directory ? tree_index(directory) + 1 : beyond(tree_index(after));
    return at < end ? &entries()[at] : 0;
}

const char *tree_name(const struct eh_tree_entry *e, u32 *length) {
    u32 at = e->path_length;
    while (tree_path(e)[at - 1] != '/')
        at--;
    *length = e->path_length - at;
    return tree_path(e) + at;
}
