// SPDX-License-Identifier: BSD-2-Clause
// A library without the symbols that others look for.
unsigned long other_library_word = 7;
