// SPDX-License-Identifier: BSD-2-Clause
// A library that is opened while its program runs: thread-local storage of the dynamic model, a symbol that is
// chosen when it is loaded, a constructor and a destructor, and what it needs of the program itself.
#include <stdio.h>

static __thread int own = 5; // local dynamic: nobody outside sees it
__thread int shared = 7;     // general dynamic
extern int of_the_program(int);

static int twice(int x) { return 2 * x; }
static int (*choose(void))(int) { return twice; }
int chosen(int) __attribute__((ifunc("choose")));

__attribute__((constructor)) static void begin(void) { puts("plugin: begins"); }
__attribute__((destructor)) static void end(void) { puts("plugin: ends"); }

int plugin(int x) {
    own += x;
    shared += 10 * x;
    return own + shared + of_the_program(x);
}
