// SPDX-License-Identifier: MIT
public import GGUF

/// 4.25 bits a weight: 4-bit floats, with a power of two each 32 (OCP Microscaling, MXFP4).
///
///     offset bytes field
///          0     1 e      exponent of the scale, counted from 127
///          1    16 q      4 bits a weight: the low half of byte j is weight j, the high one j + 16
///
/// Restored: weight = 2^(e - 128) · value[q], the values being the doubled 4-bit floats.
public enum MXFP4: EncodableFormat {
  /// Number 39: 32 weights in 17 bytes.
  public static var type: TensorType { .MXFP4 }

  /// None: all fields are bytes.
  public static var wideFields: [WideField] { [] }

  /// Restores weights: one look-up each.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decodeBlocks(of: 32, in: 17, blocks, into: &weights) { block, weights in
      let scale = halfScale(block.u8(at: 0))
      for index in 0..<16 {
        let q = block.index(at: 1 + index)
        weights[index] = scale * E2M1Values.doubled[q & 15]
        weights[index + 16] = scale * E2M1Values.doubled[q >> 4]
      }
    }
  }

  /// Writes weights with the exponent of the least squared error.
  ///
  /// Magnitudes beyond 6 · 2^125 are written as that: with a larger exponent, restored weights could
  /// leave a float's range.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?,
    into blocks: inout MutableRawSpan
  ) {
    encodeBlocks(
      of: 32, in: 17, rows, rowWeights: rowWeights, importance: importance, into: &blocks
    ) { weights, importance, block in
      let exponent = bestExponent(weights, importance)
      block.set(exponent, at: 0)
      let inverse = 0.5 / halfScale(exponent)
      let low = E2M1.codes(weights.group16(at: 0), inverseScale: inverse)
      let high = E2M1.codes(weights.group16(at: 16), inverseScale: inverse)
      block.set(E2M1.packed(low: low.lowHalf, high: high.lowHalf), at: 1)
      block.set(E2M1.packed(low: low.highHalf, high: high.highHalf), at: 9)
    }
  }

  /// 2^(exponent - 128): half the scale, since the values are doubled.
  @inline(__always)
  private static func halfScale(_ exponent: UInt8) -> Float {
    // The two smallest are subnormal floats, which have no exponent to set.
    let bits = exponent < 2 ? 0x0020_0000 << UInt32(exponent) : UInt32(exponent - 1) << 23
    return Float(bitPattern: bits)
  }

  /// The largest exponent at which every value is finite: 6 · 2^(252 - 127) < 2^128.
  private static let largestExponent = 252

  /// Tries the exponents at which the largest magnitude may be well placed.
  ///
  /// Where it falls between 4 and 8 is the reference's choice. One more doubles the largest number's
  /// room; one or two less cut it off in favour of the others, which importance may make worthwhile.
  @inline(__always)
  private static func bestExponent(_ weights: Span<Float>, _ importance: Span<Float>?) -> UInt8 {
    var largest: Float = 0
    for index in 0..<32 { largest = max(largest, weights[index].magnitude) }
    guard largest > 0 else { return 0 }
    let first = min(max(Int(largest.exponent) + 125, 0), largestExponent)
    // Errors are compared at the scale of the first choice, where their squares are in range.
    let unit = 0.5 / halfScale(UInt8(first))
    let low = (weights.group16(at: 0) * unit).magnitudes
    let high = (weights.group16(at: 16) * unit).magnitudes
    let lowImportance = importance?.group16(at: 0) ?? SIMD16(repeating: 1)
    let highImportance = importance?.group16(at: 16) ?? SIMD16(repeating: 1)
    var best = first
    var least = Float.infinity
    for (change, scale) in [(0, 1), (1, 2), (-1, 0.5), (-2, 0.25)] as [(Int, Float)]
    where 0...largestExponent ~= first + change {
      let error =
        E2M1.error(low, lowImportance, scale: scale)
        + E2M1.error(high, highImportance, scale: scale)
      if error < least { (best, least) = (first + change, error) }
    }
    return UInt8(best)
  }
}
