// SPDX-License-Identifier: BSD-2-Clause
// Every floating-point operation that C has, on numbers at which machines differ, in every mode of FPCR, with
// the exceptions that each raises: a digest of results and flags for each operation and mode.
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define HOT __attribute__((noinline))

static const uint64_t DOUBLES[] = {
    0, 1ull << 63, 1, 0x8000000000000001, 0x000fffffffffffff, 0x0010000000000000, 0x0010000000000001,
    0x8010000000000000, 0x001fffffffffffff, 0x3ca0000000000000, 0x3fdfffffffffffff, 0x3fe0000000000000,
    0x3fe0000000000001, 0x3ff0000000000000, 0xbff0000000000000, 0x3ff0000000000001, 0x3ff8000000000000,
    0x4000000000000000, 0x4008000000000000, 0x400921fb54442d18, 0x41dfffffffc00000, 0x41e0000000000000,
    0xc1e0000000000000, 0xc1e0000000200000, 0x41f0000000000000, 0x4330000000000001, 0x43dfffffffffffff,
    0x43e0000000000000, 0xc3e0000000000000, 0x43f0000000000000, 0x36a0000000000000, 0x380fffffffffffff,
    0x3810000000000000, 0x47efffffe0000000, 0x47efffffefffffff, 0x47f0000000000000, 0x7fefffffffffffff,
    0xffefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0xfff8000000001234,
    0x7ff0000000000001, 0xfff4000000000000,
};
static const uint32_t SINGLES[] = {
    0, 1u << 31, 1, 0x80000001, 0x007fffff, 0x00800000, 0x00800001, 0x80800000, 0x00ffffff, 0x33800000,
    0x3effffff, 0x3f000000, 0x3f000001, 0x3f800000, 0xbf800000, 0x3f800001, 0x3fc00000, 0x40490fdb,
    0x4effffff, 0x4f000000, 0xcf000000, 0x4f800000, 0x5effffff, 0x5f000000, 0x5f800000, 0x7f7fffff,
    0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc01234, 0x7f800001, 0xffa00000,
};

static uint64_t digest;

static void note(uint64_t value) {
    digest = (digest ^ value) * 0x100000001b3;
    digest ^= digest >> 29;
}

static uint64_t bits(double value) { uint64_t out; memcpy(&out, &value, 8); return out; }
static uint64_t bits_f(float value) { uint32_t out; memcpy(&out, &value, 4); return out; }
static double number(int i) { double out; memcpy(&out, &DOUBLES[i], 8); return out; }
static float single(int i) { float out; memcpy(&out, &SINGLES[i], 4); return out; }

static void set_fpcr(uint64_t value) { __asm__ volatile("msr fpcr, %0" : : "r"(value) : "memory"); }
static void set_fpsr(uint64_t value) { __asm__ volatile("msr fpsr, %0" : : "r"(value) : "memory"); }
static uint64_t fpsr(void) { uint64_t out; __asm__ volatile("mrs %0, fpsr" : "=r"(out) : : "memory"); return out; }

#define BINARY(name, expression, type, get, values, show)                                  \
    static HOT type op_##name(type a, type b) { return expression; }                            \
    static void all_##name(void) {                                                         \
        for (int i = 0; i < (int)COUNT(values); i++)                                       \
            for (int j = 0; j < (int)COUNT(values); j++) {                                 \
                type a = get(i), b = get(j);                                               \
                set_fpsr(0);                                                               \
                type out = op_##name(a, b);                                                     \
                uint64_t raised = fpsr();                                                  \
                note(show(out));                                                           \
                note(raised);                                                              \
            }                                                                              \
    }
