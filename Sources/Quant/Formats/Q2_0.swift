// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 2.25 bits a weight: -1, 0, 1 or 2 times a scale each 64.
///
///     offset bytes field
///          0     2 d      half: scale
///          2    16 q      2 bits a weight, four that follow each other in a byte, the first lowest
///
/// Restored: weight = d · (q - 1).
///
/// The levels are not symmetric, so the sign of d chooses which side reaches two steps far.
public enum Q2_0: EncodableFormat {
  /// Number 42: 64 weights in 18 bytes.
  public static var type: TensorType { .Q2_0 }

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// Restores weights: shift, mask, multiply.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .Q2_0, into: &weights)
  }

  /// Writes weights with the scale, of either sign, of the least squared error.
  ///
  /// The reference takes the largest magnitude as the scale and never uses the level 2.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?,
    into blocks: inout MutableRawSpan
  ) {
    var search = LevelSearch()
    encodeBlocks(
      of: 64, in: 18, rows, rowWeights: rowWeights, importance: importance, into: &blocks
    ) { weights, importance, block in
      let up = search.best(weights, importance, levels: -1...2)
      let down = search.best(weights, importance, levels: -2...1)
      let d = Half.stored(down.gain > up.gain ? -down.scale : up.scale)
      block.set(half: d, at: 0)
      let inverse = LevelSearch.inverse(d)
      for byte in 0..<16 {
        var packed = 0
        for part in 0..<4 {
          let level = LevelSearch.nearest(weights[4 * byte + part] * inverse, in: -1...2)
          packed |= (level + 1) << (2 * part)
        }
        block.set(UInt8(packed), at: 2 + byte)
      }
    }
  }
}
