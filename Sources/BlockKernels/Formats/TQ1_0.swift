// SPDX-License-Identifier: MIT

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
public enum TQ1_0: KernelEncodedFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .TQ1_0, "TQ1_0", weights: 256, bytes: 54,
    fileTypes: [.init(36, "TQ1_0")],
    fallback: .Q4_0, activations: .Q8_K)

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 52, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 52, .half)] }

  /// Restores weights: tripling a byte brings its next digit to the top.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 54 &* index
      let target = run.weights + 1024 &* index
      let d = half(block + 52)
      for side in 0..<2 {
        storeDigits(bytes(block + 16 &* side), d, target + 64 &* side, apart: 128)
      }
      storeDigits(bytes(block + 32), d, target + 640, apart: 64)
      // Four weights a byte: the digits of four bytes are one vector, brought to the top by powers
      // of 3.
      var last = Bytes.zero
      var rest = unsafeBitCast(word32(block + 48).littleEndian, to: SIMD4<UInt8>.self)
      for digit in 0..<4 {
        for lane in 0..<4 { last[4 &* digit &+ lane] = rest[lane] }
        rest = rest &+ rest &+ rest
      }
      store(d * signedFloats(topDigits(last)), target + 960)
    }
  }

  /// Writes weights with a scale whose squared error is as good as the least.
  ///
  /// A block that already is ternary comes back as it was, up to the rounding of its scale.
  @inlinable @inline(always)
  public static func encodeBlocks(
    _ source: GroupSource, _ effort: Effort, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    encodeTernary(source, .TQ1_0, isQuick: effort.isFast, memory, blocks)
  }
}

extension TQ1_0: CodedFormat {
  /// Of the 256 bytes, 243 stand for five digits, and 81 for four with a zero after them.
  package static func codeFault(inBlock block: RawSpan) -> BlockFault? {
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

extension TQ1_0: RestoredFormat {
  static var restoring: FeedbackShape { TQ2_0.restoring }

  static func scale(ofSubBlock index: Int, in block: RawSpan) -> Float {
    storedHalf(in: block, at: 52)
  }

  static func pack(_ values: Span<Float>, scales: Span<Float>, into block: inout MutableRawSpan) {
    for byte in 0..<52 {
      let (first, apart, digits) =
        byte < 32 ? (byte, 32, 5) : byte < 48 ? (128 + byte, 16, 5) : (192 + byte, 4, 4)
      var number = 0
      for digit in 0..<digits { number = 3 * number + Int(values[first + apart * digit]) + 1 }
      if digits == 4 { number *= 3 }
      block.set(UInt8((number * 256 + 242) / 243), at: byte)
    }
    block.set(Half.exact(scales[0]), at: 52)
  }
}

extension TensorType {
  /// Ternary weights, five in a byte.
  public static let TQ1_0 = TensorType(rawValue: 34)
}

/// Stores the five digits of each of 16 bytes, the first of all bytes first.
@inlinable @inline(always)
func storeDigits(
  _ packed: Bytes, _ d: Float, _ target: UnsafeMutableRawPointer, apart stride: Int
) {
  var rest = packed
  for digit in 0..<5 {
    store(d * signedFloats(topDigits(rest)), target + stride &* digit)
    rest = rest &+ rest &+ rest
  }
}

/// The first base-3 digit of fractions of 256, less 1: which third of 256 they lie in.
@inlinable @inline(always)
func topDigits(_ fractions: Bytes) -> Bytes {
  let upper = Bytes.zero.replacing(with: 1, where: fractions .> Bytes(repeating: 170))
  return upper.replacing(with: 255, where: fractions .< Bytes(repeating: 86))
}
