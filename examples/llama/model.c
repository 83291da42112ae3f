// SPDX-License-Identifier: BSD-2-Clause
// Reading a llama2 checkpoint, and one step of the network.
//
// Sums are taken in an order fixed by this source (sixteen lanes, then a tree), and the build
// forbids fused multiply-add, so every compiler and processor arrives at the same bits.
#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_BYTES = 7 * sizeof(int32_t), LANES = 16 };
static const float NORM_EPSILON = 1e-5f;
static const double ROPE_BASE = 10000.0;

void die(const char *format, ...) {
    va_list arguments;
    fflush(stdout);
    fputs("llama: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

// ---- the file

static unsigned char *read_whole(int fd, size_t size, const char *path) {
    unsigned char *bytes = malloc(size);
    if (!bytes) die("%s: no memory for its %zu bytes", path, size);
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, bytes + done, size - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) die("%s: cannot read: %s", path, strerror(errno));
        if (got == 0) die("%s: ends after %zu of %zu bytes", path, done, size);
        done += (size_t)got;
    }
    return bytes;
}

struct blob blob_load(const char *path, bool map) {
    struct stat status;
    int fd = open(path, O_RDONLY);
    if (fd < 0) die("%s: cannot open: %s", path, strerror(errno));
    if (fstat(fd, &status)) die("%s: cannot stat: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode)) die("%s: not a regular file", path);
    if (status.st_size <= 0) die("%s: empty file", path);

    struct blob blob = {.size = (size_t)status.st_size, .path = path};
    if (map) {
        void *view = mmap(NULL, blob.size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (view == MAP_FAILED) die("%s: cannot map: %s", path, strerror(errno));
        blob.bytes = view;
    } else {
        blob.bytes = read_whole(fd, blob.size, path);
    }
    close(fd);
    return blob;
}

// ---- the checkpoint

static int header_field(const struct blob *file, int index, const char *name, int limit) {
    int32_t value;
    memcpy(&value, file->bytes + (size_t)index * sizeof value, sizeof value);
    if (value < 1 || value > limit)
        die("%s: not a llama2 checkpoint: %s is %d, want 1..%d", file->path, name, value, limit);
    return value;
}

// The limits keep every product of this file far below 2^63.
static struct shape shape_read(const struct blob *file) {
    int32_t vocab;
    if (file->size < HEADER_BYTES)
        die("%s: %zu bytes are too short for a header of %d", file->path, file->size, HEADER_BYTES);
    struct shape s = {
        .dim = header_field(file, 0, "dim", 1 << 16),
        .hidden_dim = header_field(file, 1, "hidden_dim", 1 << 18),
        .n_layers = header_field(file, 2, "n_layers", 1 << 10),
        .n_heads = header_field(file, 3, "n_heads", 1 << 12),
        .n_kv_heads = header_field(file, 4, "n_kv_heads", 1 << 12),
        .seq_len = header_field(file, 6, "seq_len", 1 << 20),
    };
    memcpy(&vocab, file->bytes + 5 * sizeof vocab, sizeof vocab);
    if (vocab == 0 || vocab < -(1 << 20) || vocab > 1 << 20)
        die("%s: not a llama2 checkpoint: vocab_size is %d", file->path, vocab);
    s.shared_classifier = vocab > 0;
    s.vocab_size = vocab > 0 ? vocab : -vocab;
    if (s.dim % s.n_heads || s.dim / s.n_heads % 2)
        die("%s: dim %d does not split into %d heads of even size", file->path, s.dim, s.n_heads);
    if (s.n_heads % s.n_kv_heads)
        die("%s: %d heads do not share %d kv heads", file->path, s.n_heads, s.n_kv_heads);
    return s;
}

// Advances *offset by `count` floats; `base` may be NULL when only the size is wanted.
static const float *take(const float *base, size_t *offset, size_t count) {
    const float *tensor = base ? base + *offset : NULL;
    *offset += count;
    return tensor;
}

// Lays the tensors out in file order and returns how many floats they take in all.
static size_t weights_lay_out(struct weights *w, const struct shape *s, const float *base) {
    size_t n = 0, dim = (size_t)s->dim, hidden = (size_t)s->hidden_dim;
    size_t layers = (size_t)s->n_layers, vocab = (size_t)s->vocab_size;
    size_t head = dim / (size_t)s->n_heads, kv = head * (size_t)s->n_kv_heads;
    w->embedding = take(base, &n, vocab * dim);
    w->attention_norm = take(base, &n, layers * dim);
    w->wq = take(base, &n, layers * dim * dim);
    w->wk = take(base, &n, layers * kv * dim);
    w->wv = take(base, &n, layers * kv * dim);
    w->wo = take(base, &n, layers * dim * dim);
    w->ffn_norm = take(base, &n, layers * dim);
    w->w1 = take(base, &n, layers * hidden * dim);
    w->w2 = take(base, &n, layers * dim * hidden);
    w->w3 = take(base, &n, layers * hidden * dim);
    w->final_norm = take(base, &n, dim);
    take(base, &n, (size_t)s->seq_len * head); // tables of cosines and sines: we make our own
    w->classifier = s->shared_classifier ? w->embedding : take(base, &n, vocab * dim);
    return n;
}

void model_open(struct model *model, const struct blob *file) {
    model->shape = shape_read(file);
    size_t floats = weights_lay_out(&model->weights, &model->shape, NULL);
    size_t wanted = HEADER_BYTES + floats * sizeof(float);
    if (file->size != wanted)
        die("%s: has %zu bytes, its header asks for %zu", file->path, file->size, wanted);
    weights_lay_out(&model->weights, &model->shape, (const float *)(file->bytes + HEADER_BYTES));
}

// ---- the network

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory) die("no memory for %zu values of %zu bytes", count, size);
    return memory;
}

