// SPDX-License-Identifier: BSD-2-Clause
// How soon the points of a square leave, in double. mandelbrot SIDE MOST
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
    int side = (int)argument(count, words, 1, 400), most = (int)argument(count, words, 2, 500);
    uint64_t sum = EMPTY;
    double start = now();
    for (int row = 0; row < side; row++) {
        for (int column = 0; column < side; column++) {
            sum = mix(sum, (uint64_t)escape(3.0 * column / side - 2.25, 3.0 * row / side - 1.5, most));
        }
    }
    return report(sum, now() - start);
}
