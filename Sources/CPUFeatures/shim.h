// SPDX-License-Identifier: MIT
#pragma once
#include <stdbool.h>

// What the processor and the operating system support. Swift cannot call the compiler's own
// functions for it, hence this header.

/// Whether all that x86-64-v3 code needs is there.
static inline bool cpu_has_avx2(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("popcnt");
#else
  return false;
#endif
}

/// Whether all that x86-64-v4 code needs is there.
static inline bool cpu_has_avx512(void) {
#if defined(__x86_64__)
  return cpu_has_avx2() && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}
