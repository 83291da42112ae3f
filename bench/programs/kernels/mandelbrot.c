// SPDX-License-Identifier: BSD-2-Clause
// How soon the points of a square leave, in double. mandelbrot SIDE MOST TIMES
#include "kernel.h"

static int escape(double real, double imaginary, int most) {
    double x = 0, y = 0;
    for (int i = 0; i < most; i++) {
        double xx = x * x, yy = y * y;
        if (xx + yy > 4) {
            return i;
        }
        y = 2 * x * y + imaginary;
        x = xx - yy + real;
    }
    return most;
}

int main(int count, char **words) {
    int side = (int)argument(count, words, 1, 350), most = (int)argument(count, words, 2, 500);
    long times = argument(count, words, 3, 1);
    uint64_t sum = EMPTY;
    double start = now();
    for (long i = 0; i < times; i++) {
        double left = -2.25 + 0.0001 * (double)i;
        for (int row = 0; row < side; row++) {
            for (int column = 0; column < side; column++) {
                sum = mix(sum, (uint64_t)escape(left + 3.0 * column / side, 3.0 * row / side - 1.5, most));
            }
        }
    }
    return report(sum, now() - start);
}
