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

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: shift, mask, multiply.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .Q2_0, into: &weights)
  }

  /// Writes weights with a scale, of either sign, whose squared error is about the least.
  ///
  /// The reference takes the largest magnitude as the scale and never uses the level 2.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    let memory = SearchMemory()
    let shape = shape.at(effort, bits: layout.bitsPerWeight)
    unsafe encodeWhole(of: 64, rows, rowWeights: rowWeights, importance: importance, into: &blocks)
    {
      unsafe memory.encodeQ2_0($0, shape, into: $1)
    }
  }

  private static var shape: SearchShape {
    SearchShape(
      weights: 64, levels: 2, firstStep: 0, lastStep: 0, steps: 8, bothSides: true, refits: 1)
  }
}