#define OPERATIONS(suffix, type, get, values, show)                                        \
    BINARY(add##suffix, a + b, type, get, values, show)                                    \
    BINARY(sub##suffix, a - b, type, get, values, show)                                    \
    BINARY(mul##suffix, a * b, type, get, values, show)                                    \
    BINARY(div##suffix, a / b, type, get, values, show)                                    \
    BINARY(fma##suffix, __builtin_fma##suffix(a, b, a), type, get, values, show)           \
    BINARY(fms##suffix, __builtin_fma##suffix(-a, b, b), type, get, values, show)          \
    BINARY(sqrt##suffix##_, __builtin_sqrt##suffix(a) + b, type, get, values, show)        \
    BINARY(max##suffix, __builtin_fmax##suffix(a, b), type, get, values, show)             \
    BINARY(min##suffix, __builtin_fmin##suffix(a, b), type, get, values, show)             \
    BINARY(less##suffix, a < b, type, get, values, show)                                   \
    BINARY(equal##suffix, a == b, type, get, values, show)                                 \
    BINARY(quiet##suffix, __builtin_isless(a, b), type, get, values, show)                 \
    BINARY(rint##suffix##_, __builtin_rint##suffix(a), type, get, values, show)            \
    BINARY(near##suffix, __builtin_nearbyint##suffix(a), type, get, values, show)          \
    BINARY(floor##suffix##_, __builtin_floor##suffix(a), type, get, values, show)          \
    BINARY(ceil##suffix##_, __builtin_ceil##suffix(a), type, get, values, show)            \
    BINARY(trunc##suffix##_, __builtin_trunc##suffix(a), type, get, values, show)          \
    BINARY(round##suffix##_, __builtin_round##suffix(a), type, get, values, show)          \
    BINARY(abs##suffix##_, __builtin_fabs##suffix(a) - -b, type, get, values, show)        \
    BINARY(int##suffix, (int)a, type, get, values, show)                                   \
    BINARY(unsigned##suffix, (unsigned)a, type, get, values, show)                         \
    BINARY(long##suffix, (long)a, type, get, values, show)                                 \
    BINARY(ulong##suffix, (unsigned long)a, type, get, values, show)                       \
    BINARY(lround##suffix##_, __builtin_lround##suffix(a), type, get, values, show)        \
    BINARY(half##suffix, (type)(_Float16)a, type, get, values, show)

OPERATIONS(, double, number, DOUBLES, bits)
OPERATIONS(f, float, single, SINGLES, bits_f)
BINARY(narrow, (double)(float)a, double, number, DOUBLES, bits)
BINARY(widen, (float)((double)a * (double)b), float, single, SINGLES, bits_f)
BINARY(from_long, (double)(long)bits(a) + (double)bits(b), double, number, DOUBLES, bits)
BINARY(from_longf, (float)(long)(bits_f(a) << 20) + (float)(bits_f(b) << 9), float, single, SINGLES, bits_f)

// whole arrays, for the vector forms
#define ARRAYS(name, expression, type, get, values, show)                                  \
    static HOT void op_##name(type *restrict out, const type *a, const type *b, int n) {        \
        for (int i = 0; i < n; i++) out[i] = expression;                                   \
    }                                                                                      \
    static void all_##name(void) {                                                         \
        enum { N = COUNT(values) };                                                        \
        type a[N], b[N], out[N];                                                           \
        for (int turn = 0; turn < N; turn++) {                                             \
            for (int i = 0; i < N; i++) {                                                  \
                a[i] = get(i);                                                             \
                b[i] = get((i + turn) % N);                                                \
            }                                                                              \
            set_fpsr(0);                                                                   \
            op_##name(out, a, b, N);                                                            \
            uint64_t raised = fpsr();                                                      \
            for (int i = 0; i < N; i++) note(show(out[i]));                                \
            note(raised);                                                                  \
        }                                                                                  \
    }
#define VECTORS(suffix, type, get, values, show)                                           \
    ARRAYS(vadd##suffix, a[i] + b[i], type, get, values, show)                             \
    ARRAYS(vmul##suffix, a[i] * b[i], type, get, values, show)                             \
    ARRAYS(vdiv##suffix, a[i] / b[i], type, get, values, show)                             \
    ARRAYS(vfma##suffix, __builtin_fma##suffix(a[i], b[i], a[i]), type, get, values, show) \
    ARRAYS(vmax##suffix, __builtin_fmax##suffix(a[i], b[i]), type, get, values, show)      \
    ARRAYS(vpick##suffix, a[i] < b[i] ? a[i] : b[i], type, get, values, show)              \
    ARRAYS(vsqrt##suffix, __builtin_sqrt##suffix(a[i]), type, get, values, show)           \
    ARRAYS(vround##suffix, __builtin_floor##suffix(a[i]), type, get, values, show)         \
    ARRAYS(vint##suffix, (int)a[i], type, get, values, show)
VECTORS(, double, number, DOUBLES, bits)
VECTORS(f, float, single, SINGLES, bits_f)

#define ALL(x, suffix)                                                                     \
    x(add##suffix) x(sub##suffix) x(mul##suffix) x(div##suffix) x(fma##suffix) x(fms##suffix) \
    x(sqrt##suffix##_) x(max##suffix) x(min##suffix) x(less##suffix) x(equal##suffix) x(quiet##suffix) \
    x(rint##suffix##_) x(near##suffix) x(floor##suffix##_) x(ceil##suffix##_) x(trunc##suffix##_) \
    x(round##suffix##_) x(abs##suffix##_) x(int##suffix) x(unsigned##suffix) x(long##suffix) \
    x(ulong##suffix) x(lround##suffix##_) x(half##suffix) x(vadd##suffix) x(vmul##suffix) x(vdiv##suffix) \
    x(vfma##suffix) x(vmax##suffix) x(vpick##suffix) x(vsqrt##suffix) x(vround##suffix) x(vint##suffix)
#define ENTRY(name) {#name, all_##name},
static const struct { const char *name; void (*run)(void); } TESTS[] = {
    ALL(ENTRY, ) ALL(ENTRY, f) ENTRY(narrow) ENTRY(widen) ENTRY(from_long) ENTRY(from_longf)
};
static const uint64_t MODES[] = {0, 1ull << 22, 2ull << 22, 3ull << 22, 1ull << 24, 1ull << 25, 7ull << 23, 1ull << 19};

static const int ROUNDING[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

static HOT double third(double a) { return a / 3; }

int main(void) {
    for (int mode = 0; mode < (int)COUNT(MODES); mode++)
        for (int i = 0; i < (int)COUNT(TESTS); i++) {
            digest = 0xcbf29ce484222325;
            set_fpcr(MODES[mode]);
            TESTS[i].run();
            set_fpcr(0);
            printf("%06lx %s %016lx\n", (unsigned long)MODES[mode], TESTS[i].name, (unsigned long)digest);
        }
    for (int i = 0; i < 4; i++) {
        fesetround(ROUNDING[i]);
        feclearexcept(FE_ALL_EXCEPT);
        printf("%d %a %a %x\n", fegetround() == ROUNDING[i], third(1), third(-1), fetestexcept(FE_ALL_EXCEPT));
        feraiseexcept(FE_OVERFLOW | FE_INVALID);
        printf("%x\n", fetestexcept(FE_ALL_EXCEPT));
    }
    fesetround(FE_TONEAREST);
    fenv_t kept;
    feholdexcept(&kept);
    volatile double sink = third(1e-310) + third(0);
    (void)sink;
    printf("%x\n", fetestexcept(FE_ALL_EXCEPT));
    feupdateenv(&kept);
    printf("%x\n", fetestexcept(FE_ALL_EXCEPT));
    return 0;
}
