// SPDX-License-Identifier: BSD-2-Clause
// Made by tools/generate.py from elfhaven.calls.linux: do not edit.
static const struct eh_row eh_rows[EH_ROWS] = {
    {{0x20000154505232a6ull, 0x400000080000000ull}, 5, 0, 0, 1, 0}, // setxattr
    {{0x20000154505232a6ull, 0x400000080000000ull}, 6, 35, 0, 1, 0}, // lsetxattr
    {{0x20000154505232a6ull, 0x400000080000000ull}, 7, 71, 0, 1, 0}, // fsetxattr
    {{0x20000154505232a6ull, 0x400000080000000ull}, 8, 107, 1, 0, 0}, // getxattr
    {{0x20000154505232a6ull, 0x400000080000000ull}, 9, 148, 1, 0, 0}, // lgetxattr
    {{0x20000154505232a6ull, 0x400000080000000ull}, 10, 190, 1, 0, 0}, // fgetxattr
    {{0x20000154505232a6ull, 0x400000080000000ull}, 11, 232, 1, 0, 0}, // listxattr
    {{0x20000154505232a6ull, 0x400000080000000ull}, 12, 268, 1, 0, 0}, // llistxattr
    {{0x20000154505232a6ull, 0x400000080000000ull}, 13, 305, 1, 0, 0}, // flistxattr
    {{0x20000154505232a6ull, 0x400000080000000ull}, 14, 342, 0, 1, 0}, // removexattr
    {{0x20000154505232a6ull, 0x400000080000000ull}, 15, 380, 0, 1, 0}, // lremovexattr
    {{0x20000154505232a6ull, 0x400000080000000ull}, 16, 419, 0, 1, 0}, // fremovexattr
    {{0x2800402a12ull, 0x800ull}, 25, 458, 4, 14, 0}, // fcntl
    {{0x4001c01000ull, 0x0ull}, 26, 490, 2, 14, 0}, // inotify_init1
    {{0x15010523226ull, 0x0ull}, 27, 511, 4, 0, 0}, // inotify_add_watch
    {{0x4000400200ull, 0x0ull}, 28, 548, 0, 14, 0}, // inotify_rm_watch
    {{0x2400022ull, 0x0ull}, 29, 579, 0, 16, 0}, // ioctl
    {{0x6000401a10ull, 0x0ull}, 32, 601, 0, 14, 0}, // flock
    {{0x150d0533026ull, 0x400000000000000ull}, 33, 625, 0, 1, 0}, // mknodat
    {{0x110d0533026ull, 0x400000000000000ull}, 34, 646, 0, 1, 0}, // mkdirat
    {{0x190d0733026ull, 0x400000000000000ull}, 35, 667, 0, 1, 0}, // unlinkat
    {{0x150d0533026ull, 0x400000000000000ull}, 36, 690, 0, 1, 0}, // symlinkat
    {{0x150d0573026ull, 0x400000000000000ull}, 37, 715, 0, 1, 0}, // linkat
    {{0x190d0773026ull, 0x400000000000000ull}, 38, 740, 0, 1, 0}, // renameat
    {{0x15000503026ull, 0x800ull}, 43, 767, 0, 0, 0}, // statfs
    {{0x15000503226ull, 0x800ull}, 44, 781, 0, 0, 0}, // fstatfs
    {{0x1104c703026ull, 0x0ull}, 45, 796, 0, 1, 0}, // truncate
    {{0xc400222ull, 0x0ull}, 46, 820, 0, 1, 0}, // ftruncate
    {{0x3c680232ull, 0x400000080000000ull}, 47, 845, 0, 1, 0}, // fallocate
    {{0x11044503026ull, 0x0ull}, 48, 884, 0, 0, 0}, // faccessat
    {{0x11000503026ull, 0x0ull}, 49, 914, 1, 0, 0}, // chdir
    {{0x15040503226ull, 0x80000000ull}, 52, 933, 0, 1, 0}, // fchmod
    {{0x15040503226ull, 0x80000000ull}, 53, 953, 0, 1, 0}, // fchmodat
    {{0x15040503226ull, 0x80000000ull}, 54, 982, 0, 1, 0}, // fchownat
    {{0x15040503226ull, 0x80000000ull}, 55, 1018, 0, 1, 0}, // fchown
    {{0x110ddfb3876ull, 0x400000080000800ull}, 56, 1045, 2, 14, 0}, // openat
    {{0x10000030ull, 0x400000000000000ull}, 57, 1078, 0, 14, 0}, // close
    {{0x500024ull, 0x0ull}, 61, 1091, 1, 0, 0}, // getdents64
    {{0x20400040ull, 0x800ull}, 62, 1116, 3, 14, 0}, // lseek
    {{0x601a30ull, 0x0ull}, 63, 1145, 1, 0, 0}, // read
    {{0x118601a32ull, 0x400000000000000ull}, 64, 1164, 1, 1, 0}, // write
    {{0x601a30ull, 0x0ull}, 65, 1184, 1, 0, 0}, // readv
    {{0x118601a32ull, 0x400000000000000ull}, 66, 1204, 1, 1, 0}, // writev
    {{0x20601a70ull, 0x800ull}, 67, 1225, 1, 0, 0}, // pread64
    {{0x138601a72ull, 0x400000000000800ull}, 68, 1255, 1, 1, 0}, // pwrite64
    {{0x20601a70ull, 0x800ull}, 69, 1286, 1, 0, 0}, // preadv
    {{0x138601a72ull, 0x400000000000800ull}, 70, 1315, 1, 1, 0}, // pwritev
    {{0x401010ull, 0x0ull}, 73, 1345, 1, 16, 0}, // ppoll
    {{0x11000503026ull, 0x0ull}, 78, 1371, 1, 0, 0}, // readlinkat
    {{0x11000503026ull, 0x800ull}, 79, 1395, 0, 0, 0}, // newfstatat
    {{0x1020ull, 0x800ull}, 80, 1420, 0, 0, 0}, // fstat
    {{0x50400020ull, 0x400000000000000ull}, 82, 1433, 0, 1, 0}, // fsync
    {{0x50400020ull, 0x400000000000000ull}, 83, 1446, 0, 1, 0}, // fdatasync
    {{0x15040503226ull, 0x80000000ull}, 88, 1463, 0, 1, 0}, // utimensat
    {{0x1c03810ull, 0x202e9000000ull}, 198, 1493, 2, 15, 0}, // socket
    {{0x1c03810ull, 0x202e9000000ull}, 199, 1531, 0, 15, 0}, // socketpair
    {{0x11050523836ull, 0x20e81000000ull}, 200, 1580, 0, 9, 0}, // bind
    {{0x403810ull, 0x20483000000ull}, 201, 1598, 0, 9, 0}, // listen
    {{0x1c03812ull, 0x3c3b081000080ull}, 202, 1621, 2, 9, 0}, // accept
    {{0x11100503836ull, 0xfcf3e8f000080ull}, 203, 1646, 0, 8, 0}, // connect
    {{0x403810ull, 0x20081000000ull}, 204, 1673, 0, 15, 0}, // getsockname
    {{0x403810ull, 0xa0081000000ull}, 205, 1692, 0, 15, 0}, // getpeername
    {{0x11100503836ull, 0x3cf3a87000080ull}, 206, 1711, 1, 8, 0}, // sendto
    {{0x100403812ull, 0x3cf3a87000080ull}, 207, 1744, 1, 15, 0}, // recvfrom
    {{0x200493816ull, 0xe0891000000ull}, 208, 1774, 0, 15, 0}, // setsockopt
    {{0x403810ull, 0xa0091000000ull}, 209, 1807, 0, 15, 0}, // getsockopt
    {{0x403810ull, 0xa0081000000ull}, 210, 1840, 0, 15, 0}, // shutdown
    {{0x11100503836ull, 0x3cf3a87000080ull}, 211, 1861, 1, 8, 0}, // sendmsg
    {{0x100403812ull, 0x3cf3a87000080ull}, 212, 1895, 1, 15, 0}, // recvmsg
    {{0x1803824ull, 0x0ull}, 221, 1924, 0, 11, 0}, // execve
    {{0x1c03812ull, 0x3c3b081000080ull}, 242, 1964, 2, 9, 0}, // accept4
    {{0x10ull, 0x0ull}, 260, 1990, 4, 11, 0}, // wait4
    {{0x190d0773026ull, 0x400000000000000ull}, 276, 2006, 0, 1, 0}, // renameat2
    {{0x20601a70ull, 0x800ull}, 286, 2034, 1, 0, 0}, // preadv2
    {{0x138601a72ull, 0x400000000000800ull}, 287, 2064, 1, 1, 0}, // pwritev2
    {{0x11000503026ull, 0x800ull}, 291, 2095, 0, 0, 0}, // statx
    {{0x11044503026ull, 0x0ull}, 439, 2127, 0, 0, 0}, // faccessat2
    {{0x15040503226ull, 0x80000000ull}, 452, 2158, 0, 1, 0}, // fchmodat2
};

