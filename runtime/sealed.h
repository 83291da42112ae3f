// SPDX-License-Identifier: BSD-2-Clause
// Sealed files: the normal world keeps ciphertext in one host file; the program sees the plain file. A tree of nodes
// holds nonce and tag of everything below it, its root lies in the header, and the header's tag in trusted storage.
// The format is told in docs/reference/sealed-format.md.
#pragma once
#include "aead.h"
#include "files.h"

enum { SEAL_UNIT = 4096, SEAL_FAN_SHIFT = 7, SEAL_FAN = 1 << SEAL_FAN_SHIFT, SEAL_LEVELS = 3, SEALS_MOST = 32 };
#define SEAL_SIZE_MAX ((u64)SEAL_UNIT << (SEAL_FAN_SHIFT * SEAL_LEVELS))

struct seal_entry { // what a node says of a unit below it
    u8 nonce[12], tag[16];
    u32 stamp; // 0: a hole; else the sequence number of its commit * 2 + the slot where it lies
};
_Static_assert(sizeof(struct seal_entry) * SEAL_FAN == SEAL_UNIT, "entries fill a node");

struct seal_record { // what trusted storage says of a name
    u64 counter;
    u8 tag[16]; // of the header
    u32 state, padding;
};
enum { RECORD_NONE = 0, RECORD_FILE, RECORD_ABSENT };
struct seal_trust {
    struct seal_record now, next; // next: while a rename or an unlink is under way
};

struct eh_seal {
    u32 references; // open files of the program; 0: free
    s32 broken;     // the errno of every further call; 0: sound
    u32 dirty;      // not all is committed
    u32 gone;       // its name is: nothing is committed any more
    u32 writable;
    struct eh_file *host; // open outside
    char *name;           // a page: absolute and normal
    u32 name_length;
    u8 name_hash[32], id[16];
    struct aead_key key; // of the file
    u64 counter, size;
    u32 sequence, depth; // of the last commit; levels of nodes
    u32 header;          // the slot of the valid header; 2: none yet
    struct seal_entry root;
    struct seal_trust trust;
};

// sealed_crypt.c
s64 seal_key_make(struct eh_seal *s); // id and key of a new file; an errno where the program has no key
void seal_encrypt(struct eh_seal *s, u32 level, u64 index, const u8 *from, u8 *to, struct seal_entry *e);
s64 seal_decrypt(struct eh_seal *s, u32 level, u64 index, const u8 *from, u8 *to, const struct seal_entry *e);
int seal_header_ours(const u8 *unit); // by how it begins
s64 seal_header_make(struct eh_seal *s, u32 slot, u8 *unit, u8 tag[16]); // from the fields of s
s64 seal_header_take(struct eh_seal *s, u32 slot, u8 *unit, u8 tag[16]); // into them; -EIO when it does not hold

// sealed_haven.c
int seal_in_haven(void);            // other programs may change its files, too
s64 seal_program_key(u8 key[32]);   // of the program's haven, or its own
u32 seal_give_key(const struct eh_entry *e);

// sealed_host.c
s64 seal_host_open(struct eh_seal *s, const struct eh_path *path, u32 flags, u32 mode);
void seal_host_close(struct eh_seal *s);
s64 seal_host_read(struct eh_seal *s, u8 *to, u64 size, u64 offset); // all of it, or an errno
s64 seal_host_write(struct eh_seal *s, const u8 *from, u64 size, u64 offset);
s64 seal_host_sync(struct eh_seal *s);
s64 seal_host_sync_name(struct eh_seal *s); // what became of its name lasts, too
u64 seal_place(u32 level, u64 index, u32 slot); // byte offset in the host file; pure

// sealed_head.c
s64 seal_open_head(struct eh_seal *s); // after the host file was opened
s64 seal_commit(struct eh_seal *s);
s64 seal_trust_load(struct eh_seal *s);
s64 seal_trust_store(struct eh_seal *s);
int seal_must_exist(const struct eh_seal *s);
s64 seal_trust_absent(struct eh_seal *s); // it is not there, and need not be: what was under way has ended so
s64 seal_rebind(struct eh_seal *s, struct eh_seal *as); // `as`: the new name and what is known of it

// sealed_cache.c: units in secure memory
struct seal_frame {
    struct eh_seal *seal; // 0: free
    u32 level, dirty;
    u64 index, used; // used: when, for the choice of what is dropped
    u8 *data;
};
s64 seal_cache_begin(void);
u8 *seal_staging(u32 *units); // room for ciphertext
void seal_frames_room(u32 count); // so many are clean, after a flush of all if need be
void seal_frame_free(struct seal_frame *f);
struct seal_frame *seal_frame_find(struct eh_seal *s, u32 level, u64 index);
struct seal_frame *seal_frame_take(struct eh_seal *s, u32 level, u64 index, s64 *error); // zeroed
struct seal_frame *seal_frame_dirty(struct eh_seal *s, u32 level, u64 from);             // lowest index from there on
void seal_frames_drop(struct eh_seal *s, u32 level, u64 from); // all of that level from there on

// sealed_tree.c
s64 seal_block(struct eh_seal *s, u64 block, u64 ahead, int whole, struct seal_frame **frame);
s64 seal_touch(struct eh_seal *s, u64 block); // it is about to change: all above it, too
s64 seal_flush(struct eh_seal *s);            // nothing of it is dirty in memory; not yet committed
s64 seal_cut(struct eh_seal *s, u64 size);    // what lies behind `size` is a hole

// sealed.c
struct eh_seal *seal_of(const struct eh_file *file); // of a sealed open file
s64 seal_acquire(const struct eh_path *path, u32 flags, u32 mode, struct eh_seal **seal);
s64 seal_release(struct eh_seal *s);
struct eh_seal *seal_named(const char *name, u32 length); // open already; 0: not
s64 seal_resize(struct eh_seal *s, u64 size);
void seal_lock(void); // one thread at a time: every crossing may let another run
void seal_unlock(void);
