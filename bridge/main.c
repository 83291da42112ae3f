// SPDX-License-Identifier: BSD-2-Clause
// The guest's end of the wire to a TEE: see abi/bridge.py.
//
//     elfhaven-bridge DIRECTORY PORT...    serves every virtio port, one connection after the other
//     elfhaven-bridge DIRECTORY [-]        serves one connection on standard input and output
//     elfhaven-bridge --commands PORT...   runs a command for every connection
//
// DIRECTORY is where the supplicant looks for TA files. Each connection is a process of its own, so that a call
// that never comes back from the TEE holds up no other one.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "serve.h"

// Waits until the other end of a port is connected. The driver raises SIGIO when that changes.
static void await_client(int port, const sigset_t *changes) {
    struct pollfd state = {.fd = port, .events = POLLIN};
    const struct timespec second = {.tv_sec = 1};
    while (poll(&state, 1, 0) >= 0 && (state.revents & POLLHUP))
        sigtimedwait(changes, NULL, &second);
}

static void serve_once(int port, const char *directory) {
    int ended[2];
    char byte;
    if (pipe(ended))
        _exit(1);
    pid_t child = fork();
    if (child == 0) {
        close(ended[0]);
        if (!directory)
            run_command(port, port, ended[1]);
        serve(port, port, ended[1], directory);
    }
    close(ended[1]);
    if (child < 0)
        sleep(1);
    while (read(ended[0], &byte, 1) < 0)
        ;
    close(ended[0]);
    while (waitpid(-1, NULL, WNOHANG) > 0) // one that is stuck in the TEE is reaped some later time
        ;
}

// `directory` is NULL where the port carries commands.
static void serve_port(const char *path, const char *directory) {
    sigset_t changes;
    sigemptyset(&changes);
    sigaddset(&changes, SIGIO);
    sigprocmask(SIG_BLOCK, &changes, NULL);
    int port = open(path, O_RDWR | O_CLOEXEC);
    if (port < 0) {
        perror(path);
        _exit(1);
    }
    fcntl(port, F_SETOWN, getpid());
    fcntl(port, F_SETFL, fcntl(port, F_GETFL) | O_ASYNC);
    for (;;) {
        await_client(port, &changes);
        serve_once(port, directory);
    }
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s DIRECTORY [PORT...]\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    const char *directory = strcmp(argv[1], "--commands") ? argv[1] : NULL;
    if (argc == 2 || (argc == 3 && !strcmp(argv[2], "-"))) {
        if (!directory)
            run_command(STDIN_FILENO, STDOUT_FILENO, -1);
        serve(STDIN_FILENO, STDOUT_FILENO, -1, directory);
    }
    for (int i = 2; i < argc; i++)
        if (fork() == 0)
            serve_port(argv[i], directory);
    while (wait(NULL) > 0)
        ;
    return 1;
}
