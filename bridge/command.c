// SPDX-License-Identifier: BSD-2-Clause
// One thread: poll says who has something. Input that the command does not take yet holds up more input, and
// nothing else; output that the client does not take holds up the command.
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "stream.h"

#define PATIENCE_MS 500 // for a command that is asked to end
#define DRAIN_MS 100
#define DRAIN_READS 64

enum source { CLIENT, INPUT, OUTPUT, ERRORS, PROCESS, SOURCES };

struct command {
    struct stream stream;
    int ended, process;
    pid_t pid;
    int pipes[SOURCES]; // this end of INPUT, OUTPUT and ERRORS; -1 when it is closed
    size_t at, filled;  // input[at..filled) is not taken yet
    bool closing;       // no more input comes
    u8 input[BRIDGE_INPUT_MAX];
};

static _Noreturn void end(struct command *command) {
    if (command->ended >= 0 && write(command->ended, "", 1) < 0)
        _exit(1);
    _exit(0);
}

// Ends the command, with all processes of its group, where the client is gone.
static _Noreturn void abandon(struct command *command) {
    struct pollfd process = {.fd = command->process, .events = POLLIN};
    kill(-command->pid, SIGHUP);
    kill(-command->pid, SIGTERM);
    poll(&process, 1, PATIENCE_MS);
    kill(-command->pid, SIGKILL);
    end(command);
}

static void put(struct command *command, u32 kind, const void *payload, size_t size) {
    if (!stream_put(&command->stream, kind, 0, payload, size, NULL, 0) || !stream_flush(&command->stream))
        abandon(command);
}

static void shut(struct command *command, enum source source) {
    if (command->pipes[source] >= 0)
        close(command->pipes[source]);
    command->pipes[source] = -1;
}

// --- the command's process ---

