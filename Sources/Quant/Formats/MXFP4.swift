// SPDX-License-Identifier: MIT
internal import BlockKernels
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

  /// None: the scale is an exponent.
  public static var floatFields: [FloatField] { [] }

  /// Restores weights: the doubled floats are whole numbers, which the scale multiplies.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .MXFP4, into: &weights)
  }

  /// Writes weights with the exponent of the least squared error.
  ///
  /// Magnitudes beyond 6 · 2^125 are written as that: with a larger exponent, restored weights could
  /// leave a float's range.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    let memory = SearchMemory()
    let attempts = effort == .fast ? 2 : 4
    unsafe encodeWhole(of: 32, rows, rowWeights: rowWeights, importance: importance, into: &blocks)
    {
      unsafe memory.encodeMXFP4($0, attempts: attempts, into: $1)
    }
  }
}

extension MXFP4: CodedFormat {
  /// An exponent of 255 stands for NaN; with 253 and 254, the larger 4-bit floats leave the range of a
  /// float.
  static func codeFault(inBlock block: RawSpan) -> BlockFault? {
    let exponent = block.u8(at: 0)
    guard exponent > 252 else { return nil }
    guard exponent < 255 else {
      return .code("e", at: 0, expected: "an exponent below 255, which is NaN", found: exponent)
    }
    // Doubled, 4-bit floats of codes 6 and 7 are 8 and 12, and those from code 4 on at least 4.
    let limit: UInt8 = exponent == 253 ? 6 : 4
    for byte in 1..<17 {
      let pair = block.u8(at: byte)
      guard pair & 7 >= limit || pair >> 4 & 7 >= limit else { continue }
      return BlockFault(
        kind: .notFinite, field: "e", byteOffset: 0,
        expected: "weights within the range of a float",
        found: "an exponent of \(exponent) with larger numbers than it allows")
    }
    return nil
  }
}
