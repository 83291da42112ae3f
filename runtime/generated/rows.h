// SPDX-License-Identifier: BSD-2-Clause
// Made by tools/generate.py from elfhaven.calls.linux: do not edit.
static const struct eh_row eh_rows[EH_ROWS] = {
    {{0x2800402a12ull, 0x800ull}, 25, 0, 4, 14, 0}, // fcntl
    {{0x2400022ull, 0x0ull}, 29, 32, 0, 16, 0}, // ioctl
    {{0x110d0533026ull, 0x400000000000000ull}, 34, 54, 0, 1, 0}, // mkdirat
    {{0x190d0733026ull, 0x400000000000000ull}, 35, 75, 0, 1, 0}, // unlinkat
    {{0x190d0773026ull, 0x400000000000000ull}, 38, 98, 0, 1, 0}, // renameat
    {{0x1104c703026ull, 0x0ull}, 45, 125, 0, 1, 0}, // truncate
    {{0xc400222ull, 0x0ull}, 46, 149, 0, 1, 0}, // ftruncate
    {{0x3c680232ull, 0x400000080000000ull}, 47, 174, 0, 1, 0}, // fallocate
    {{0x11044503026ull, 0x0ull}, 48, 213, 0, 0, 0}, // faccessat
    {{0x11000503026ull, 0x0ull}, 49, 243, 1, 0, 0}, // chdir
    {{0x110ddfb3876ull, 0x400000080000800ull}, 56, 262, 2, 14, 0}, // openat
    {{0x10000030ull, 0x400000000000000ull}, 57, 295, 0, 14, 0}, // close
    {{0x500024ull, 0x0ull}, 61, 308, 1, 0, 0}, // getdents64
    {{0x20400040ull, 0x800ull}, 62, 333, 3, 14, 0}, // lseek
    {{0x601a30ull, 0x0ull}, 63, 362, 1, 0, 0}, // read
    {{0x118601a32ull, 0x400000000000000ull}, 64, 381, 1, 1, 0}, // write
    {{0x601a30ull, 0x0ull}, 65, 401, 1, 0, 0}, // readv
    {{0x118601a32ull, 0x400000000000000ull}, 66, 421, 1, 1, 0}, // writev
    {{0x20601a70ull, 0x800ull}, 67, 442, 1, 0, 0}, // pread64
    {{0x138601a72ull, 0x400000000000800ull}, 68, 472, 1, 1, 0}, // pwrite64
    {{0x20601a70ull, 0x800ull}, 69, 503, 1, 0, 0}, // preadv
    {{0x138601a72ull, 0x400000000000800ull}, 70, 532, 1, 1, 0}, // pwritev
    {{0x401010ull, 0x0ull}, 73, 562, 1, 16, 0}, // ppoll
    {{0x11000503026ull, 0x0ull}, 78, 588, 1, 0, 0}, // readlinkat
    {{0x11000503026ull, 0x800ull}, 79, 612, 0, 0, 0}, // newfstatat
    {{0x1020ull, 0x800ull}, 80, 637, 0, 0, 0}, // fstat
    {{0x50400020ull, 0x400000000000000ull}, 82, 650, 0, 1, 0}, // fsync
    {{0x50400020ull, 0x400000000000000ull}, 83, 663, 0, 1, 0}, // fdatasync
    {{0x1c03810ull, 0x202e9000000ull}, 198, 680, 2, 15, 0}, // socket
    {{0x1c03810ull, 0x202e9000000ull}, 199, 718, 0, 15, 0}, // socketpair
    {{0x11050523836ull, 0x20e81000000ull}, 200, 767, 0, 9, 0}, // bind
    {{0x403810ull, 0x20483000000ull}, 201, 785, 0, 9, 0}, // listen
    {{0x1c03812ull, 0x3c3b081000080ull}, 202, 808, 2, 9, 0}, // accept
    {{0x11100503836ull, 0xfcf3e8f000080ull}, 203, 833, 0, 8, 0}, // connect
    {{0x403810ull, 0x20081000000ull}, 204, 860, 0, 15, 0}, // getsockname
    {{0x403810ull, 0xa0081000000ull}, 205, 879, 0, 15, 0}, // getpeername
    {{0x11100503836ull, 0x3cf3a87000080ull}, 206, 898, 1, 8, 0}, // sendto
    {{0x100403812ull, 0x3cf3a87000080ull}, 207, 931, 1, 15, 0}, // recvfrom
    {{0x200493816ull, 0xe0891000000ull}, 208, 961, 0, 15, 0}, // setsockopt
    {{0x403810ull, 0xa0091000000ull}, 209, 994, 0, 15, 0}, // getsockopt
    {{0x403810ull, 0xa0081000000ull}, 210, 1027, 0, 15, 0}, // shutdown
    {{0x11100503836ull, 0x3cf3a87000080ull}, 211, 1048, 1, 8, 0}, // sendmsg
    {{0x100403812ull, 0x3cf3a87000080ull}, 212, 1082, 1, 15, 0}, // recvmsg
    {{0x1803824ull, 0x0ull}, 221, 1111, 0, 11, 0}, // execve
    {{0x1c03812ull, 0x3c3b081000080ull}, 242, 1151, 2, 9, 0}, // accept4
    {{0x10ull, 0x0ull}, 260, 1177, 4, 11, 0}, // wait4
    {{0x190d0773026ull, 0x400000000000000ull}, 276, 1193, 0, 1, 0}, // renameat2
    {{0x20601a70ull, 0x800ull}, 286, 1221, 1, 0, 0}, // preadv2
    {{0x138601a72ull, 0x400000000000800ull}, 287, 1251, 1, 1, 0}, // pwritev2
    {{0x11000503026ull, 0x800ull}, 291, 1282, 0, 0, 0}, // statx
    {{0x11044503026ull, 0x0ull}, 439, 1314, 0, 0, 0}, // faccessat2
};

