// SPDX-License-Identifier: BSD-2-Clause
// Sockets: servers and clients in one program. Ports are the kernel's choice and never printed.

//// socket_kinds
int k[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM | SOCK_NONBLOCK, SOCK_DGRAM | SOCK_CLOEXEC};
int d[] = {AF_UNIX, AF_INET, AF_INET6};
for (int i = 0; i < 3; i++)
    for (int j = 0; j < 5; j++) {
        if (k[j] == SOCK_SEQPACKET && d[i] != AF_UNIX) continue;
        int s = socket(d[i], k[j], 0), v = -1;
        socklen_t n = sizeof v;
        R(s >= 0);
        R(getsockopt(s, SOL_SOCKET, SO_TYPE, &v, &n));
        R(v);
        R(getsockopt(s, SOL_SOCKET, SO_DOMAIN, &v, &n));
        R(v);
        R(getsockopt(s, SOL_SOCKET, SO_PROTOCOL, &v, &n));
        R(v);
        R(fcntl(s, F_GETFL));
        R(fcntl(s, F_GETFD));
        struct stat st;
        R(fstat(s, &st));
        OK(S_ISSOCK(st.st_mode));
        R(lseek(s, 0, SEEK_SET));
        R(close(s));
    }
R(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
R(socket(AF_INET, SOCK_STREAM | 0x100, 0));
R(socket(99, SOCK_STREAM, 0));
R(socket(AF_UNIX, SOCK_STREAM, 77));

//// socket_errors
struct sockaddr_in a = {.sin_family = AF_INET};
socklen_t n = sizeof a;
int s = socket(AF_INET, SOCK_STREAM, 0), f = open("data.txt", O_RDONLY);
R(bind(99, (void *)&a, n));
R(bind(f, (void *)&a, n));
R(bind(s, (void *)&a, 4));
R(bind(s, BAD, n));
R(listen(f, 1));
R(accept(s, 0, 0));
R(accept(f, 0, 0));
R(connect(f, (void *)&a, n));
R(connect(s, (void *)&a, 3));
R(getpeername(s, (void *)&a, &n));
R(getsockname(f, (void *)&a, &n));
n = -1;
R(getsockname(s, (void *)&a, &n));
n = sizeof a;
R(getsockname(s, BAD, &n));
R(getsockname(s, (void *)&a, BAD));
R(shutdown(s, SHUT_RD));
R(shutdown(s, 7));
R(shutdown(f, 0));
signal(SIGPIPE, SIG_IGN);
R(send(s, "x", 1, 0));
R(recv(s, buf, 1, 0));
R(send(f, "x", 1, 0));
R(recv(f, buf, 1, 0));
R(pread(s, buf, 1, 0));
int v = 0;
n = sizeof v;
R(setsockopt(s, SOL_SOCKET, 9999, &v, n));
R(getsockopt(s, SOL_SOCKET, 9999, &v, &n));
R(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &v, 1));
R(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, BAD, 4));
R(accept4(s, 0, 0, 0x100));

//// socket_options
int s = socket(AF_INET, SOCK_STREAM, 0), v, o[] = {SO_REUSEADDR, SO_KEEPALIVE, SO_BROADCAST, SO_OOBINLINE};
socklen_t n = sizeof v;
for (int i = 0; i < 4; i++) {
    v = 1;
    R(setsockopt(s, SOL_SOCKET, o[i], &v, n));
    v = 7;
    R(getsockopt(s, SOL_SOCKET, o[i], &v, &n));
    R(v);
    R(n);
}
int t[] = {TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT};
for (int i = 0; i < 4; i++) {
    v = 1 + i;
    R(setsockopt(s, IPPROTO_TCP, t[i], &v, n));
    v = 0;
    R(getsockopt(s, IPPROTO_TCP, t[i], &v, &n));
    R(v);
}
struct linger l = {1, 3}, m = {0};
R(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof l));
n = sizeof m;
R(getsockopt(s, SOL_SOCKET, SO_LINGER, &m, &n));
printf("%d %d %d\n", m.l_onoff, m.l_linger, (int)n);
v = 30000;
R(setsockopt(s, SOL_SOCKET, SO_RCVBUF, &v, sizeof v));
n = sizeof v;
R(getsockopt(s, SOL_SOCKET, SO_RCVBUF, &v, &n));
R(v);
n = 2;
v = -1;
R(getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &v, &n));
printf("%d %x\n", (int)n, v);
int u = socket(AF_INET6, SOCK_STREAM, 0);
n = sizeof v;
v = 1;
R(setsockopt(u, IPPROTO_IPV6, IPV6_V6ONLY, &v, n));
R(getsockopt(u, IPPROTO_IPV6, IPV6_V6ONLY, &v, &n));
R(v);

