// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// What calibration leaves of the damage that a type does when it is encoded by the plain search.
///
/// From tiny-moe, every tensor in the type: the mean divergence of WikiText-2, PTB and C4 with calibration and
/// without (`make bench-calibration`), both less that of the embedding alone in that type (`requantize --type F16
/// --token-embedding-type TYPE`). IQ1_S and Q4_K were measured with an embedding in F16. Not measured whole:
/// IQ1_M has the figure of IQ1_S, IQ4_NL the embedding of IQ4_XS, IQ4_XS the figure of IQ4_NL (its own is 0.51),
/// and Q6_K an embedding by estimate. Types that are not in the table have half.
enum CalibrationGain {
  private static let parts: [TensorType: Double] = [
    .IQ1_S: 0.67, .IQ1_M: 0.67, .IQ2_XXS: 0.53, .IQ2_XS: 0.49, .IQ2_S: 0.50, .Q2_K: 0.46,
    .IQ3_XXS: 0.50, .IQ3_S: 0.38, .Q3_K: 0.43, .IQ4_XS: 0.48, .IQ4_NL: 0.48, .Q4_K: 0.56,
    .Q5_K: 0.44, .Q6_K: 0.54,
  ]

  /// Of other types.
  private static let usual = 0.5

  /// The part of a unit's damage that is left.
  ///
  /// The token embedding is not calibrated, whatever its type.
  static func remaining(_ type: TensorType, of unit: Sensitivity.Unit) -> Double {
    guard type.isQuantized, TensorRole(tensorName: unit.tensor) != .tokenEmbedding else { return 1 }
    return parts[type] ?? usual
  }
}
