// SPDX-License-Identifier: BSD-2-Clause
// The guest's end of the wire to a TEE: see abi/bridge.py.
//
//     elfhaven-bridge DIRECTORY PORT...    serves every virtio port, one connection after the other
//     elfhaven-bridge DIRECTORY [-]        serves one connection on standard input and output
//     elfhaven-bridge --commands PORT...   runs a command for every connection
//
// DIRECTORY is where the supplicant looks for TA files. Each connection is a process of its own, so that a call
// that never comes back from the TEE holds up no other one. A port's process that dies is started again, and a
// client whose connection died with it is told.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "protocol.h"
#include "serve.h"

#define PORTS_MAX 32
#define AGAIN_US 100000 // between tries to start or open something

// Waits until the other end of a port is connected. The driver raises SIGIO when that changes.
static void await_client(int port, const sigset_t *changes) {
    struct pollfd state = {.fd = port, .events = POLLIN};
    const struct timespec second = {.tv_sec = 1};
    while (poll(&state, 1, 0) >= 0 && (state.revents & POLLHUP))
        sigtimedwait(changes, NULL, &second);
}

// Dies with its parent: a port is held by nobody who is not looked after.
static pid_t fork_bound(void) {
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
    }
    return child;
}

// Tells a client, if there is one, that whoever served it died. Frames enough to complete the one that broke off
// follow each other; what a new client finds of them it skips.
static void tell_loss(int port) {
    struct {
        struct bridge_frame frame;
        struct bridge_error error;
    } block[256];
    struct pollfd state = {.fd = port, .events = POLLOUT};
    int flags = fcntl(port, F_GETFL);
    for (size_t i = 0; i < sizeof block / sizeof block[0]; i++) {
        block[i].frame = (struct bridge_frame){BRIDGE_MAGIC, KIND_ERROR, 0, sizeof block[i].error};
        block[i].error = (struct bridge_error){BROKEN_DIED, 0};
    }
    fcntl(port, F_SETFL, flags | O_NONBLOCK);
    for (size_t put = 0; put <= BRIDGE_FRAME_MAX;) {
        if (poll(&state, 1, 1000) <= 0 || (state.revents & POLLHUP))
            break;
        ssize_t more = write(port, (char *)block + put % sizeof block, sizeof block - put % sizeof block);
        if (more < 0 && errno != EAGAIN && errno != EINTR)
            break;
        put += more > 0 ? (size_t)more : 0;
    }
    fcntl(port, F_SETFL, flags);
}

static void serve_once(int port, const char *directory) {
    int ended[2];
    char byte;
    ssize_t told;
    if (pipe(ended))
        _exit(1);
    pid_t child = fork_bound();
    if (child == 0) {
        close(ended[0]);
        if (!directory)
            run_command(port, port, ended[1]);
        serve(port, port, ended[1], directory);
    }
    close(ended[1]);
    if (child < 0)
        sleep(1);
    while ((told = read(ended[0], &byte, 1)) < 0)
        ;
    close(ended[0]);
    if (told == 0)
        tell_loss(port);
    while (waitpid(-1, NULL, WNOHANG) > 0) // one that is stuck in the TEE is reaped some later time
        ;
}

// `directory` is NULL where the port carries commands.
static _Noreturn void serve_port(const char *path, const char *directory) {
    int port;
    sigset_t changes;
    sigemptyset(&changes);
    sigaddset(&changes, SIGIO);
    sigprocmask(SIG_BLOCK, &changes, NULL);
    while ((port = open(path, O_RDWR | O_CLOEXEC)) < 0) {
        if (errno != EBUSY) { // busy: the one before is stuck in the TEE, and holds it until it can die
            perror(path);
            sleep(1);
            _exit(1);
        }
        usleep(AGAIN_US);
    }
    fcntl(port, F_SETOWN, getpid());
    fcntl(port, F_SETFL, fcntl(port, F_GETFL) | O_ASYNC);
    tell_loss(port); // to a client of another process before this one
    for (;;) {
        await_client(port, &changes);
        serve_once(port, directory);
    }
}

static pid_t start_port(const char *path, const char *directory) {
    pid_t child = fork_bound();
    if (child == 0)
        serve_port(path, directory);
    return child;
}

static _Noreturn void serve_ports(char **paths, int count, const char *directory) {
    pid_t servers[PORTS_MAX];
    for (int i = 0; i < count; i++)
        servers[i] = start_port(paths[i], directory);
    for (;;) {
        pid_t ended = wait(NULL);
        usleep(AGAIN_US);
        for (int i = 0; i < count; i++)
            if (servers[i] == ended || servers[i] < 0)
                servers[i] = start_port(paths[i], directory);
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
    serve_ports(argv + 2, argc - 2 < PORTS_MAX ? argc - 2 : PORTS_MAX, directory);
}
