// SPDX-License-Identifier: BSD-2-Clause
// The work of small controllers, in turn: a list, a matrix of small integers, a state machine, a CRC. core TURNS
#include <string.h>

#include "kernel.h"

enum { NODES = 500, SIDE = 24, TEXT = 800 };

// ---- a linked list: searched, turned round, sorted

typedef struct Node {
    struct Node *next;
    int16_t key, value;
} Node;

static Node *reverse(Node *list) {
    Node *done = NULL;
    while (list) {
        Node *next = list->next;
        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

static int find(const Node *list, int16_t value) {
    int steps = 0;
    while (list && list->value != value) {
        list = list->next;
        steps++;
    }
    return steps;
}

static Node *merge(Node *a, Node *b, int by_key) {
    Node head = {0}, *end = &head;
    while (a && b) {
        Node **least = (by_key ? a->key <= b->key : a->value <= b->value) ? &a : &b;
        end = end->next = *least;
        *least = end->next;
    }
    end->next = a ? a : b;
    return head.next;
}

static Node *sort(Node *list, int by_key) {
    if (!list || !list->next) {
        return list;
    }
    Node *middle = list, *end = list->next;
    while (end && end->next) {
        middle = middle->next;
        end = end->next->next;
    }
    Node *second = middle->next;
    middle->next = NULL;
    return merge(sort(list, by_key), sort(second, by_key), by_key);
}

static uint64_t lists(Node *nodes, uint64_t *seed) {
    for (int i = 0; i < NODES; i++) {
        nodes[i].key = (int16_t)i;
        nodes[i].value = (int16_t)draw(seed);
        nodes[i].next = i + 1 < NODES ? &nodes[i + 1] : NULL;
    }
    Node *list = sort(nodes, 0);
    uint64_t sum = (uint64_t)list->key;
    for (int i = 0; i < 16; i++) {
        list = reverse(list);
        sum = mix(sum, (uint64_t)find(list, nodes[draw(seed) % NODES].value));
    }
    list = sort(list, 1);
    return mix(sum, (uint64_t)list->value);
}

// ---- a matrix

static int16_t left[SIDE][SIDE], middle[SIDE][SIDE];
static int32_t product[SIDE][SIDE];

static uint64_t matrices(uint64_t *seed) {
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            left[i][j] = (int16_t)(draw(seed) & 255);
            middle[j][i] = (int16_t)(left[i][j] - (int16_t)(i * j));
        }
    }
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            int32_t total = 0;
            for (int k = 0; k < SIDE; k++) {
                int32_t part = left[i][k] * middle[k][j];
                total += (part >> 2 & 15) * (part >> 5 & 127);
            }
            product[i][j] = total;
        }
    }
    uint64_t sum = 0;
    int32_t before = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        int32_t value = product[i / SIDE][i % SIDE];
        sum += value > before ? 10 : (uint64_t)(value & 7);
        before = value;
    }
    return sum;
}

// ---- a state machine: numbers in a text, told apart by their form

enum State { START, SIGN, DIGITS, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, SCALE, INVALID, STATES };

static enum State after(enum State state, char byte) {
    int digit = byte >= '0' && byte <= '9';
    switch (state) {
    case START: return digit ? DIGITS : byte == '+' || byte == '-' ? SIGN : byte == '.' ? POINT : INVALID;
    case SIGN: return digit ? DIGITS : byte == '.' ? POINT : INVALID;
    case DIGITS: return digit ? DIGITS : byte == '.' ? FRACTION : byte == 'e' ? EXPONENT : INVALID;
    case POINT: return digit ? FRACTION : INVALID;
    case FRACTION: return digit ? FRACTION : byte == 'e' ? EXPONENT : INVALID;
    case EXPONENT: return digit ? SCALE : byte == '+' || byte == '-' ? EXPONENT_SIGN : INVALID;
    case EXPONENT_SIGN: return digit ? SCALE : INVALID;
    case SCALE: return digit ? SCALE : INVALID;
    default: return INVALID;
    }
}

static uint64_t states(char *text, uint64_t *seed) {
    static const char letters[16] = "0123456789,,+.e-";
    uint32_t ends[STATES] = {0}, steps[STATES] = {0};
    for (int i = 0; i < TEXT; i++) {
        text[i] = letters[draw(seed) & 15];
    }
    enum State state = START;
    for (int i = 0; i < TEXT; i++) {
        if (text[i] == ',') {
            ends[state]++;
            state = START;
        } else {
            state = after(state, text[i]);
            steps[state]++;
        }
    }
    return mix_bytes(mix_bytes(EMPTY, ends, sizeof ends), steps, sizeof steps);
}

// ---- CRC-16 (CCITT), bit by bit

static uint16_t crc(uint16_t sum, const void *data, int size) {
    const unsigned char *bytes = data;
    for (int i = 0; i < size; i++) {
        sum ^= (uint16_t)(bytes[i] << 8);
        for (int bit = 0; bit < 8; bit++) {
            sum = (uint16_t)(sum << 1 ^ (sum & 0x8000 ? 0x1021 : 0));
        }
    }
    return sum;
}

int main(int count, char **words) {
    long turns = argument(count, words, 1, 5000);
    static Node nodes[NODES];
    static char text[TEXT];
    uint64_t sum = EMPTY, seed = 11;
    double start = now();
    for (long i = 0; i < turns; i++) {
        sum = mix(sum, lists(nodes, &seed));
        sum = mix(sum, matrices(&seed));
        sum = mix(sum, states(text, &seed));
        sum = mix(sum, crc(crc(0xffff, text, TEXT), product, sizeof product));
    }
    return report(sum, now() - start);
}
