// SPDX-License-Identifier: BSD-2-Clause
typedef unsigned long u64;
static u64 base = 1;

u64 library_word = 0x100;
u64 *keep = &base;
u64 library_value(u64 x) { return *keep + x; }
