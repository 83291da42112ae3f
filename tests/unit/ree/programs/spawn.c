// SPDX-License-Identifier: BSD-2-Clause
// Children: posix_spawn with descriptors of their own, what they say and how they end, exec in place.
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int child(char *how)
{
    if (!strcmp(how, "die"))
        abort();
    if (!strcmp(how, "become"))
        return execl("/proc/self/exe", "again", "say", NULL);
    printf("child says %s %s\n", how, getenv("MARK"));
    fflush(stdout);
    return 7;
}

static void start(char *how, int out)
{
    char *words[] = {"child", how, NULL}, *variables[] = {"MARK=of the parent", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    pid_t pid;
    int status, failed = posix_spawn(&pid, "/proc/self/exe", &actions, NULL, words, variables);
    pid_t ended = waitpid(pid, &status, 0);
    printf("%s: %d, ended %d, exited %d with %d, signalled %d\n", how, failed, ended == pid, WIFEXITED(status),
           WEXITSTATUS(status), WIFSIGNALED(status));
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return child(argv[1]);
    int ends[2];
    pipe(ends);
    start("say", ends[1]);
    start("become", ends[1]);
    start("die", ends[1]);
    close(ends[1]);
    char text[200];
    long size = 0, got;
    while ((got = read(ends[0], text + size, sizeof text - 1 - size)) > 0)
        size += got;
    text[size] = 0;
    printf("through the pipe: %s", text);
    char *words[] = {"none", NULL};
    pid_t pid;
    printf("missing %d\n", posix_spawn(&pid, "/does/not/exist", NULL, NULL, words, environ) == ENOENT);
    printf("no child %d\n", wait(NULL) < 0 && errno == ECHILD);
    return 0;
}