static float *floats(size_t count) { return allocate(count, sizeof(float)); }

void run_open(struct run *run, const struct shape *s, int positions) {
    size_t dim = (size_t)s->dim, half = dim / (size_t)s->n_heads / 2;
    size_t cached = (size_t)s->n_layers * (size_t)positions * 2 * half * (size_t)s->n_kv_heads;
    *run = (struct run){
        .positions = positions,
        .x = floats(dim),
        .normed = floats(dim),
        .mixed = floats(dim),
        .q = floats(dim),
        .gate = floats((size_t)s->hidden_dim),
        .up = floats((size_t)s->hidden_dim),
        .scores = floats((size_t)positions),
        .logits = floats((size_t)s->vocab_size),
        .keys = floats(cached),
        .values = floats(cached),
        .turn_cos = floats(half),
        .turn_sin = floats(half),
        .frequencies = allocate(half, sizeof(double)),
    };
    for (size_t i = 0; i < half; i++)
        run->frequencies[i] = pow(ROPE_BASE, -(double)i / (double)half);
}

static float dot(const float *a, const float *b, int n) {
    float lane[LANES] = {0};
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++) lane[k] += a[i + k] * b[i + k];
    for (int k = 0; i + k < n; k++) lane[k] += a[i + k] * b[i + k];
    for (int width = LANES / 2; width; width /= 2)
        for (int k = 0; k < width; k++) lane[k] += lane[k + width];
    return lane[0];
}

// out[rows] = matrix[rows][columns] * in[columns]
static void multiply(float *out, const float *matrix, const float *in, int rows, int columns) {
    for (int r = 0; r < rows; r++) out[r] = dot(matrix + (size_t)r * (size_t)columns, in, columns);
}

static void add(float *to, const float *from, int n) {
    for (int i = 0; i < n; i++) to[i] += from[i];
}

static void rms_norm(float *out, const float *in, const float *gain, int n) {
    float scale = 1.0f / sqrtf(dot(in, in, n) / (float)n + NORM_EPSILON);
    for (int i = 0; i < n; i++) out[i] = gain[i] * (scale * in[i]);
}

void softmax(float *values, int n) {
    float top = values[0], sum = 0.0f;
    for (int i = 1; i < n; i++)
        if (values[i] > top) top = values[i];
    for (int i = 0; i < n; i++) sum += values[i] = expf(values[i] - top);
    for (int i = 0; i < n; i++) values[i] /= sum;
}

