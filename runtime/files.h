// SPDX-License-Identifier: BSD-2-Clause
// Descriptors and open files. A descriptor is the program's number; an open file has a number of its own,
// which is the only one that crosses; duplicates of a descriptor share the open file and its offset.
#pragma once
#include "memory.h"
#include "policy.h"
#include "wire.h"

enum eh_file_kind {
    FILE_FREE = 0,
    FILE_STREAM,  // standard input, output and error
    FILE_REGULAR, // the offset is kept inside
    FILE_DIRECTORY,
    FILE_OTHER, // a device, a pipe, a socket, opened by its path
    FILE_DEVICE, // devices.c: served inside
    FILE_SOCKET, // sockets.c
    FILE_PIPE,   // pipe.c: an end of a pipe, or an event counter, inside
    FILE_EPOLL,  // epoll.c: a set of files, inside
    FILE_TIMER,  // timerfd.c: inside
    FILE_QUEUE,  // mqueues.c: inside
    FILE_SIGNALS, // signalfd.c: inside
};

enum { // arm64
    O_RDONLY = 0,
    O_WRONLY = 1,
    O_RDWR = 2,
    O_ACCMODE = 3,
    O_CREAT = 0100,
    O_EXCL = 0200,
    O_TRUNC = 01000,
    O_APPEND = 02000,
    O_NONBLOCK = 04000,
    O_DIRECTORY = 040000,
    O_NOFOLLOW = 0100000,
    O_DIRECT = 0200000,
    O_LARGEFILE = 0400000,
    O_NOATIME = 01000000,
    O_CLOEXEC = 02000000,
    O_PATH = 010000000,
    O_TMPFILE = 020040000,
};
enum { S_IFMT = 0170000, S_IFIFO = 0010000, S_IFDIR = 0040000, S_IFREG = 0100000, S_IFLNK = 0120000 };

enum { STREAM_PIPE = 1 }; // a pipe that lay inside: what is written to it goes in pieces

enum { FILES_A_PAGE = 32, FILE_PAGES = 33, FILES_MOST = FILES_A_PAGE * FILE_PAGES };

struct eh_file {
    u32 kind, references, number, flags;
    u64 offset, size; // size: as it was at the open or the last answer that told it
    u64 device, inode;
    union {
        char *path;           // of a directory; the name of a bound Unix socket: a page of its own
        struct eh_pipe *pipe; // FILE_PIPE
        struct eh_store *store; // of a regular file that is `stored`
        struct eh_epoll *epoll;
        struct eh_queue *queue; // FILE_QUEUE
    };
    u32 path_length;
    u32 ahead; // bytes to read ahead next
    const struct eh_policy_pinned *pin;
    u8 *cache; // cache.c: file bytes [cache_from, cache_from + cache_used)
    u64 cache_size, cache_from, cache_used;
    u64 sequel; // the offset at which a sequential reader comes back; of a socket: counts what it was used for
    u8 locked; // a record lock was taken through it
    u8 busy;   // a thread uses its offset and cache
    u8 stale;  // meanwhile the file was changed
    u8 changeable : 1; // the policy lets its path be written
    u8 watches : 1;    // watches.c
    u8 stored : 1;     // its bytes are a store's: stores.c
    u8 itself : 1;     // pidfd.c: the program
    u8 reserved : 4;
    u32 image;  // images.c: the image of the TA that it is; 0: none
    u32 tree;   // tree.c: the entry of the system's files that it is, plus 1; 0: none
    union {
        u32 special; // FILE_DEVICE: which; FILE_SOCKET: see sockets.h; FILE_STREAM: STREAM_PIPE or 0
        u32 sealed;  // FILE_REGULAR: sealed.c's number of it, plus 1; 0: not sealed
    };
};
_Static_assert(sizeof(struct eh_file) * FILES_A_PAGE == EH_PAGE, "open files fill a page");

// stat.c
int file_type_known(u32 mode);

// fd.c
enum { DESCRIPTORS = 1024 };
struct eh_descriptor {
    u16 file; // number + 1, 0: free
    u16 close_on_exec;
};
void fd_keep(struct eh_descriptor *kept);          // all DESCRIPTORS of them, with their files
void fd_restore(const struct eh_descriptor *kept); // those that are open now are closed
int fd_closes(u32 fd);                             // on execve
u32 fd_init(void);
struct eh_file *fd_file(u64 fd);               // 0: no such descriptor
struct eh_file *fd_file_at(u32 number);        // the open file with that number; 0 if free
s64 fd_free(u32 from);                         // lowest free descriptor from `from` on; -EMFILE
struct eh_file *file_new(u32 kind, u32 flags); // 0: no memory, or too many
void file_release(struct eh_file *file);
s64 file_drop(struct eh_file *file); // one reference less; the last one closes it: what close() answers
s64 fd_close(u32 fd); // an open one: what close() answers
void fd_set(u32 fd, struct eh_file *file, int close_on_exec);
// The file gets the lowest descriptor that is free, and is closed where there is none: -EMFILE.
s64 fd_give(struct eh_file *file, int close_on_exec);

// locks.c
s64 locks_call(struct eh_file *file, u32 command, u64 address); // F_GETLK, F_SETLK, F_SETLKW
void locks_drop(const struct eh_file *file, int stays_open);    // a descriptor of the file is closed

