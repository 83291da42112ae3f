// SPDX-License-Identifier: BSD-2-Clause
// hello: greets its arguments, numbers the lines of a file, ends with the status it is told to.
//
//   hello [NAME...]                 greets each NAME with the word in $GREETING ("Hello" without it)
//   hello --number IN OUT           writes IN to OUT with its lines numbered, and reports what it saw
//   hello --tree DIRECTORY          makes DIRECTORY, three files in it, lists them, removes one
//   hello --status N                exits with N
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *what) {
    fprintf(stderr, "hello: %s: %s\n", what, strerror(errno));
    return 1;
}

static int greet(int count, char **names) {
    const char *word = getenv("GREETING");
    if (word == NULL)
        word = "Hello";
    if (count == 0)
        printf("%s, whoever you are.\n", word);
    for (int i = 0; i < count; i++)
        printf("%s, %s.\n", word, names[i]);
    return 0;
}

static int copy_numbered(FILE *in, FILE *out) {
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    long lines = 0, bytes = 0, longest = 0;
    while ((length = getline(&line, &room, in)) >= 0) {
        lines++;
        bytes += length;
        if (length > longest)
            longest = length;
        fprintf(out, "%4ld  %s", lines, line);
    }
    free(line);
    printf("%ld lines, %ld bytes, the longest line has %ld\n", lines, bytes, longest);
    return ferror(in) || ferror(out);
}

static int number(const char *from, const char *to) {
    FILE *in = fopen(from, "r");
    if (in == NULL)
        return fail(from);
    FILE *out = fopen(to, "w");
    if (out == NULL) {
        int status = fail(to);
        fclose(in);
        return status;
    }
    int bad = copy_numbered(in, out);
    fclose(in);
    if (fclose(out) != 0 || bad)
        return fail(to);
    return 0;
}

static int write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return fail(path);
    fputs(text, file);
    return fclose(file) == 0 ? 0 : fail(path);
}

static int wanted(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int list(const char *directory) {
    struct dirent **entries;
    int count = scandir(directory, &entries, wanted, alphasort);
    if (count < 0)
        return fail(directory);
    for (int i = 0; i < count; i++) {
        char path[4096];
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        if (stat(path, &status) != 0)
            return fail(path);
        printf("%s: %lld bytes, mode %o\n", path, (long long)status.st_size, status.st_mode & 0777);
        free(entries[i]);
    }
    free(entries);
    return 0;
}

static int tree(const char *directory) {
    static const char *const names[] = {"one", "two", "three"};
    char path[4096], text[64];
    umask(022);
    if (mkdir(directory, 0755) != 0)
        return fail(directory);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        snprintf(text, sizeof text, "This is file %s, number %d.\n", names[i], i + 1);
        if (write_file(path, text) != 0)
            return 1;
    }
    if (list(directory) != 0)
        return 1;
    if (unlink(path) != 0)
        return fail(path);
    printf("%s is gone\n", path);
    return access(path, F_OK) == 0;
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "--number") == 0)
        return number(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "--tree") == 0)
        return tree(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--status") == 0)
        return atoi(argv[2]);
    if (argc > 1 && argv[1][0] == '-') {
        fprintf(stderr, "usage: hello [NAME...] | --number IN OUT | --tree DIRECTORY | --status N\n");
        return 2;
    }
    return greet(argc - 1, argv + 1);
}
