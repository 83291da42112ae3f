// SPDX-License-Identifier: BSD-2-Clause
// Made by tools/generate.py from elfhaven.calls.linux: do not edit.
static const struct eh_row eh_rows[EH_ROWS] = {
    {{0x2800402a12ull, 0x800ull}, 25, 0, 4, 11, 0}, // fcntl
    {{0x2400022ull, 0x0ull}, 29, 32, 0, 12, 0}, // ioctl
    {{0x110d0533026ull, 0x400000000000000ull}, 34, 54, 0, 1, 0}, // mkdirat
    {{0x190d0733026ull, 0x400000000000000ull}, 35, 75, 0, 1, 0}, // unlinkat
    {{0x190d0773026ull, 0x400000000000000ull}, 38, 98, 0, 1, 0}, // renameat
    {{0x1104c703026ull, 0x0ull}, 45, 125, 0, 1, 0}, // truncate
    {{0xc400222ull, 0x0ull}, 46, 149, 0, 1, 0}, // ftruncate
    {{0x3c680232ull, 0x400000080000000ull}, 47, 174, 0, 1, 0}, // fallocate
    {{0x11044503026ull, 0x0ull}, 48, 213, 0, 0, 0}, // faccessat
    {{0x11000503026ull, 0x0ull}, 49, 243, 1, 0, 0}, // chdir
    {{0x110ddfb3876ull, 0x400000080000800ull}, 56, 262, 2, 11, 0}, // openat
    {{0x10000030ull, 0x400000000000000ull}, 57, 295, 0, 11, 0}, // close
    {{0x500024ull, 0x0ull}, 61, 308, 1, 0, 0}, // getdents64
    {{0x20400040ull, 0x800ull}, 62, 333, 3, 11, 0}, // lseek
    {{0x601a30ull, 0x0ull}, 63, 362, 1, 0, 0}, // read
    {{0x118601a32ull, 0x400000000000000ull}, 64, 381, 1, 1, 0}, // write
    {{0x601a30ull, 0x0ull}, 65, 401, 1, 0, 0}, // readv
    {{0x118601a32ull, 0x400000000000000ull}, 66, 421, 1, 1, 0}, // writev
    {{0x20601a70ull, 0x800ull}, 67, 442, 1, 0, 0}, // pread64
    {{0x138601a72ull, 0x400000000000800ull}, 68, 472, 1, 1, 0}, // pwrite64
    {{0x20601a70ull, 0x800ull}, 69, 503, 1, 0, 0}, // preadv
    {{0x138601a72ull, 0x400000000000800ull}, 70, 532, 1, 1, 0}, // pwritev
    {{0x401010ull, 0x0ull}, 73, 562, 1, 12, 0}, // ppoll
    {{0x11000503026ull, 0x0ull}, 78, 588, 1, 0, 0}, // readlinkat
    {{0x11000503026ull, 0x800ull}, 79, 612, 0, 0, 0}, // newfstatat
    {{0x1020ull, 0x800ull}, 80, 637, 0, 0, 0}, // fstat
    {{0x50400020ull, 0x400000000000000ull}, 82, 650, 0, 1, 0}, // fsync
    {{0x50400020ull, 0x400000000000000ull}, 83, 663, 0, 1, 0}, // fdatasync
    {{0x190d0773026ull, 0x400000000000000ull}, 276, 680, 0, 1, 0}, // renameat2
    {{0x20601a70ull, 0x800ull}, 286, 708, 1, 0, 0}, // preadv2
    {{0x138601a72ull, 0x400000000000800ull}, 287, 738, 1, 1, 0}, // pwritev2
    {{0x11000503026ull, 0x800ull}, 291, 769, 0, 0, 0}, // statx
    {{0x11044503026ull, 0x0ull}, 439, 801, 0, 0, 0}, // faccessat2
};

static const char eh_rule_text[] =
    "files.read\0files.write\0files.pinned\0args\0env\0audit\0answers\0files.libraries\0net.connect\0net.listen\0files.sealed\0files\0streams";

static const char eh_row_text[] =
    "fcntl\0ufile\0ucommand\0xargument\0" "\0"
    "ioctl\0ufile\0xrequest\0" "\0"
    "mkdirat\0ppath\0umode\0" "\0"
    "unlinkat\0ppath\0xflags\0" "\0"
    "renameat\0pold\0pnew\0xflags\0" "\0"
    "truncate\0ppath\0dlength\0" "\0"
    "ftruncate\0ufile\0dlength\0" "\0"
    "fallocate\0ufile\0xmode\0doffset\0dlength\0" "\0"
    "faccessat\0ppath\0umode\0xflags\0" "\0"
    "chdir\0ppath\0usize\0" "\0"
    "openat\0ufile\0ppath\0xflags\0umode\0" "\0"
    "close\0ufile\0" "\0"
    "getdents64\0ufile\0ucount\0" "\0"
    "lseek\0ufile\0doffset\0uwhence\0" "\0"
    "read\0ufile\0ucount\0" "\0"
    "write\0ufile\0ucount\0" "\0"
    "readv\0ufile\0ucount\0" "\0"
    "writev\0ufile\0ucount\0" "\0"
    "pread64\0ufile\0ucount\0doffset\0" "\0"
    "pwrite64\0ufile\0ucount\0doffset\0" "\0"
    "preadv\0ufile\0ucount\0doffset\0" "\0"
    "pwritev\0ufile\0ucount\0doffset\0" "\0"
    "ppoll\0ucount\0dtimeout_ns\0" "\0"
    "readlinkat\0ppath\0usize\0" "\0"
    "newfstatat\0ppath\0xflags\0" "\0"
    "fstat\0ufile\0" "\0"
    "fsync\0ufile\0" "\0"
    "fdatasync\0ufile\0" "\0"
    "renameat2\0pold\0pnew\0xflags\0" "\0"
    "preadv2\0ufile\0ucount\0doffset\0" "\0"
    "pwritev2\0ufile\0ucount\0doffset\0" "\0"
    "statx\0ufile\0ppath\0xflags\0xmask\0" "\0"
    "faccessat2\0ppath\0umode\0xflags\0" "\0";