// cache.c: regular files, read in large pieces
s64 cache_read(struct eh_file *file, struct eh_span *s, u64 offset);
void cache_forget(u64 device, u64 inode); // every open file of that inode
void cache_drop(struct eh_file *file);
int cache_drop_all(void); // whether anything was freed

// extent.c
s64 file_sync(struct eh_file *file, u32 row); // ROW_fsync or ROW_fdatasync

// io.c
struct eh_file *file_usable(u64 fd, u32 not_mode); // 0: not there, or not open for it
s64 file_read(struct eh_file *file, struct eh_span *s, u64 offset); // offset ~0: the file's own
s64 file_write(struct eh_file *file, struct eh_span *s, u64 offset);
s64 file_fetch(struct eh_file *file, u8 *to, u64 size, u64 offset);      // pread64 until full or the end
s64 file_read_pages(struct eh_file *file, u8 *to, u64 size, u64 offset); // for a private mapping
void file_take(struct eh_file *file); // wait until no other thread uses its offset and cache, and keep it
void file_give(struct eh_file *file);
s64 file_mappable(const struct eh_file *file);

// watches.c
s64 watches_read(struct eh_file *file, struct eh_span *s);

// pipe.c
s64 pipe_read(struct eh_file *file, struct eh_span *s);
s64 pipe_write(struct eh_file *file, struct eh_span *s);
void pipe_closed(struct eh_file *file);
int pipe_describe(const struct eh_file *file, struct eh_spawn_fd *to); // for a child; -EACCES: it is no pipe
void pipe_leave(const struct eh_file *end); // the normal world has both ends under their numbers: streams now
u32 pipe_ready(const struct eh_file *file);  // bits of poll()
u64 pipe_pending(const struct eh_file *file); // bytes that can be read
u64 pipe_room(const struct eh_file *file);
void pipe_peek(const struct eh_file *file, u8 *to, u64 size); // size <= what is pending
u32 pipe_mode(const struct eh_file *file);   // st_mode

// mqueues.c
void queue_closed(struct eh_file *file);
u32 queue_ready(const struct eh_file *file); // bits of poll()

// waiting.c
void poll_wake(void); // something inside is ready: whoever polls looks again

// devices.c
u32 device_named(const char *path, u32 length); // 0: none that is served inside
u64 device_number(u32 device);                  // st_rdev
s64 device_read(const struct eh_file *file, struct eh_span *s);
s64 device_write(const struct eh_file *file, const struct eh_span *s);

s64 store_seals(const struct eh_file *file, int adds, u32 seals);
u64 file_length(const struct eh_file *file); // of a regular file, as far as it is known

static inline int file_sealed(const struct eh_file *file) { return file->kind == FILE_REGULAR && file->sealed; }

// No file of any system, but something to wait for.
static inline int file_waits_inside(const struct eh_file *file) {
    return file->kind == FILE_PIPE || file->kind == FILE_EPOLL || file->kind == FILE_TIMER ||
           file->kind == FILE_SIGNALS || file->kind == FILE_QUEUE || file->itself;
}

u32 file_mode_inside(const struct eh_file *file); // st_mode of such a file

// Nothing is open in the normal world under the file's number.
static inline int file_inside(const struct eh_file *file) {
    return file_sealed(file) || file->kind == FILE_DEVICE || file_waits_inside(file) || file->image || file->stored || (file->tree && file->kind == FILE_DIRECTORY);
}

// sealed.c, sealed_names.c: files of which the normal world holds ciphertext alone
s64 sealed_open(struct eh_file *file, const struct eh_path *path, u32 flags, u32 mode); // -EISDIR: a directory
s64 sealed_close(struct eh_file *file);
s64 sealed_read(struct eh_file *file, struct eh_span *s, u64 offset);
s64 sealed_write(struct eh_file *file, struct eh_span *s, u64 offset, u64 *end);
u64 sealed_size(const struct eh_file *file);
u32 sealed_host(const struct eh_file *file); // the number of the file that is open outside for it
s64 sealed_resize(const struct eh_file *file, u64 size);
s64 sealed_sync(const struct eh_file *file);
void sealed_end(void); // the program ends: commit what it wrote
s64 sealed_rename(const struct eh_path *from, const struct eh_path *to, u32 flags); // one of them is sealed
s64 sealed_unlink(const struct eh_path *path);
s64 sealed_truncate(const struct eh_path *path, u64 size);
s64 sealed_tell(const struct eh_path *path, u64 *size); // nothing where the path is not sealed

// images.c: libraries that lie in the TA
u32 image_named(const char *path, u32 length); // the image that a path, or its last component, names; 0: none
u64 image_size(u32 index);                     // of its file
int image_probe(const char *path, u32 length); // a dynamic linker may look there, and finds nothing
struct eh_file *image_open(u32 index, u32 flags); // 0: too many files
s64 image_read(const struct eh_file *file, struct eh_span *s, u64 offset);
s64 image_map(const struct eh_file *file, u64 wanted, u64 size, u64 offset); // `wanted` 0: the whole of it
s64 image_clear(u64 address, u64 size); // an anonymous mapping over an image: its address; 0: not over one
int image_gap(u64 address, u64 size);   // within an image, and not all of it segments
void image_unmapped(u64 address);

// pinned.c
s64 pinned_check(const struct eh_file *file, const u8 *data, u64 size, u64 offset); // whole blocks; 0 or -EIO
