// SPDX-License-Identifier: MIT
import BenchSupport

/// How many times the reference's speed a type is meant to reach.
enum Goals {
  /// The goal for decoding any type.
  static let decode = 3.0

  private static let encode: [(goal: Double, types: [String])] = [
    (10, ["Q4_1", "Q5_1", "Q2_K", "Q4_K", "Q5_K", "IQ4_NL", "IQ4_XS"]),
    (5, ["IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ3_S"]),
    (4, ["Q4_0", "Q5_0", "Q3_K", "Q6_K"]),
    (2.5, ["IQ2_S", "IQ1_S", "IQ1_M"]),
  ]

  /// The goal for encoding a type with importance weights; formats without a search run at the
  /// speed of memory, so that only equality is asked for.
  static func encode(_ type: String) -> Double {
    encode.first { $0.types.contains(type) }?.goal ?? 1
  }

  /// The part of a goal that counts at the level of kernels in use: goals are for AVX-512.
  static var part: Double {
    switch Machine.kernels {
    case "avx512": 1
    case "avx2": 0.5
    default: 0
    }
  }
}
