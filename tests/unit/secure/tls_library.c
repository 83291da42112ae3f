// SPDX-License-Identifier: BSD-2-Clause
typedef unsigned long u64;
__thread u64 unused[3] = {1, 2, 3};
__thread u64 library_thread = 40;
u64 *library_place(void) { return &library_thread; }
