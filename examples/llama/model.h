// SPDX-License-Identifier: BSD-2-Clause
// A checkpoint in the legacy llama2 format, and the network it describes.
#pragma once
#include <stdbool.h>
#include <stddef.h>

// The bytes of one whole file, read or mapped.
struct blob {
    const unsigned char *bytes;
    size_t size;
    const char *path;
};

struct shape {
    int dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len;
    bool shared_classifier;
};

// Every tensor points into the blob; the layers of one kind lie behind each other.
struct weights {
    const float *embedding, *attention_norm, *wq, *wk, *wv, *wo;
    const float *ffn_norm, *w1, *w2, *w3, *final_norm, *classifier;
};

struct model {
    struct shape shape;
    struct weights weights;
};

// What one sequence needs: activations of the current position, keys and values of all before it.
struct run {
    int positions;
    float *x, *normed, *mixed, *q, *gate, *up, *scores, *logits;
    float *keys, *values;
    float *turn_cos, *turn_sin;
    double *frequencies;
};

// Prints one line `llama: ...` on stderr and exits with status 1.
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Never returns an empty blob; dies when the file cannot be had whole.
struct blob blob_load(const char *path, bool map);

// Points `model` into `file`; dies unless header and size agree to the byte.
void model_open(struct model *model, const struct blob *file);

// Room for `positions` positions, 1..seq_len.
void run_open(struct run *run, const struct shape *shape, int positions);

// Puts `token` at `position` (all earlier ones must have been put there in order) and returns
// vocab_size logits for the next one, valid until the next call;
// the caller may write to them.
float *forward(const struct model *model, struct run *run, int token, int position);

// Turns n values into probabilities that add up to 1.
void softmax(float *values, int n);