static _Noreturn void become(char **words, const int theirs[SOURCES]) {
    sigset_t none;
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int source = INPUT; source <= ERRORS; source++)
        dup2(theirs[source], source - INPUT);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(words[0], words);
    dprintf(STDERR_FILENO, "elfhaven: cannot run %s: %s\n", words[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

static bool make_terminal(int *ours, int *theirs) {
    struct termios raw;
    if (openpty(ours, theirs, NULL, NULL, NULL))
        return false;
    tcgetattr(*theirs, &raw);
    cfmakeraw(&raw);
    tcsetattr(*theirs, TCSANOW, &raw);
    fcntl(*ours, F_SETFD, FD_CLOEXEC);
    fcntl(*theirs, F_SETFD, FD_CLOEXEC);
    return true;
}

static bool make_pipe(int *reader, int *writer) {
    int both[2];
    if (pipe2(both, O_CLOEXEC))
        return false;
    *reader = both[0];
    *writer = both[1];
    return true;
}

static bool start(struct command *command, char **words, bool terminal) {
    int theirs[SOURCES];
    if (!make_pipe(&theirs[INPUT], &command->pipes[INPUT]) || !make_pipe(&command->pipes[ERRORS], &theirs[ERRORS]))
        return false;
    if (!(terminal ? make_terminal(&command->pipes[OUTPUT], &theirs[OUTPUT])
                   : make_pipe(&command->pipes[OUTPUT], &theirs[OUTPUT])))
        return false;
    command->pid = fork();
    if (command->pid == 0)
        become(words, theirs);
    for (int source = INPUT; source <= ERRORS; source++) {
        close(theirs[source]);
        fcntl(command->pipes[source], F_SETFL, fcntl(command->pipes[source], F_GETFL) | O_NONBLOCK);
    }
    command->process = command->pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, command->pid, 0);
    return command->process >= 0;
}

// --- what comes and goes ---

// Takes COMMAND; the words point into `text`.
static void take_run(struct command *command, struct bridge_command *run, char *text, char **words) {
    struct bridge_frame frame;
    if (!stream_find(&command->stream, KIND_COMMAND, sizeof *run + BRIDGE_INPUT_MAX, &frame) ||
        frame.size <= sizeof *run || !stream_take(&command->stream, run, sizeof *run))
        end(command);
    size_t size = frame.size - sizeof *run;
    if (!stream_take(&command->stream, text, size) || text[size - 1] || !run->words || run->words > BRIDGE_WORDS)
        end(command);
    char *next = text;
    for (u32 i = 0; i < run->words; i++) {
        if (next >= text + size)
            end(command);
        words[i] = next;
        next += strlen(next) + 1;
    }
    words[run->words] = NULL;
}

static void take_input(struct command *command) {
    struct bridge_frame frame;
    struct stream *stream = &command->stream;
    if (!stream_take(stream, &frame, sizeof frame) || frame.magic != BRIDGE_MAGIC || frame.kind != KIND_INPUT ||
        command->closing || frame.size > sizeof command->input ||
        !stream_take(stream, command->input, frame.size))
        abandon(command); // gone, or another client already, which says COMMAND again
    command->at = 0;
    command->filled = frame.size;
    command->closing |= frame.size == 0;
}

static void give_input(struct command *command) {
    ssize_t put = write(command->pipes[INPUT], command->input + command->at, command->filled - command->at);
    if (put > 0)
        command->at += (size_t)put;
    else if (put < 0 && errno != EAGAIN && errno != EINTR)
        shut(command, INPUT);
}

static void carry_output(struct command *command, enum source source) {
    u8 bytes[16384];
    ssize_t got = read(command->pipes[source], bytes, sizeof bytes);
    if (got > 0)
        put(command, source == OUTPUT ? KIND_OUTPUT : KIND_ERRORS, bytes, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        shut(command, source);
}

// What is left to read. Processes that the command left behind may hold its output open, and go on printing.
static void drain(struct command *command) {
    for (int i = 0; i < DRAIN_READS && (command->pipes[OUTPUT] >= 0 || command->pipes[ERRORS] >= 0); i++) {
        struct pollfd states[] = {{.fd = command->pipes[OUTPUT], .events = POLLIN},
                                  {.fd = command->pipes[ERRORS], .events = POLLIN}};
        if (poll(states, 2, DRAIN_MS) <= 0)
            return;
        for (int source = OUTPUT; source <= ERRORS; source++)
            if (states[source - OUTPUT].revents)
                carry_output(command, (enum source)source);
    }
}

static _Noreturn void finish(struct command *command) {
    int status = 0;
    struct bridge_exited exited = {0};
    drain(command);
    waitpid(command->pid, &status, 0);
    exited.status = (u32)(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    put(command, KIND_EXITED, &exited, sizeof exited);
    end(command);
}

static void step(struct command *command) {
    bool waits = command->pipes[INPUT] >= 0 && command->at < command->filled;
    bool ready = command->stream.at < command->stream.filled; // read already
    struct pollfd states[SOURCES] = {
        [CLIENT] = {.fd = command->stream.in, .events = waits ? 0 : POLLIN},
        [INPUT] = {.fd = waits ? command->pipes[INPUT] : -1, .events = POLLOUT},
        [OUTPUT] = {.fd = command->pipes[OUTPUT], .events = POLLIN},
        [ERRORS] = {.fd = command->pipes[ERRORS], .events = POLLIN},
        [PROCESS] = {.fd = command->process, .events = POLLIN},
    };
    ready = ready && states[CLIENT].events;
    if (poll(states, SOURCES, ready ? 0 : -1) < 0)
        return;
    if (states[CLIENT].revents & (POLLHUP | POLLERR))
        abandon(command);
    if (ready || states[CLIENT].revents & POLLIN)
        take_input(command);
    if (states[INPUT].revents)
        give_input(command);
    for (enum source source = OUTPUT; source <= ERRORS; source++)
        if (states[source].revents)
            carry_output(command, source);
    if (states[PROCESS].revents)
        finish(command);
    if (command->closing && command->at == command->filled)
        shut(command, INPUT);
}

_Noreturn void run_command(int in, int out, int ended) {
    static struct command command; // large, and one to a process
    static char text[BRIDGE_INPUT_MAX];
    char *words[BRIDGE_WORDS + 1];
    struct bridge_command run;
    stream_init(&command.stream, in, out);
    command.ended = ended;
    take_run(&command, &run, text, words);
    if (!start(&command, words, run.terminal))
        end(&command);
    struct bridge_started started = {run.nonce};
    put(&command, KIND_STARTED, &started, sizeof started);
    for (;;)
        step(&command);
}
