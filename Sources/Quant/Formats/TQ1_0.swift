// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 1.69 bits a weight: -1, 0 or 1 times a scale each 256, five weights a byte.
///
///     offset bytes field
///          0    48 q      five weights a byte: the first 32 bytes hold weights 0 to 159, byte j the
///                         weights j, j + 32, … j + 128; the last 16 hold weights 160 to 239, byte
///                         j those at 160 + j, + 16, … + 64
///         48     4 h      four weights a byte: byte j the weights 240 + j, + 4, + 8, + 12
///         52     2 d      half: scale
///
/// Restored: weight = d · (digit - 1).
///
/// Five base-3 digits, the first weight's the highest, make a number v below 3^5 = 243; the byte is
/// ⌈v · 256 / 243⌉, a fraction of 256 whose digits come off the top by multiplying with 3: no
/// division, and so fit for vector code. The four weights of h have a fifth digit of zero.
public enum TQ1_0: EncodableFormat {
  /// Number 34: 256 weights in 54 bytes.
  public static var type: TensorType { .TQ1_0 }

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 52, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 52, .half)] }

  /// A run of bytes that is unpacked alike: digit n of byte j is weight `weight + n · bytes + j`.
  private struct Run {
    let byte: Int
    let bytes: Int
    let weight: Int
    let digits: Int
  }

  private static var runs: InlineArray<3, Run> {
    [
      Run(byte: 0, bytes: 32, weight: 0, digits: 5),
      Run(byte: 32, bytes: 16, weight: 160, digits: 5),
      Run(byte: 48, bytes: 4, weight: 240, digits: 4),
    ]
  }

  /// Restores weights: tripling a byte brings its next digit to the top.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .TQ1_0, into: &weights)
  }

  /// Writes weights with a scale whose squared error is as good as the least.
  ///
  /// A block that already is ternary comes back as it was, up to the rounding of its scale.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    encodeTernary(
      .TQ1_0, rows, rowWeights: rowWeights, importance: importance, effort: effort,
      into: &blocks)
  }
}

extension TQ1_0: CodedFormat {
  /// Of the 256 bytes, 243 stand for five digits, and 81 for four with a zero after them.
  static func codeFault(inBlock block: RawSpan) -> BlockFault? {
    let allowed = fiveDigits.members
    var isSound: UInt8 = 1
    for byte in 0..<48 { isSound &= allowed[Int(block.u8(at: byte))] }
    if isSound == 0, let byte = (0..<48).first(where: { allowed[Int(block.u8(at: $0))] == 0 }) {
      return .code(
        "q[\(byte)]", at: byte, expected: "a byte that stands for five digits",
        found: block.u8(at: byte))
    }
    for byte in 48..<52 where fourDigits.members[Int(block.u8(at: byte))] == 0 {
      return .code(
        "h[\(byte - 48)]", at: byte, expected: "a byte that stands for four digits",
        found: block.u8(at: byte))
    }
    return nil
  }

  private static let fiveDigits = ByteSet((0..<243).map { UInt8(($0 * 256 + 242) / 243) })
  private static let fourDigits = ByteSet((0..<81).map { UInt8(($0 * 3 * 256 + 242) / 243) })
}

/// Some of the 256 bytes: 1 for each of them, 0 for the others.
private struct ByteSet: Sendable {
  private(set) var members = InlineArray<256, UInt8>(repeating: 0)

  init(_ bytes: [UInt8]) {
    for byte in bytes { members[Int(byte)] = 1 }
  }
}
