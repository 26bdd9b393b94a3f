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

  /// None: the scales are codes of a byte.
  public static var floatFields: [FloatField] { [] }

  /// Restores weights: the doubled floats are whole numbers, which the scale multiplies.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .NVFP4, into: &weights)
  }

  /// Writes weights with the scales of the least squared error.
  ///
  /// Magnitudes beyond 6 · 448 = 2,688 are written as that.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    let memory = SearchMemory()
    let (below, above) = reach(effort)
    unsafe encodeWhole(of: 64, rows, rowWeights: rowWeights, importance: importance, into: &blocks)
    {
      unsafe memory.encodeNVFP4($0, below: below, above: above, into: $1)
    }
  }

  /// How many codes of scales are tried below and above the largest that cuts nothing off.
  private static func reach(_ effort: Effort) -> (below: Int, above: Int) {
    switch effort {
    case .fast: (0, 6)
    case .default: (4, 8)
    case .best: (8, 16)
    }
  }
}

extension NVFP4: CodedFormat {
  /// A scale has no sign, and 127 stands for NaN in 8-bit floats of this kind.
  static func codeFault(inBlock block: RawSpan) -> BlockFault? {
    for part in 0..<4 where block.u8(at: part) >= 127 {
      let code = block.u8(at: part)
      let rule = code == 127 ? "a scale below 127, which is NaN" : "a scale without a sign"
      return .code("s[\(part)]", at: part, expected: rule, found: code)
    }
    return nil
  }
}