//// tcp_echo
static void *echo(void *p) {
    int k = accept((int)(long)p, 0, 0);
    char b[100];
    long n;
    while ((n = read(k, b, sizeof b)) > 0) write(k, b, n);
    close(k);
    return (void *)n;
}
////
struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, b;
socklen_t n = sizeof a;
int l = socket(AF_INET, SOCK_STREAM, 0), s = socket(AF_INET, SOCK_STREAM, 0), v;
R(bind(l, (void *)&a, n));
R(listen(l, 5));
R(getsockname(l, (void *)&a, &n));
R(n);
OK(a.sin_port != 0);
pthread_t t;
pthread_create(&t, 0, echo, (void *)(long)l);
R(connect(s, (void *)&a, sizeof a));
n = sizeof b;
R(getpeername(s, (void *)&b, &n));
OK(b.sin_port == a.sin_port && b.sin_addr.s_addr == a.sin_addr.s_addr);
R(connect(s, (void *)&a, sizeof a));
R(write(s, "first words", 11));
R(recv(s, buf, 11, MSG_WAITALL));
text("echoed", buf, 11);
struct iovec w[3] = {{"one", 3}, {"", 0}, {" two", 4}}, r[2] = {{buf, 2}, {buf + 100, 5}};
R(writev(s, w, 3));
R(recv(s, buf, 7, MSG_PEEK | MSG_WAITALL) > 0);
for (long got = 0; got < 7; got += v) v = readv(s, r, 2), r[0].iov_len = 0;
n = sizeof v;
R(getsockopt(s, SOL_SOCKET, SO_ERROR, &v, &n));
R(v);
R(shutdown(s, SHUT_WR));
R(read(s, buf, 10));
void *end;
pthread_join(t, &end);
R((long)end);
R(close(s));
R(close(l));

//// tcp_large
static void *drain(void *p) {
    int k = accept((int)(long)p, 0, 0);
    static unsigned char b[70000];
    unsigned long h = 0;
    long n;
    while ((n = read(k, b, sizeof b)) > 0)
        for (long i = 0; i < n; i++) h = h * 31 + b[i];
    close(k);
    return (void *)h;
}
////
struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
socklen_t n = sizeof a;
int l = socket(AF_INET, SOCK_STREAM, 0), s = socket(AF_INET, SOCK_STREAM, 0);
bind(l, (void *)&a, n);
listen(l, 5);
getsockname(l, (void *)&a, &n);
pthread_t t;
pthread_create(&t, 0, drain, (void *)(long)l);
R(connect(s, (void *)&a, n));
unsigned char *big = malloc(300000);
for (int i = 0; i < 300000; i++) big[i] = i * 7 + (i >> 9);
R(write(s, big, 300000));
R(shutdown(s, SHUT_WR));
R(read(s, buf, 1));
void *h;
pthread_join(t, &h);
printf("%lx\n", (unsigned long)h);

//// tcp_refused
struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
socklen_t n = sizeof a;
int l = socket(AF_INET, SOCK_STREAM, 0), s = socket(AF_INET, SOCK_STREAM, 0), u, v;
bind(l, (void *)&a, n);
getsockname(l, (void *)&a, &n);
R(connect(s, (void *)&a, n));
u = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
long r = connect(u, (void *)&a, n);
OK(r == -1 && (errno == EINPROGRESS || errno == ECONNREFUSED));
struct pollfd p = {u, POLLOUT, 0};
R(poll(&p, 1, 1000));
OK(p.revents & POLLERR);
n = sizeof v;
getsockopt(u, SOL_SOCKET, SO_ERROR, &v, &n);
OK(v == ECONNREFUSED || errno == ECONNREFUSED);
R(bind(s, (void *)&a, sizeof a));
listen(l, 1);
u = socket(AF_INET, SOCK_STREAM, 0);
R(bind(u, (void *)&a, sizeof a));
a.sin_addr.s_addr = htonl(0x7f000009);
a.sin_port = 0;
R(bind(u, (void *)&a, sizeof a));

