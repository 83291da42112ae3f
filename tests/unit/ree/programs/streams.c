// SPDX-License-Identifier: BSD-2-Clause
// Pipes, polling, sockets of the host's loopback, time: what blocks one thread lets the others go on.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void *drain(void *fd)
{
    static char buffer[65536];
    long total = 0, got;
    while ((got = read(*(int *)fd, buffer, sizeof buffer)) > 0)
        total += got;
    return (void *)total;
}

static void *answer(void *listener)
{
    char text[32] = {0};
    int peer = accept(*(int *)listener, 0, 0);
    long got = recv(peer, text, sizeof text, 0);
    for (int i = 0; i < got; i++)
        text[i] ^= 0x20;
    send(peer, text, got, 0);
    close(peer);
    return (void *)got;
}

static void *late(void *fd)
{
    usleep(20000);
    write(*(int *)fd, "z", 1);
    return 0;
}

static long ms_since(struct timespec *from)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000;
}

int main(void)
{
    static char block[1 << 20];
    int ends[2];
    pthread_t t;
    void *got;
    pipe(ends);
    pthread_create(&t, 0, drain, &ends[0]);
    long wrote = write(ends[1], block, sizeof block);
    close(ends[1]);
    pthread_join(t, &got);
    printf("through a pipe %ld %ld\n", wrote, (long)got);

    pipe2(ends, O_NONBLOCK);
    long none = read(ends[0], block, 1);
    printf("empty %ld %d\n", none, errno == EAGAIN);
    struct timespec from;
    clock_gettime(CLOCK_MONOTONIC, &from);
    struct pollfd wanted[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};
    int ready = poll(wanted, 1, 30);
    printf("nothing %d, waited %d\n", ready, ms_since(&from) >= 29);
    ready = poll(wanted, 2, -1);
    printf("writable %d %x\n", ready, wanted[1].revents);
    pthread_create(&t, 0, late, &ends[1]);
    ready = poll(wanted, 1, 5000);
    printf("readable %d %x\n", ready, wanted[0].revents);
    pthread_join(t, 0);
    fd_set reads;
    FD_ZERO(&reads);
    FD_SET(ends[0], &reads);
    printf("selected %d\n", select(ends[0] + 1, &reads, 0, 0, 0));
    int epoll = epoll_create1(0);
    struct epoll_event event = {EPOLLIN, {.u64 = 0x123456789abcdef}}, seen;
    epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event);
    ready = epoll_wait(epoll, &seen, 1, 1000);
    printf("epoll %d %d\n", ready, seen.data.u64 == event.data.u64);

    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 1);
    getsockname(listener, (struct sockaddr *)&address, &size);
    pthread_create(&t, 0, answer, &listener);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    int connected = connect(client, (struct sockaddr *)&address, size);
    send(client, "hello", 5, 0);
    char text[32] = {0};
    recv(client, text, 5, MSG_WAITALL);
    printf("connected %d: %s\n", connected, text);
    pthread_join(t, 0);
    printf("closed %zd\n", recv(client, text, 5, 0));
    struct sockaddr_in6 nobody = {.sin6_family = AF_INET6, .sin6_port = 1, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int refused = connect(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&nobody, sizeof nobody);
    printf("refused %d\n", refused);

    int pair[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    send(pair[0], "packet", 6, 0);
    printf("datagram %zd\n", recv(pair[1], block, sizeof block, 0));

    clock_gettime(CLOCK_MONOTONIC, &from);
    usleep(25000);
    printf("slept %d\n", ms_since(&from) >= 24);
    return 0;
}
