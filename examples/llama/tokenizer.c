// SPDX-License-Identifier: BSD-2-Clause
// Text to tokens by the best-scored merges first, and back.
#include "tokenizer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const unsigned char *a, int a_length, const unsigned char *b, int b_length) {
    int order = memcmp(a, b, (size_t)(a_length < b_length ? a_length : b_length));
    return order ? order : a_length - b_length;
}

// Equal texts stay in the order of their ids.
static int by_text(const void *a, const void *b) {
    const struct token *x = *(const struct token *const *)a, *y = *(const struct token *const *)b;
    int order = compare(x->text, x->length, y->text, y->length);
    return order ? order : (x > y) - (x < y);
}

static void token_read(struct tokenizer *t, int id, const struct blob *file, size_t *at) {
    struct token *token = &t->tokens[id];
    int32_t length;
    if (file->size - *at < sizeof token->score + sizeof length)
        die("%s: ends before token %d of %d", file->path, id, t->count);
    memcpy(&token->score, file->bytes + *at, sizeof token->score);
    memcpy(&length, file->bytes + *at + sizeof token->score, sizeof length);
    *at += sizeof token->score + sizeof length;
    if (length < 0 || length > t->longest)
        die("%s: token %d has length %d, want 0..%d", file->path, id, length, t->longest);
    if (file->size - *at < (size_t)length) die("%s: ends within token %d", file->path, id);
    token->text = file->bytes + *at;
    token->length = length;
    *at += (size_t)length;
}

struct tokenizer tokenizer_open(const struct blob *file, int count) {
    int32_t longest;
    size_t at = sizeof longest;
    if (file->size < at) die("%s: too short for a tokenizer", file->path);
    memcpy(&longest, file->bytes, sizeof longest);
    if (longest < 1 || longest > LONGEST_TOKEN)
        die("%s: not a tokenizer: longest token is %d, want 1..%d", file->path, longest, LONGEST_TOKEN);
    struct tokenizer t = {
        .tokens = calloc((size_t)count, sizeof *t.tokens),
        .sorted = calloc((size_t)count, sizeof *t.sorted),
        .count = count,
        .longest = longest,
    };
    if (!t.tokens || !t.sorted) die("no memory for %d tokens", count);
    for (int id = 0; id < count; id++) {
        token_read(&t, id, file, &at);
        t.sorted[id] = &t.tokens[id];
    }
    if (at != file->size)
        die("%s: %zu bytes behind the model's %d tokens", file->path, file->size - at, count);
    qsort(t.sorted, (size_t)count, sizeof *t.sorted, by_text);
    return t;
}

// The first id with this text, or -1.
static int token_find(const struct tokenizer *t, const unsigned char *text, int length) {
    int low = 0, high = t->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        const struct token *token = t->sorted[middle];
        if (compare(token->text, token->length, text, length) < 0) low = middle + 1;
        else high = middle;
    }
    if (low == t->count) return -1;
    const struct token *token = t->sorted[low];
    return compare(token->text, token->length, text, length) ? -1 : (int)(token - t->tokens);
}

static int byte_token(const struct tokenizer *t, unsigned char byte) {
    char name[8];
    int length = snprintf(name, sizeof name, "<0x%02X>", byte);
    int id = token_find(t, (const unsigned char *)name, length);
    return id < 0 ? UNKNOWN : id;
}

// One id per character of UTF-8 the vocabulary knows, one per byte of any other.
static int split(const struct tokenizer *t, const unsigned char *text, int *ids) {
    int count = 0;
    while (*text) {
        int length = 1;
        while (length < 4 && (text[length] & 0xc0) == 0x80) length++;
        int id = token_find(t, text, length);
        if (id >= 0) ids[count++] = id;
        else
            for (int i = 0; i < length; i++) ids[count++] = byte_token(t, text[i]);
        text += length;
    }
    return count;
}

// The token that two neighbours make together, or -1; `joined` has room for both.
static int pair_find(const struct tokenizer *t, int left, int right, unsigned char *joined) {
    const struct token *a = &t->tokens[left], *b = &t->tokens[right];
    if (a->length + b->length > t->longest) return -1;
    memcpy(joined, a->text, (size_t)a->length);
    memcpy(joined + a->length, b->text, (size_t)b->length);
    return token_find(t, joined, a->length + b->length);
}

// Joins neighbours, the pair of the best score first, until none is left to join.
static int merge(const struct tokenizer *t, int *ids, int count) {
    unsigned char joined[LONGEST_TOKEN];
    for (;;) {
        int best = -1, best_id = -1;
        for (int i = 0; i + 1 < count; i++) {
            int id = pair_find(t, ids[i], ids[i + 1], joined);
            if (id >= 0 && (best < 0 || t->tokens[id].score > t->tokens[best_id].score))
                best = i, best_id = id;
        }
        if (best < 0) return count;
        ids[best] = best_id;
        memmove(ids + best + 1, ids + best + 2, (size_t)(count - best - 2) * sizeof *ids);
        count--;
    }
}

int encode(const struct tokenizer *t, const char *prompt, int **ids) {
    size_t length = strlen(prompt);
    unsigned char *text = malloc(length + 2);
    *ids = calloc(length + 2, sizeof **ids);
    if (!text || !*ids) die("no memory for the prompt");
    (*ids)[0] = BOS;
    if (length == 0) return free(text), 1;
    text[0] = ' ';
    memcpy(text + 1, prompt, length + 1);
    int count = 1 + merge(t, *ids + 1, split(t, text, *ids + 1));
    free(text);
    return count;
}

void print_token(const struct tokenizer *t, int id, bool first) {
    const struct token *token = &t->tokens[id];
    const unsigned char *text = token->text;
    int length = token->length;
    unsigned byte;
    char name[8] = {0}, end;
    unsigned char single;
    if (length == 6) memcpy(name, text, 6);
    if (sscanf(name, "<0x%2X%c", &byte, &end) == 2 && end == '>') {
        single = (unsigned char)byte;
        text = &single, length = 1;
    }
    if (first && length && text[0] == ' ') text++, length--;
    if (length == 1 && ((text[0] < ' ' && text[0] != '\n' && text[0] != '\t') || text[0] == 0x7f)) return;
    fwrite(text, 1, (size_t)length, stdout);
}
