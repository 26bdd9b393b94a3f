// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// What calibration leaves of the damage that a type does when it is encoded by the plain search.
///
/// Measured on tiny-moe and tiny-dense, each type for all matrices but the token embedding: the mean
/// divergence of WikiText-2, PTB and C4 after `requantize --calibrate` as a part of that before
/// (Docs/Calibration.md).
enum CalibrationGain {
  private static let measured: [TensorType: Double] = [
    .Q2_K: 0.48, .Q3_K: 0.48, .Q4_K: 0.50, .Q5_K: 0.52, .Q6_K: 0.55,
  ]

  /// Other types with codes to choose.
  private static let usual = 0.5

  /// The part of a unit's damage that is left.
  ///
  /// The token embedding is not calibrated, whatever its type.
  static func remaining(_ type: TensorType, of unit: Sensitivity.Unit) -> Double {
    guard type.isQuantized, TensorRole(tensorName: unit.tensor) != .tokenEmbedding else { return 1 }
    return measured[type] ?? usual
  }
}