static const char eh_rule_text[] =
    "files.read\0files.write\0files.pinned\0args\0env\0audit\0answers\0files.libraries\0net.connect\0net.listen\0files.sealed\0programs\0pipes\0fork\0files\0net\0streams";

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
    "socket\0ufile\0udomain\0xtype\0uprotocol\0" "\0"
    "socketpair\0ufile\0uother\0udomain\0xtype\0uprotocol\0" "\0"
    "bind\0ufile\0ppath\0" "\0"
    "listen\0ufile\0dbacklog\0" "\0"
    "accept\0ufile\0unew\0uwait\0" "\0"
    "connect\0ufile\0uwait\0ppath\0" "\0"
    "getsockname\0ufile\0" "\0"
    "getpeername\0ufile\0" "\0"
    "sendto\0ufile\0xflags\0usize\0ppath\0" "\0"
    "recvfrom\0ufile\0xflags\0ucount\0" "\0"
    "setsockopt\0ufile\0dlevel\0doption\0" "\0"
    "getsockopt\0ufile\0dlevel\0doption\0" "\0"
    "shutdown\0ufile\0dhow\0" "\0"
    "sendmsg\0ufile\0xflags\0usize\0ppath\0" "\0"
    "recvmsg\0ufile\0xflags\0ucount\0" "\0"
    "execve\0upid\0uargc\0uenvc\0usize\0pprogram\0" "\0"
    "accept4\0ufile\0unew\0uwait\0" "\0"
    "wait4\0xoptions\0" "\0"
    "renameat2\0pold\0pnew\0xflags\0" "\0"
    "preadv2\0ufile\0ucount\0doffset\0" "\0"
    "pwritev2\0ufile\0ucount\0doffset\0" "\0"
    "statx\0ufile\0ppath\0xflags\0xmask\0" "\0"
    "faccessat2\0ppath\0umode\0xflags\0" "\0";
