// SPDX-License-Identifier: MIT
public import GGUF

/// 4.25 bits a weight: the values of `IQ4_NL`, with 6-bit scales each 32 under one half.
///
///     offset bytes field
///          0     2 d      half: scale of the super-block
///          2     2 h      u16: upper 2 bits of the eight scales, the first lowest
///          4     4 l      lower 4 bits of the scales, low half first
///          8   128 q      8 × 16 bytes, one each 32 weights: the low half of byte j is weight j, the
///                         high one j + 16
///
/// Restored: weight = d · (s - 32) · value[q], where s = l | h << 4.
///
/// Scales may be negative, because the values reach further down (-127) than up (113).
public enum IQ4_XS: BlockFormat {
  /// Number 23: 256 weights in 136 bytes.
  public static var type: TensorType { .IQ4_XS }

  /// The scale, and the word of upper scale bits.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2, count: 2)] }

  /// Restores weights: one look-up each.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decodeBlocks(of: 256, in: 136, blocks, into: &weights) { block, weights in
      let d = block.half(at: 0)
      let h = Int(block.u16(at: 2))
      for part in 0..<8 {
        let s = block.nibble(part, at: 4) | (h >> (2 * part) & 3) << 4
        let scale = d * Float(s - 32)
        for index in 0..<16 {
          let q = block.index(at: 8 + 16 * part + index)
          weights[32 * part + index] = scale * IQ4_NLValues.values[q & 15]
          weights[32 * part + index + 16] = scale * IQ4_NLValues.values[q >> 4]
        }
      }
    }
  }
}
