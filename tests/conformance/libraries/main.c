// SPDX-License-Identifier: BSD-2-Clause
// What a dynamic program leans on: dlopen, dlsym, IFUNC, thread-local storage of every model, RELRO, characters of
// a locale, the modules of iconv, and the name service switch.
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <iconv.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

static __thread int local = 1;                                               // local exec
extern __thread int initial __attribute__((tls_model("initial-exec")));      // initial exec, by the GOT
__thread int initial = 2;
static __thread char large[100000];                                          // more than a thread's usual room
static int (*plugin)(int);

static int thrice(int x) { return 3 * x; }
static int (*choose(void))(int) { return thrice; }
int chosen_here(int) __attribute__((ifunc("choose")));
int of_the_program(int x) { return chosen_here(x) + local; }

static void *work(void *given) {
    int by = (int)(long)given, sum = 0;
    for (int i = 0; i < 3; i++) {
        local += by;
        initial += local;
        large[local] = (char)by;
        sum += plugin(by) + initial + large[local];
    }
    return (void *)(long)sum;
}

static void threads(void) {
    pthread_t thread[4];
    void *sum[4];
    for (long i = 0; i < 4; i++)
        pthread_create(&thread[i], 0, work, (void *)(i + 1));
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], &sum[i]);
    printf("threads: %ld %ld %ld %ld, here %d %d\n", (long)sum[0], (long)sum[1], (long)sum[2], (long)sum[3], local,
           initial);
}

static void *forever(void *given) {
    for (;;)
        pthread_testcancel();
    return given;
}

static void cancelled(void) {
    pthread_t thread;
    void *result = 0;
    pthread_create(&thread, 0, forever, 0);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("cancelled: %d\n", result == PTHREAD_CANCELED);
}

static void characters(void) {
    const char *found = setlocale(LC_ALL, "C.UTF-8");
    wchar_t wide[8] = {0};
    size_t count = mbstowcs(wide, "\xc3\xa4\xe2\x82\xac", 8);
    printf("locale: %s, %zu characters, %x %x, upper %x\n", found ? found : "none", count, wide[0], wide[1],
           towupper(wide[0]));
}

static void converted(const char *to) {
    iconv_t made = iconv_open(to, "UTF-8");
    if (made == (iconv_t)-1) {
        printf("iconv %s: %s\n", to, strerror(errno));
        return;
    }
    char in[] = "\xd0\xb6\xd1\x8a", out[8] = {0}, *from = in, *into = out;
    size_t left = 4, room = 8;
    size_t result = iconv(made, &from, &left, &into, &room);
    printf("iconv %s: %zd, %x %x\n", to, (ssize_t)result, (unsigned char)out[0], (unsigned char)out[1]);
    iconv_close(made);
}

static void names(void) {
    struct passwd *user = getpwnam("keeper");
    struct group *group = getgrgid(700);
    struct servent *service = getservbyname("elfhaven", "tcp");
    struct addrinfo *address = 0, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    int failed = getaddrinfo("haven.example", "80", &hints, &address);
    unsigned char *bytes = failed ? 0 : (unsigned char *)address->ai_addr + 4;
    printf("names: %s %s %d", user ? user->pw_dir : "nobody", group ? group->gr_name : "none",
           service ? ntohs(service->s_port) : -1);
    if (bytes)
        printf(" %d.%d.%d.%d\n", bytes[0], bytes[1], bytes[2], bytes[3]);
    else
        printf(" %s\n", gai_strerror(failed));
}

int main(int argc, char **argv) {
    setvbuf(stdout, 0, _IOLBF, 0);
    void *library = dlopen(argv[1], RTLD_NOW);
    if (!library) {
        printf("dlopen: %s\n", dlerror());
        return 1;
    }
    plugin = (int (*)(int))dlsym(library, "plugin");
    int (*chosen)(int) = (int (*)(int))dlsym(library, "chosen");
    int *shared = dlsym(library, "shared");
    printf("plugin: %d, chosen %d %d, shared %d, again %d\n", plugin(3), chosen(21), chosen_here(7), *shared,
           dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) == library);
    printf("absent: %d %d\n", dlopen("libabsent.so", RTLD_NOW) != 0, dlsym(library, "absent") != 0);
    threads();
    cancelled();
    characters();
    converted("UTF-16BE");
    converted("KOI8-R");
    names();
    return 0;
}