// Turns each consecutive pair of every head by its angle at the current position.
static void rotate(float *heads, int n_heads, int half, const float *cosine, const float *sine) {
    for (int h = 0; h < n_heads; h++, heads += 2 * half)
        for (int i = 0; i < half; i++) {
            float even = heads[2 * i], odd = heads[2 * i + 1];
            heads[2 * i] = even * cosine[i] - odd * sine[i];
            heads[2 * i + 1] = even * sine[i] + odd * cosine[i];
        }
}

// One head: looks at positions 0..last, whose keys and values lie `stride` floats apart.
static void attend(float *out, float *scores, const float *q, const float *keys, const float *values,
                   int last, int size, size_t stride) {
    float scale = 1.0f / sqrtf((float)size);
    for (int t = 0; t <= last; t++) scores[t] = scale * dot(q, keys + (size_t)t * stride, size);
    softmax(scores, last + 1);
    memset(out, 0, (size_t)size * sizeof *out);
    for (int t = 0; t <= last; t++) {
        const float *value = values + (size_t)t * stride;
        for (int i = 0; i < size; i++) out[i] += scores[t] * value[i];
    }
}

static void attention(const struct model *m, struct run *r, int layer, int position) {
    const struct shape *s = &m->shape;
    const struct weights *w = &m->weights;
    int size = s->dim / s->n_heads, group = s->n_heads / s->n_kv_heads;
    size_t dim = (size_t)s->dim, kv = (size_t)(size * s->n_kv_heads), l = (size_t)layer;
    float *keys = r->keys + l * (size_t)r->positions * kv, *key = keys + (size_t)position * kv;
    float *values = r->values + l * (size_t)r->positions * kv;

    rms_norm(r->normed, r->x, w->attention_norm + l * dim, s->dim);
    multiply(r->q, w->wq + l * dim * dim, r->normed, s->dim, s->dim);
    multiply(key, w->wk + l * kv * dim, r->normed, (int)kv, s->dim);
    multiply(values + (size_t)position * kv, w->wv + l * kv * dim, r->normed, (int)kv, s->dim);
    rotate(r->q, s->n_heads, size / 2, r->turn_cos, r->turn_sin);
    rotate(key, s->n_kv_heads, size / 2, r->turn_cos, r->turn_sin);
    for (int h = 0; h < s->n_heads; h++) {
        int shared = h / group * size;
        attend(r->mixed + h * size, r->scores, r->q + h * size, keys + shared, values + shared,
               position, size, kv);
    }
    multiply(r->normed, w->wo + l * dim * dim, r->mixed, s->dim, s->dim);
    add(r->x, r->normed, s->dim);
}

static void feed_forward(const struct model *m, struct run *r, int layer) {
    const struct shape *s = &m->shape;
    const struct weights *w = &m->weights;
    size_t dim = (size_t)s->dim, block = dim * (size_t)s->hidden_dim, l = (size_t)layer;
    rms_norm(r->normed, r->x, w->ffn_norm + l * dim, s->dim);
    multiply(r->gate, w->w1 + l * block, r->normed, s->hidden_dim, s->dim);
    multiply(r->up, w->w3 + l * block, r->normed, s->hidden_dim, s->dim);
    for (int i = 0; i < s->hidden_dim; i++)
        r->gate[i] = r->gate[i] / (1.0f + expf(-r->gate[i])) * r->up[i];
    multiply(r->normed, w->w2 + l * block, r->gate, s->dim, s->hidden_dim);
    add(r->x, r->normed, s->dim);
}

float *forward(const struct model *m, struct run *r, int token, int position) {
    const struct shape *s = &m->shape;
    int half = s->dim / s->n_heads / 2;
    memcpy(r->x, m->weights.embedding + (size_t)token * (size_t)s->dim, (size_t)s->dim * sizeof *r->x);
    for (int i = 0; i < half; i++) {
        r->turn_cos[i] = (float)cos(position * r->frequencies[i]);
        r->turn_sin[i] = (float)sin(position * r->frequencies[i]);
    }
    for (int layer = 0; layer < s->n_layers; layer++) {
        attention(m, r, layer, position);
        feed_forward(m, r, layer);
    }
    rms_norm(r->normed, r->x, m->weights.final_norm, s->dim);
    multiply(r->logits, m->weights.classifier, r->normed, s->vocab_size, s->dim);
    return r->logits;
}
