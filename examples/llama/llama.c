// SPDX-License-Identifier: BSD-2-Clause
// Tells a story from a llama2 checkpoint. An ordinary Linux program: it knows nothing of a TEE.
#include "tokenizer.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const float TOP_P = 0.9f;

// ---- sampling

struct choice {
    float probability;
    int id;
};

struct sampler {
    float temperature;
    uint64_t state;
    struct choice *choices;
};

// SplitMix64, the upper 24 bits as a float in [0, 1).
static float random_unit(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (float)((z ^ (z >> 31)) >> 40) * 0x1p-24f;
}

static int likeliest(const float *logits, int n) {
    int best = 0;
    for (int i = 1; i < n; i++)
        if (logits[i] > logits[best]) best = i;
    return best;
}

static int by_probability(const void *a, const void *b) {
    const struct choice *x = a, *y = b;
    if (x->probability != y->probability) return x->probability < y->probability ? 1 : -1;
    return x->id - y->id;
}

// Draws among the fewest tokens that hold TOP_P of the probability together.
static int sample(struct sampler *s, float *logits, int n) {
    if (s->temperature == 0.0f) return likeliest(logits, n);
    for (int i = 0; i < n; i++) logits[i] /= s->temperature;
    softmax(logits, n);
    for (int i = 0; i < n; i++) s->choices[i] = (struct choice){logits[i], i};
    qsort(s->choices, (size_t)n, sizeof *s->choices, by_probability);
    int kept = 0;
    float mass = 0.0f;
    while (kept < n && mass < TOP_P) mass += s->choices[kept++].probability;
    float left = random_unit(&s->state) * mass;
    for (int i = 0; i < kept - 1; i++)
        if ((left -= s->choices[i].probability) < 0.0f) return s->choices[i].id;
    return s->choices[kept - 1].id;
}

// ---- the program

struct options {
    const char *model, *tokenizer, *prompt;
    float temperature;
    int steps;
    uint64_t seed;
    bool map;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static _Noreturn void usage(void) {
    fputs("usage: llama MODEL -z TOKENIZER [-t temperature] [-n steps] [-s seed] [-i prompt] [--mmap]\n",
          stderr);
    exit(2);
}

static double number(const char *text, double low, double high) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= low && value <= high))
        die("option value %s is not a number from %g to %g", text, low, high);
    return value;
}

static struct options options_read(int argc, char **argv) {
    struct options o = {.temperature = 0.8f, .steps = 256, .seed = 1, .prompt = ""};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *value = argv[i + 1];
        if (!strcmp(word, "--mmap")) {
            o.map = true;
            continue;
        }
        if (word[0] != '-') {
            if (o.model) usage();
            o.model = word;
            continue;
        }
        if (!word[1] || word[2] || !value) usage();
        switch (word[1]) {
        case 'z': o.tokenizer = value; break;
        case 'i': o.prompt = value; break;
        case 't': o.temperature = (float)number(value, 0, 100); break;
        case 'n': o.steps = (int)number(value, 0, 1 << 20); break;
        case 's': o.seed = (uint64_t)number(value, 0, 0x1p53); break;
        default: usage();
        }
        i++;
    }
    if (!o.model || !o.tokenizer) usage();
    return o;
}

// Tells the story on stdout; returns how many times the network ran.
static int tell(const struct model *model, const struct tokenizer *t, const struct options *o, int steps) {
    const struct shape *s = &model->shape;
    struct sampler sampler = {.temperature = o->temperature, .state = o->seed};
    struct run run;
    int *prompt, prompted = encode(t, o->prompt, &prompt), token = BOS, position = 0;
    bool live = isatty(STDOUT_FILENO);
    if (prompted > steps) die("the prompt takes %d tokens, only %d are to be had", prompted, steps);
    sampler.choices = calloc((size_t)s->vocab_size, sizeof *sampler.choices);
    if (!sampler.choices) die("no memory for %d choices", s->vocab_size);
    run_open(&run, s, steps);
    while (position < steps) {
        float *logits = forward(model, &run, token, position++);
        if (!isfinite(logits[0])) die("the model gives no numbers at position %d", position - 1);
        token = position < prompted ? prompt[position] : sample(&sampler, logits, s->vocab_size);
        if (position >= prompted && (token == BOS || token == EOS)) break;
        print_token(t, token, position == 1);
        if (live) fflush(stdout);
    }
    putchar('\n');
    free(prompt);
    return position;
}

int main(int argc, char **argv) {
    struct options o = options_read(argc, argv);
    struct model model;
    double start = now();
    struct blob file = blob_load(o.model, o.map);
    double load = now() - start;
    model_open(&model, &file);
    struct blob words = blob_load(o.tokenizer, o.map);
    struct tokenizer t = tokenizer_open(&words, model.shape.vocab_size);

    bool whole = o.steps == 0 || o.steps > model.shape.seq_len;
    start = now();
    int steps = tell(&model, &t, &o, whole ? model.shape.seq_len : o.steps);
    double told = now() - start;
    if (fflush(stdout) || ferror(stdout)) die("cannot write the text: %s", strerror(errno));
    fprintf(stderr, "loaded %zu bytes in %.3f s (%.1f MB/s); %d tokens in %.3f s (%.1f tokens/s)\n",
            file.size, load, 1e-6 * (double)file.size / load, steps, told, steps / told);
    return 0;
}
