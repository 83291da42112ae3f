// SPDX-License-Identifier: BSD-2-Clause
// gcm encrypt|decrypt MEGABYTES: libcrypto's AES-256-GCM over blocks of 4096 bytes in memory, a nonce and a tag for each;
// prints MB/s. No header of OpenSSL is needed: these are its functions as their manual has them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct evp_cipher_ctx_st EVP_CIPHER_CTX;
typedef struct evp_cipher_st EVP_CIPHER;
EVP_CIPHER_CTX *EVP_CIPHER_CTX_new(void);
const EVP_CIPHER *EVP_aes_256_gcm(void);
int EVP_CipherInit_ex(EVP_CIPHER_CTX *, const EVP_CIPHER *, void *, const unsigned char *, const unsigned char *, int);
int EVP_CipherUpdate(EVP_CIPHER_CTX *, unsigned char *, int *, const unsigned char *, int);
int EVP_CipherFinal_ex(EVP_CIPHER_CTX *, unsigned char *, int *);
int EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX *, int, int, void *);
enum { GET_TAG = 16, SET_TAG = 17, BLOCK = 4096 };

static unsigned char plain[BLOCK], sealed[BLOCK + 16], key[32], nonce[12], tag[16];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static int block(EVP_CIPHER_CTX *c, int encrypts) {
    int made;
    unsigned char *from = encrypts ? plain : sealed, *to = encrypts ? sealed : plain;
    if (!EVP_CipherInit_ex(c, 0, 0, 0, nonce, encrypts) || !EVP_CipherUpdate(c, to, &made, from, BLOCK)) return 0;
    if (!encrypts && !EVP_CIPHER_CTX_ctrl(c, SET_TAG, 16, tag)) return 0;
    if (!EVP_CipherFinal_ex(c, to + made, &made)) return 0;
    return !encrypts || EVP_CIPHER_CTX_ctrl(c, GET_TAG, 16, tag);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: gcm encrypt|decrypt MEGABYTES\n");
        return 2;
    }
    long size = atol(argv[2]) << 20;
    int encrypts = !strcmp(argv[1], "encrypt");
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    if (!EVP_CipherInit_ex(c, EVP_aes_256_gcm(), 0, key, nonce, 1) || !block(c, 1)) return 1;
    double start = now();
    for (long done = 0; done < size; done += BLOCK) {
        nonce[0] += (unsigned char)encrypts;
        if (!block(c, encrypts)) return 1;
    }
    printf("%.2f\n", (double)size / 1e6 / (now() - start));
    return 0;
}
