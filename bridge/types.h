// SPDX-License-Identifier: BSD-2-Clause
// Integer types of fixed width by the names that the generated header uses.
#pragma once
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
