// SPDX-License-Identifier: MIT
#pragma once
#include <stdbool.h>

// What the processor and the operating system support. Swift cannot call the compiler's own
// functions for it, hence this header.

/// Whether all that x86-64-v3 code needs is there: AVX2, FMA, F16C, BMI, LZCNT, MOVBE, and an operating
/// system that keeps the registers.
static inline bool cpu_has_avx2(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("x86-64-v3");
#else
  return false;
#endif
}

/// Whether all that x86-64-v4 code needs is there: AVX-512 F, BW, CD, DQ and VL besides.
static inline bool cpu_has_avx512(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("x86-64-v4");
#else
  return false;
#endif
}