static const char eh_rule_text[] =
    "files.read\0files.write\0files.pinned\0args\0env\0audit\0answers\0files.libraries\0net.connect\0net.listen\0files.sealed\0programs\0pipes\0fork\0files\0net\0streams";

static const char eh_row_text[] =
    "setxattr\0ufile\0ppath\0pname\0xflags\0" "\0"
    "lsetxattr\0ufile\0ppath\0pname\0xflags\0" "\0"
    "fsetxattr\0ufile\0ppath\0pname\0xflags\0" "\0"
    "getxattr\0ufile\0ppath\0pname\0xflags\0usize\0" "\0"
    "lgetxattr\0ufile\0ppath\0pname\0xflags\0usize\0" "\0"
    "fgetxattr\0ufile\0ppath\0pname\0xflags\0usize\0" "\0"
    "listxattr\0ufile\0ppath\0xflags\0usize\0" "\0"
    "llistxattr\0ufile\0ppath\0xflags\0usize\0" "\0"
    "flistxattr\0ufile\0ppath\0xflags\0usize\0" "\0"
    "removexattr\0ufile\0ppath\0pname\0xflags\0" "\0"
    "lremovexattr\0ufile\0ppath\0pname\0xflags\0" "\0"
    "fremovexattr\0ufile\0ppath\0pname\0xflags\0" "\0"
    "fcntl\0ufile\0ucommand\0xargument\0" "\0"
    "inotify_init1\0ufile\0" "\0"
    "inotify_add_watch\0ufile\0ppath\0xmask\0" "\0"
    "inotify_rm_watch\0ufile\0dwatch\0" "\0"
    "ioctl\0ufile\0xrequest\0" "\0"
    "flock\0ufile\0xoperation\0" "\0"
    "mknodat\0ppath\0umode\0" "\0"
    "mkdirat\0ppath\0umode\0" "\0"
    "unlinkat\0ppath\0xflags\0" "\0"
    "symlinkat\0ptarget\0ppath\0" "\0"
    "linkat\0pold\0pnew\0xflags\0" "\0"
    "renameat\0pold\0pnew\0xflags\0" "\0"
    "statfs\0ppath\0" "\0"
    "fstatfs\0ufile\0" "\0"
    "truncate\0ppath\0dlength\0" "\0"
    "ftruncate\0ufile\0dlength\0" "\0"
    "fallocate\0ufile\0xmode\0doffset\0dlength\0" "\0"
    "faccessat\0ppath\0umode\0xflags\0" "\0"
    "chdir\0ppath\0usize\0" "\0"
    "fchmod\0ufile\0umode\0" "\0"
    "fchmodat\0ppath\0umode\0xflags\0" "\0"
    "fchownat\0ppath\0duser\0dgroup\0xflags\0" "\0"
    "fchown\0ufile\0duser\0dgroup\0" "\0"
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
    "utimensat\0ufile\0ppath\0xflags\0" "\0"
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
    "faccessat2\0ppath\0umode\0xflags\0" "\0"
    "fchmodat2\0ppath\0umode\0xflags\0" "\0";