//// tcp_nonblocking
struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
socklen_t n = sizeof a;
int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), s = socket(AF_INET, SOCK_STREAM, 0), k;
bind(l, (void *)&a, n);
listen(l, 5);
getsockname(l, (void *)&a, &n);
R(accept(l, 0, 0));
R(connect(s, (void *)&a, n));
struct pollfd p = {l, POLLIN, 0};
R(poll(&p, 1, 1000));
R(p.revents);
n = sizeof a;
k = accept4(l, (void *)&a, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
OK(k >= 0);
R(n);
R(a.sin_family);
R(fcntl(k, F_GETFL));
R(fcntl(k, F_GETFD));
R(read(k, buf, 10));
R(recv(s, buf, 10, MSG_DONTWAIT));
R(write(s, "abc", 3));
p.fd = k;
R(poll(&p, 1, 1000));
R(ioctl(k, FIONREAD, &n));
R(n);
R(read(k, buf, 10));
int on = 1;
R(ioctl(s, FIONBIO, &on));
R(fcntl(s, F_GETFL));
R(read(s, buf, 1));
R(fcntl(s, F_SETFL, 0));
long sent = 0, got;
while ((got = write(k, buf, sizeof buf)) > 0) sent += got;
OK(sent > 65536);
R(got);
p.events = POLLOUT;
R(poll(&p, 1, 0));
R(close(s));
p.events = POLLIN;
R(poll(&p, 1, 1000));
OK(p.revents & (POLLERR | POLLHUP));

//// tcp_sigpipe
struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
socklen_t n = sizeof a;
int l = socket(AF_INET, SOCK_STREAM, 0), s = socket(AF_INET, SOCK_STREAM, 0);
bind(l, (void *)&a, n);
listen(l, 5);
getsockname(l, (void *)&a, &n);
connect(s, (void *)&a, n);
R(shutdown(s, SHUT_WR));
R(send(s, "x", 1, MSG_NOSIGNAL));
signal(SIGPIPE, SIG_IGN);
R(write(s, "x", 1));
signal(SIGPIPE, SIG_DFL);
puts("now");
fflush(stdout);
write(s, "x", 1);
puts("not reached");

//// tcp_timeouts
struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
socklen_t n = sizeof a;
int l = socket(AF_INET, SOCK_STREAM, 0), s = socket(AF_INET, SOCK_STREAM, 0);
bind(l, (void *)&a, n);
listen(l, 5);
getsockname(l, (void *)&a, &n);
connect(s, (void *)&a, n);
struct timeval t = {0, 60000}, u;
R(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
n = sizeof u;
R(getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &u, &n));
OK(u.tv_sec == 0 && u.tv_usec >= 59000 && u.tv_usec <= 70000);
struct timespec b, e;
clock_gettime(CLOCK_MONOTONIC, &b);
R(read(s, buf, 10));
clock_gettime(CLOCK_MONOTONIC, &e);
OK((e.tv_sec - b.tv_sec) * 1000 + (e.tv_nsec - b.tv_nsec) / 1000000 >= 50);
R(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
int k = accept(l, 0, 0);
OK(k >= 0);
R(accept(l, 0, 0));
struct pollfd p = {s, POLLIN, 0};
R(poll(&p, 1, 30));
R(p.revents);
fd_set f;
FD_ZERO(&f);
FD_SET(s, &f);
t.tv_usec = 30000;
R(select(s + 1, &f, 0, 0, &t));
R(FD_ISSET(s, &f));
write(k, "x", 1);
FD_SET(s, &f);
fd_set w;
FD_ZERO(&w);
FD_SET(s, &w);
FD_SET(l, &w);
t.tv_sec = 1;
R(select(s + 1, &f, &w, 0, &t));
printf("%d %d %d\n", !!FD_ISSET(s, &f), !!FD_ISSET(s, &w), !!FD_ISSET(l, &w));
FD_SET(55, &f);
R(select(56, &f, 0, 0, &t));
R(select(-1, 0, 0, 0, &t));

//// udp_pair
struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, b = a, c;
socklen_t n = sizeof a;
int s = socket(AF_INET, SOCK_DGRAM, 0), t = socket(AF_INET, SOCK_DGRAM, 0);
bind(s, (void *)&a, n);
bind(t, (void *)&b, n);
getsockname(s, (void *)&a, &n);
getsockname(t, (void *)&b, &n);
R(sendto(s, "one", 3, 0, (void *)&b, n));
R(sendto(s, "", 0, 0, (void *)&b, n));
R(sendto(s, "a longer message", 16, 0, (void *)&b, n));
n = sizeof c;
R(recvfrom(t, buf, 100, 0, (void *)&c, &n));
text("got", buf, 3);
OK(c.sin_port == a.sin_port);
R(n);
R(recv(t, buf, 100, 0));
R(recv(t, buf, 4, MSG_PEEK));
R(recv(t, buf, 4, MSG_PEEK | MSG_TRUNC));
struct iovec v[2] = {{buf, 2}, {buf + 50, 3}};
struct msghdr m = {.msg_name = &c, .msg_namelen = sizeof c, .msg_iov = v, .msg_iovlen = 2};
R(recvmsg(t, &m, 0));
printf("%x %d %d\n", m.msg_flags, (int)m.msg_namelen, (int)m.msg_controllen);
text("cut", buf + 50, 3);
R(recv(t, buf, 4, MSG_DONTWAIT));
R(send(s, "x", 1, 0));
R(connect(s, (void *)&b, sizeof b));
R(send(s, "connected", 9, 0));
R(read(t, buf, 100));
m.msg_iov[0] = (struct iovec){"ab", 2};
m.msg_iov[1] = (struct iovec){"cde", 3};
m.msg_name = 0;
m.msg_namelen = 0;
R(sendmsg(s, &m, 0));
R(read(t, buf, 100));
text("gathered", buf, 5);
R(send(s, malloc(70000), 70000, 0));
struct mmsghdr h[2] = {{.msg_hdr = m}, {.msg_hdr = m}};
R(sendmmsg(s, h, 2, 0));
R(h[1].msg_len);
struct iovec q[2] = {{buf, 10}, {buf + 10, 10}};
struct mmsghdr g[3] = {{.msg_hdr = {.msg_iov = q, .msg_iovlen = 1}}, {.msg_hdr = {.msg_iov = q + 1, .msg_iovlen = 1}}};
R(recvmmsg(t, g, 2, 0, 0));
R(g[1].msg_len);
text("second", buf + 10, 5);
a.sin_family = AF_UNSPEC;
R(connect(s, (void *)&a, sizeof a));
R(send(s, "x", 1, 0));

//// udp_refused
struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
socklen_t n = sizeof a;
int s = socket(AF_INET, SOCK_DGRAM, 0), t = socket(AF_INET, SOCK_DGRAM, 0);
bind(t, (void *)&a, n);
getsockname(t, (void *)&a, &n);
close(t);
R(connect(s, (void *)&a, n));
R(send(s, "x", 1, 0));
struct pollfd p = {s, POLLIN, 0};
R(poll(&p, 1, 1000));
R(recv(s, buf, 1, 0));

//// tcp_ipv6
struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
socklen_t n = sizeof a;
int l = socket(AF_INET6, SOCK_STREAM, 0), s = socket(AF_INET6, SOCK_STREAM, 0);
if (bind(l, (void *)&a, n) == 0) {
    listen(l, 1);
    getsockname(l, (void *)&a, &n);
    R(n);
    R(connect(s, (void *)&a, n));
    int k = accept(l, 0, 0);
    R(write(k, "six", 3));
    R(read(s, buf, 10));
    text("six", buf, 3);
}

//// unix_stream
struct sockaddr_un a = {AF_UNIX, "sock"}, b;
socklen_t n = sizeof a;
int l = socket(AF_UNIX, SOCK_STREAM, 0), s = socket(AF_UNIX, SOCK_STREAM, 0), k;
R(connect(s, (void *)&a, n));
R(bind(l, (void *)&a, n));
R(connect(s, (void *)&a, n));
R(listen(l, 2));
struct stat st;
R(stat("sock", &st));
OK(S_ISSOCK(st.st_mode));
n = sizeof b;
memset(&b, 'x', sizeof b);
R(getsockname(l, (void *)&b, &n));
R(n);
puts(b.sun_path);
R(connect(s, (void *)&a, sizeof a));
n = sizeof b;
k = accept(l, (void *)&b, &n);
OK(k >= 0);
R(n);
n = sizeof b;
R(getsockname(k, (void *)&b, &n));
R(n);
n = sizeof b;
R(getsockname(s, (void *)&b, &n));
R(n);
R(write(k, "hello", 5));
R(read(s, buf, 100));
R(close(k));
R(read(s, buf, 100));
R(send(s, "x", 1, MSG_NOSIGNAL));
int m = socket(AF_UNIX, SOCK_STREAM, 0);
R(bind(m, (void *)&a, sizeof a));
R(unlink("sock"));
strcpy(a.sun_path, "none/sock");
R(bind(m, (void *)&a, sizeof a));
R(connect(m, (void *)&a, sizeof a));
strcpy(a.sun_path, "data.txt");
R(connect(m, (void *)&a, sizeof a));

//// unix_dgram
struct sockaddr_un a = {AF_UNIX, "one.sock"}, b = {AF_UNIX, "two.sock"}, c;
socklen_t n = sizeof a;
int s = socket(AF_UNIX, SOCK_DGRAM, 0), t = socket(AF_UNIX, SOCK_DGRAM, 0);
R(bind(s, (void *)&a, n));
R(bind(t, (void *)&b, n));
R(sendto(s, "across", 6, 0, (void *)&b, n));
R(recv(t, buf, 100, 0));
text("got", buf, 6);
R(connect(t, (void *)&a, n));
R(send(t, "back", 4, 0));
R(sendto(s, "", 0, 0, (void *)&b, n));
R(recv(s, buf, 100, 0));
R(recv(t, buf, 100, 0));
R(close(s));
R(send(t, "x", 1, 0));
strcpy(c.sun_path, "none.sock");
c.sun_family = AF_UNIX;
int u = socket(AF_UNIX, SOCK_DGRAM, 0);
R(sendto(u, "x", 1, 0, (void *)&c, sizeof c));
R(send(u, "x", 1, 0));

//// unix_abstract
struct sockaddr_un a = {AF_UNIX};
static char name[] = "\0elfhaven-corpus-";
memcpy(a.sun_path, name, sizeof name - 1);
a.sun_path[sizeof name - 1] = argc + '0';
socklen_t n = 2 + sizeof name, m = sizeof a;
int l = socket(AF_UNIX, SOCK_SEQPACKET, 0), s = socket(AF_UNIX, SOCK_SEQPACKET, 0), k;
R(bind(l, (void *)&a, n));
R(listen(l, 1));
R(connect(s, (void *)&a, n));
k = accept(l, 0, 0);
R(send(s, "one", 3, 0));
R(send(s, "three", 5, 0));
R(recv(k, buf, 2, 0));
R(recv(k, buf, 100, 0));
R(getpeername(s, (void *)&a, &m));
R(m);
close(s);
R(recv(k, buf, 100, 0));

//// socketpair_threads
static int p[2];
static void *other(void *x) {
    char b[10];
    for (int i = 0; i < 20; i++) {
        read(p[1], b, 4);
        write(p[1], b, 4);
    }
    shutdown(p[1], SHUT_WR);
    return x;
}
////
R(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
pthread_t t;
pthread_create(&t, 0, other, 0);
int v, total = 0;
for (int i = 0; i < 20; i++) {
    write(p[0], &i, 4);
    read(p[0], &v, 4);
    total += v;
}
R(total);
R(read(p[0], &v, 4));
pthread_join(t, 0);
int d[2];
R(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, d));
R(write(d[0], "abc", 3));
R(write(d[0], "de", 2));
R(read(d[1], buf, 100));
R(read(d[1], buf, 100));
R(read(d[1], buf, 100));
R(socketpair(AF_INET, SOCK_STREAM, 0, d));
R(socketpair(AF_UNIX, SOCK_STREAM, 0, BAD));

//// many_clients
static struct sockaddr_in a = {.sin_family = AF_INET};
static void *client(void *p) {
    int s = socket(AF_INET, SOCK_STREAM, 0), v = (int)(long)p, w = 0;
    connect(s, (void *)&a, sizeof a);
    for (int i = 0; i < 3; i++) {
        write(s, &v, 4);
        recv(s, &w, 4, MSG_WAITALL);
        v = w;
    }
    close(s);
    return (void *)(long)w;
}
static void *server(void *p) {
    int k = (int)(long)p, v;
    while (recv(k, &v, 4, MSG_WAITALL) == 4) {
        v *= 2;
        write(k, &v, 4);
    }
    close(k);
    return 0;
}
////
socklen_t n = sizeof a;
a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
int l = socket(AF_INET, SOCK_STREAM, 0);
bind(l, (void *)&a, n);
listen(l, 50);
getsockname(l, (void *)&a, &n);
pthread_t t[12], u[12];
for (long i = 0; i < 12; i++) pthread_create(&t[i], 0, client, (void *)(i + 1));
for (int i = 0; i < 12; i++) pthread_create(&u[i], 0, server, (void *)(long)accept(l, 0, 0));
long sum = 0;
for (int i = 0; i < 12; i++) {
    void *r;
    pthread_join(t[i], &r);
    pthread_join(u[i], 0);
    sum += (long)r;
}
R(sum);
