// SPDX-License-Identifier: BSD-2-Clause
// A tokenizer.bin: int32 max_token_length, then (float score, int32 length, bytes) per token.
#pragma once
#include "model.h"

enum { UNKNOWN = 0, BOS = 1, EOS = 2, LONGEST_TOKEN = 4096 };

struct token {
    const unsigned char *text;
    int length;
    float score;
};

struct tokenizer {
    struct token *tokens;
    const struct token **sorted;
    int count, longest;
};

// The file must hold exactly `count` tokens, whose texts stay within it; dies otherwise.
struct tokenizer tokenizer_open(const struct blob *file, int count);

// BOS, then the prompt behind a space. The caller owns *ids.
int encode(const struct tokenizer *t, const char *prompt, int **ids);

// Writes a token's text to stdout: <0xXX> is that byte, control characters are left out, and
// so is a space at the very beginning.
void print_token(const struct tokenizer *t, int id, bool first);
