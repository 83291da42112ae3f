// SPDX-License-Identifier: BSD-2-Clause
// What a parent starts: one thing by its first argument.
#include <ctype.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int upper(void) {
    int c;
    while ((c = getchar()) != EOF)
        putchar(toupper(c));
    return 5;
}

static int numbers(int most) {
    for (int i = 1; i <= most; i++)
        printf("%d\n", i);
    return 0;
}

static int sum(void) {
    long total = 0, next;
    while (scanf("%ld", &next) == 1)
        total += next;
    printf("sum %ld\n", total);
    return 0;
}

static int tell(int argc, char **argv) {
    char here[4096];
    struct stat s;
    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    printf(" %s %s %d\n", getenv("WORD") ? getenv("WORD") : "-", strrchr(getcwd(here, sizeof here), '/'), fstat(0, &s));
    return 0;
}

static int grandchild(char **argv) {
    pid_t pid;
    int status;
    if (posix_spawn(&pid, "./grand", 0, 0, argv, environ))
        return 99;
    waitpid(pid, &status, 0);
    printf("grandchild %d\n", WEXITSTATUS(status));
    return WEXITSTATUS(status) + 1;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    int result = 98;
    if (!strcmp(what, "upper"))
        result = upper();
    else if (!strcmp(what, "numbers"))
        result = numbers(atoi(argv[2]));
    else if (!strcmp(what, "sum"))
        result = sum();
    else if (!strcmp(what, "tell"))
        result = tell(argc, argv);
    else if (!strcmp(what, "status"))
        result = atoi(argv[2]);
    else if (!strcmp(what, "grandchild"))
        result = grandchild((char *[]){"grand", "status", "41", 0});
    else if (!strcmp(what, "abort"))
        abort();
    else if (!strcmp(what, "waits"))
        poll(0, 0, 600000);
    return result;
}
