// SPDX-License-Identifier: BSD-2-Clause
// Made by tools/generate_bridge.py from elfhaven.calls.linux: do not edit.
#include "calls.h"

#include <stddef.h>

const struct call_row call_rows[CALL_ROWS] = {
    {25, 3, 0, 1, 1, 1, sys_fcntl},
    {29, 2, 0, 0, 1, 1, sys_ioctl},
    {34, 1, 1, 0, 0, 0, sys_mkdirat},
    {35, 1, 1, 0, 0, 0, sys_unlinkat},
    {38, 1, 2, 0, 0, 0, sys_renameat2},
    {45, 1, 1, 0, 0, 0, sys_truncate},
    {46, 2, 0, 0, 0, 1, sys_ftruncate},
    {47, 4, 0, 0, 0, 1, sys_fallocate},
    {48, 2, 1, 0, 0, 0, sys_faccessat},
    {49, 1, 1, 0, 1, 0, sys_chdir},
    {56, 3, 1, 0, 1, 1, sys_openat},
    {57, 1, 0, 0, 0, 1, sys_close},
    {61, 2, 0, 0, 1, 1, sys_getdents64},
    {62, 3, 0, 0, 0, 1, sys_lseek},
    {63, 2, 0, 0, 1, 1, sys_read},
    {64, 2, 0, 1, 0, 1, sys_write},
    {65, 2, 0, 0, 1, 1, sys_read},
    {66, 2, 0, 1, 0, 1, sys_write},
    {67, 3, 0, 0, 1, 1, sys_pread64},
    {68, 3, 0, 1, 0, 1, sys_pwrite64},
    {69, 3, 0, 0, 1, 1, sys_pread64},
    {70, 3, 0, 1, 0, 1, sys_pwrite64},
    {73, 2, 0, 1, 1, 0, sys_ppoll},
    {78, 1, 1, 0, 1, 0, sys_readlinkat},
    {79, 1, 1, 0, 1, 0, sys_newfstatat},
    {80, 1, 0, 0, 1, 1, sys_fstat},
    {82, 1, 0, 0, 0, 1, sys_fsync},
    {83, 1, 0, 0, 0, 1, sys_fdatasync},
    {276, 1, 2, 0, 0, 0, sys_renameat2},
    {286, 3, 0, 0, 1, 1, sys_pread64},
    {287, 3, 0, 1, 0, 1, sys_pwrite64},
    {291, 3, 1, 0, 1, 1, sys_statx},
    {439, 2, 1, 0, 0, 0, sys_faccessat},
};

const struct call_row *call_row(u32 call) {
    switch (call) {
    case 25: return &call_rows[0]; // fcntl
    case 29: return &call_rows[1]; // ioctl
    case 34: return &call_rows[2]; // mkdirat
    case 35: return &call_rows[3]; // unlinkat
    case 38: return &call_rows[4]; // renameat
    case 45: return &call_rows[5]; // truncate
    case 46: return &call_rows[6]; // ftruncate
    case 47: return &call_rows[7]; // fallocate
    case 48: return &call_rows[8]; // faccessat
    case 49: return &call_rows[9]; // chdir
    case 56: return &call_rows[10]; // openat
    case 57: return &call_rows[11]; // close
    case 61: return &call_rows[12]; // getdents64
    case 62: return &call_rows[13]; // lseek
    case 63: return &call_rows[14]; // read
    case 64: return &call_rows[15]; // write
    case 65: return &call_rows[16]; // readv
    case 66: return &call_rows[17]; // writev
    case 67: return &call_rows[18]; // pread64
    case 68: return &call_rows[19]; // pwrite64
    case 69: return &call_rows[20]; // preadv
    case 70: return &call_rows[21]; // pwritev
    case 73: return &call_rows[22]; // ppoll
    case 78: return &call_rows[23]; // readlinkat
    case 79: return &call_rows[24]; // newfstatat
    case 80: return &call_rows[25]; // fstat
    case 82: return &call_rows[26]; // fsync
    case 83: return &call_rows[27]; // fdatasync
    case 276: return &call_rows[28]; // renameat2
    case 286: return &call_rows[29]; // preadv2
    case 287: return &call_rows[30]; // pwritev2
    case 291: return &call_rows[31]; // statx
    case 439: return &call_rows[32]; // faccessat2
    default: return NULL;
    }
}
