// SPDX-License-Identifier: BSD-2-Clause
// A TA file that comes in parts, and appears whole where the supplicant looks for it.
#pragma once
#include "stream.h"

struct install {
    const char *directory;
    int fd; // of the file under way; -1 if there is none
    u32 errno_number;
    u64 next, total;
    char temporary[48], final[48];
};

void install_init(struct install *install, const char *directory);

// Removes what there is of a file whose parts end to come.
void install_abandon(struct install *install);

enum install_state { INSTALL_MORE, INSTALL_DONE, INSTALL_BROKEN, INSTALL_END };

// Takes one part, whose head was taken and whose `size` bytes come now. INSTALL_DONE: errno_number says how
// it went. INSTALL_BROKEN: the part does not follow the one before. INSTALL_END: the stream ended.
enum install_state install_part(struct install *install, const struct bridge_install *head, u64 size,
                                struct stream *stream);
