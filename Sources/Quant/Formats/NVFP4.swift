// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 4.5 bits a weight: 4-bit floats, with an 8-bit float as scale each 16 (NVIDIA's NVFP4).
///
///     offset bytes field
///          0     4 s      scale of each 16 weights: 4 bits of exponent above 3 of fraction; the top
///                         bit is unused
///          4    32 q      4 × 8 bytes, one each 16 weights: the low half of byte j is weight j, the
///                         high one j + 8
///
/// Restored: weight = scale / 2 · value[q], the values being the doubled 4-bit floats, and
/// scale = (1 + fraction / 8) · 2^(exponent - 7), or fraction · 2^-9 for exponent 0; s = 127 is zero.
///
/// Scales reach from 2^-9 to 448. Models made for this type bring their tensors into that range by
/// one more factor for a whole tensor, which is a tensor of its own.
public enum NVFP4: EncodableFormat {
  /// Number 40: 64 weights in 36 bytes.
  public static var type: TensorType { .NVFP4 }

  /// None: all fields are bytes.
  public static var wideFields: [WideField] { [] }

  /// Restores weights: the doubled floats are whole numbers, which the scale multiplies.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .NVFP4, into: &weights)
  }

  /// Writes weights with the scales of the least squared error.
  ///
  /// Magnitudes beyond 6 · 448 = 2,688 are written as that.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?,
    into blocks: inout MutableRawSpan
  ) {
    encodeBlocks(
      of: 64, in: 36, rows, rowWeights: rowWeights, importance: importance, into: &blocks
    ) { weights, importance, block in
      for part in 0..<4 {
        let group = weights.group16(at: 16 * part)
        let weighting = importance?.group16(at: 16 * part) ?? SIMD16(repeating: 1)
        let code = bestScale(group.magnitudes, weighting)
        block.set(code, at: part)
        let codes = E2M1.codes(group, inverseScale: code == 0 ? 0 : 1 / scale(code))
        block.set(E2M1.packed(low: codes.lowHalf, high: codes.highHalf), at: 4 + 8 * part)
      }
    }
  }

  /// The scale that a code stands for.
  @inline(__always)
  private static func scale(_ code: UInt8) -> Float {
    guard code != 127 else { return 0 }
    let exponent = code >> 3 & 15
    let fraction = Float(code & 7)
    guard exponent > 0 else { return fraction * 0x1p-9 }
    // Exponents of floats count from 127, these from 7.
    return (1 + fraction / 8) * Float(bitPattern: (UInt32(exponent) + 120) << 23)
  }

  /// The code of the largest scale that is not above `scale`.
  private static func code(below scale: Float) -> Int {
    guard scale >= 0x1p-6 else { return Int(scale * 0x1p9) }
    return min(Int(scale.bitPattern >> 20) - 960, 126)
  }

  /// Tries the scales around the one that brings the largest magnitude to 6.
  ///
  /// Eight codes are a factor of two. Four to six above, the largest falls on 4, where the grid often
  /// suits the others better; a few below, it is cut off in their favour. Codes further away lower
  /// the error of the test vectors' rows by less than one part in a thousand.
  @inline(__always)
  private static func bestScale(
    _ magnitudes: SIMD16<Float>, _ importance: SIMD16<Float>
  ) -> UInt8 {
    var largest: Float = 0
    for lane in 0..<16 { largest = max(largest, magnitudes[lane]) }
    guard largest > 0 else { return 0 }
    let first = code(below: largest / E2M1.largest)
    var best = max(first, 1)
    var least = Float.infinity
    for code in max(first - 4, 1)...min(first + 8, 126) {
      let error = E2M1.error(magnitudes, importance, scale: scale(UInt8(code)))
      if error < least { (best, least) = (code, error) }
    }
    return UInt8(best)
  }
}
