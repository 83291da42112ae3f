// SPDX-License-Identifier: BSD-2-Clause
// Integer types of fixed width, and the few words that every file uses.
#pragma once
#ifndef EH_HOST                     // the tests call it function by function
#pragma GCC visibility push(hidden) // for all that is declared from here on: no GOT
#endif
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;

#define EH_PAGE 4096ull
#define EH_PATH_MAX 4096 // bytes of a path with its NUL, as Linux's PATH_MAX
#define EH_NORETURN __attribute__((noreturn))
#define EH_MIN(a, b) ((a) < (b) ? (a) : (b))
#define EH_MAX(a, b) ((a) > (b) ? (a) : (b))
#define EH_PAGE_UP(n) (((n) + (EH_PAGE - 1)) & ~(EH_PAGE - 1))
#define EH_PAGE_DOWN(n) ((n) & ~(EH_PAGE - 1))
