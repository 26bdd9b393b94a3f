// SPDX-License-Identifier: MIT

/// One figure of ours and of the reference's.
struct Comparison: Encodable {
  /// Ours.
  let ours: Double
  /// The reference's.
  let reference: Double
  /// Ours as a multiple of the reference's; 1 where both are 0.
  let ratio: Double

  /// Compares two figures.
  init(ours: Double, reference: Double) {
    self.ours = ours
    self.reference = reference
    ratio = ours == reference ? 1 : ours / reference
  }
}

/// One way to encode: with importance weights or without.
struct EncodeFigures: Encodable {
  /// Million weights a second.
  let speed: Comparison
  /// The relative error of the timed rows, weighted by the importance where it was given.
  let error: Comparison
}

/// All figures of one type.
struct PeerFigures: Encodable {
  /// The type's name.
  let type: String
  /// Encoding with importance weights; nothing where one of the two cannot.
  let weighted: EncodeFigures?
  /// Encoding without; likewise.
  let plain: EncodeFigures?
  /// Decoding, in million weights a second; nothing where there is nothing to decode.
  let decode: Comparison?
  /// The errors over the committed vectors.
  let vectors: [VectorError]
}
