// SPDX-License-Identifier: BSD-2-Clause
// Bodies that draw each other, moved by small steps. nbody STEPS
#include <math.h>

#include "kernel.h"

enum { BODIES = 6 };

typedef struct {
    double at[3], speed[3], mass;
} Body;

static void step(Body *bodies, double time) {
    for (int i = 0; i < BODIES; i++) {
        for (int j = i + 1; j < BODIES; j++) {
            Body *a = &bodies[i], *b = &bodies[j];
            double d[3], square = 0.01;  // softened: nothing collides
            for (int k = 0; k < 3; k++) {
                d[k] = a->at[k] - b->at[k];
                square += d[k] * d[k];
            }
            double pull = time / (square * sqrt(square));
            for (int k = 0; k < 3; k++) {
                a->speed[k] -= d[k] * b->mass * pull;
                b->speed[k] += d[k] * a->mass * pull;
            }
        }
    }
    for (int i = 0; i < BODIES; i++) {
        for (int k = 0; k < 3; k++) {
            bodies[i].at[k] += time * bodies[i].speed[k];
        }
    }
}

int main(int count, char **words) {
    long steps = argument(count, words, 1, 2000000);
    Body bodies[BODIES] = {0};
    uint64_t seed = 7;
    for (int i = 0; i < BODIES; i++) {
        bodies[i].mass = i ? 1.0 / (3 << i) : 30;
        for (int k = 0; i && k < 3; k++) {
            bodies[i].at[k] = (k == 2 ? 0.5 : 4.0 * i) * (draw(&seed) / 4294967296.0 - 0.5);
            bodies[i].speed[k] = draw(&seed) / 4294967296.0 - 0.5;
        }
    }
    double start = now();
    for (long i = 0; i < steps; i++) {
        step(bodies, 0.001);
    }
    double took = now() - start;
    return report(mix_bytes(EMPTY, bodies, sizeof bodies), took);
}
