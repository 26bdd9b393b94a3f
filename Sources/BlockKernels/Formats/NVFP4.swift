// SPDX-License-Identifier: MIT

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
public enum NVFP4: KernelEncodedFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .NVFP4, "NVFP4", weights: 64, bytes: 36,
    fileTypes: [.init(39, "NVFP4")],
    fallback: .Q4_0, activations: .Q8_0)

  /// None: all fields are bytes.
  public static var wideFields: [WideField] { [] }

  /// None: the scales are codes of a byte.
  public static var floatFields: [FloatField] { [] }

  /// Restores weights: the doubled floats are whole numbers, which the scale multiplies.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 36 &* index
      let target = run.weights + 256 &* index
      for part in 0..<4 {
        let scale = 0.5 * nvfp4Scale(block.load(fromByteOffset: part, as: UInt8.self))
        let q = (block + (4 &+ 8 &* part)).loadUnaligned(as: SIMD8<UInt8>.self)
        let both = Bytes(lowHalf: q & 15, highHalf: q &>> 4)
        store(scale * signedFloats(doubledE2M1(both)), target + 64 &* part)
      }
    }
  }

  /// Writes weights with the scales of the least squared error.
  ///
  /// Magnitudes beyond 6 · 448 = 2,688 are written as that.
  @inlinable @inline(always)
  public static func encodeBlocks(
    _ source: GroupSource, _ effort: Effort, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    let (below, above) = reach(effort)
    encodeNVFP4(source, below: below, above: above, memory, blocks)
  }

  /// How many codes of scales are tried below and above the largest that cuts nothing off.
  @usableFromInline static func reach(_ effort: Effort) -> (below: Int, above: Int) {
    switch effort {
    case .fast: (0, 6)
    case .default: (4, 8)
    case .best: (8, 16)
    }
  }
}

extension NVFP4: CodedFormat {
  /// A scale has no sign, and 127 stands for NaN in 8-bit floats of this kind.
  package static func codeFault(inBlock block: RawSpan) -> BlockFault? {
    for part in 0..<4 where block.u8(at: part) >= 127 {
      let code = block.u8(at: part)
      let rule = code == 127 ? "a scale below 127, which is NaN" : "a scale without a sign"
      return .code("s[\(part)]", at: part, expected: rule, found: code)
    }
    return nil
  }
}

extension NVFP4: RestoredFormat {
  private static let scales = (1...126).map { 0.5 * nvfp4Scale(UInt8($0)) }

  static var restoring: FeedbackShape {
    FeedbackShape(
      subBlock: 16, blockWeights: 64, codes: .table(doubledFloats), scale: .listed(scales))
  }

  static func scale(ofSubBlock index: Int, in block: RawSpan) -> Float {
    0.5 * nvfp4Scale(block.u8(at: index))
  }

  static func pack(_ values: Span<Float>, scales: Span<Float>, into block: inout MutableRawSpan) {
    for part in 0..<4 {
      let code = Self.scales.firstIndex { $0 >= scales[part] } ?? Self.scales.count - 1
      block.set(scales[part] > 0 ? UInt8(code + 1) : 0, at: part)
      for index in 0..<8 {
        let (low, high) = (values[16 * part + index], values[16 * part + index + 8])
        block.set(codeOfFloat(low) | codeOfFloat(high) << 4, at: 4 + 8 * part + index)
      }
    }
  }
}

extension TensorType {
  /// 4-bit floats with an 8-bit float scale for 16.
  public static let NVFP4 = TensorType(rawValue: 40)
}

/// The scale that a code of `NVFP4` stands for.
@inlinable @inline(always)
public func nvfp4Scale(_ code: UInt8) -> Float {
  guard code != 127 else { return 0 }
  let exponent = code >> 3 & 15
  let fraction = Float(Int32(code & 7))
  // Exponents of floats count from 127, these from 7.
  return exponent > 0
    ? (1 + fraction / 8) * Float(bitPattern: (UInt32(exponent) + 120) << 23) : fraction * 0x1p-9
}

/// Encodes NVFP4 blocks with the scales of the least squared error.
///
/// Lanes are sub-blocks of 16 weights, four to a block. Eight codes of a scale are a factor of two;
/// all from `below` under the largest code that brings no weight beyond 6 to `above` over it are
/// tried. Four to six above, the largest weight falls on 4, where the grid often suits the others
/// better; a few below, it is cut off in their favour.
///
/// - Parameters:
///   - source: `count` blocks of 64 weights, any number, of whole rows.
///   - below: How many smaller codes are tried.
///   - above: How many larger ones.
///   - memory: Anything; it is overwritten.
///   - blocks: Takes the blocks, 36 bytes each.
@inlinable @inline(always)
public func encodeNVFP4(
  _ source: GroupSource, below: Int, above: Int, _ memory: GroupMemory,
  _ blocks: UnsafeMutableRawPointer
) {
  var group = source
  var rest = 4 &* source.count
  var target = blocks
  while rest > 0 {
    group.count = rest < laneCount ? rest : laneCount
    let scales = NVFP4Group(group, memory)
    let code = scales.bestCode(below: below, above: above)
    scales.store(code, group.count, target)
    rest -= group.count
    group.weights += 16 &* laneCount
    group.column = (group.column &+ 16 &* laneCount) % group.rowWeights
    target += 36 &* (laneCount / 4)
  }
}

/// A group of 16 sub-blocks of 16 weights.
@usableFromInline
struct NVFP4Group {
  @usableFromInline typealias Words = SIMD16<UInt32>

  @usableFromInline let memory: GroupMemory
  /// The largest magnitude.
  @usableFromInline let peak: Lanes

  /// Loads weights, their magnitudes, and what errors count for.
  @inlinable @inline(always)
  init(_ source: GroupSource, _ memory: GroupMemory) {
    self.memory = memory
    transpose(source, 16, memory)
    var peak = Lanes.zero
    var mostImportant = Lanes.zero
    for index in 0..<16 {
      let magnitude = memory.weights[index].magnitudes
      memory.derived[index] = magnitude
      peak = larger(magnitude, peak)
      mostImportant = larger(memory.errorWeights[index], mostImportant)
    }
    self.peak = peak
    // Columns that the importance matrix never saw still count a little.
    let unit = inverse(mostImportant)
    let least = Lanes(repeating: 0x1p-20)
    for index in 0..<16 {
      memory.errorWeights[index] = larger(memory.errorWeights[index] * unit, least)
    }
  }

  /// The scale that a code stands for: (1 + fraction / 8) · 2^(exponent - 7), or fraction · 2^-9.
  @inlinable @inline(always)
  func scale(_ code: Lanes) -> Lanes {
    // Where a float's exponent counts from 127, a code's does from 7. In 2²³ + n, the lowest bits
    // are n.
    let bits = unsafeBitCast(code + (8_388_608 + 960), to: Words.self) &<< 20
    return unsafeBitCast(bits, to: Lanes.self).replacing(with: code * 0x1p-9, where: code .< 8)
  }

  /// The code of the largest scale that is not above `scale`, or one less.
  @inlinable @inline(always)
  func code(below scale: Lanes) -> Lanes {
    let bits = unsafeBitCast(scale, to: Words.self) &>> 20 | 0x4B00_0000
    let normal = unsafeBitCast(bits, to: Lanes.self) - (8_388_608 + 960)
    // Less a half, the nearest whole number is the one below.
    return normal.replacing(with: rounded(scale * 0x1p9 - 0.5), where: scale .< 0x1p-6)
  }

  /// The code of least error.
  @inlinable @inline(always)
  func bestCode(below: Int, above: Int) -> Lanes {
    let low = Lanes(repeating: 1)
    let high = Lanes(repeating: 126)
    let first = code(below: smaller(peak * (1 / E2M1.largest), Lanes(repeating: 448)))
    var best = smaller(larger(first, low), high)
    var least = Lanes(repeating: .infinity)
    for step in -below...above {
      let code = smaller(larger(first + Float(step), low), high)
      let error = error(scale(code))
      let better = error .< least
      best.replace(with: code, where: better)
      least = smaller(error, least)
    }
    return best.replacing(with: 0, where: peak .== 0)
  }

  /// The squared error at a scale.
  @inlinable @inline(always)
  func error(_ scale: Lanes) -> Lanes {
    let unit = 1 / scale
    var error = Lanes.zero
    for index in 0..<16 {
      let ratio = memory.derived[index] * unit
      let miss = ratio - E2M1.rounded(ratio)
      error += miss * miss * memory.errorWeights[index]
    }
    return error * scale * scale
  }

  /// Rounds with the scales that were settled on and stores the blocks of `count` sub-blocks.
  @inlinable @inline(always)
  func store(_ code: Lanes, _ count: Int, _ blocks: UnsafeMutableRawPointer) {
    let unit = (1 / scale(code)).replacing(with: 0, where: peak .== 0)
    let words = UnsafeMutableRawPointer(memory.errorWeights)
    for word in 0..<2 {
      var packed = Words.zero
      for part in 0..<4 {
        let index = 4 &* word &+ part
        let low = E2M1.codes(memory.weights[index], inverse: unit)
        let high = E2M1.codes(memory.weights[index &+ 8], inverse: unit)
        // In 2²³ + byte, the lowest byte is the byte.
        let bytes = unsafeBitCast(low + high * 16 + 8_388_608, to: Words.self) & 255
        packed |= bytes &<< UInt32(8 &* part)
      }
      words.storeBytes(of: packed, toByteOffset: 64 &* word, as: Words.self)
    }
    words.storeBytes(of: code + 8_388_608, toByteOffset: 128, as: Lanes.self)
    for lane in 0..<count {
      let block = blocks + 36 &* (lane &>> 2)
      let part = lane & 3
      let code = words.load(fromByteOffset: 128 &+ 4 &* lane, as: UInt8.self)
      block.storeBytes(of: code, toByteOffset: part, as: UInt8.self)
      for word in 0..<2 {
        let packed = words.load(fromByteOffset: 64 &* word &+ 4 &* lane, as: UInt32.self)
        block.storeBytes(
          of: packed, toByteOffset: 4 &+ 8 &* part &+ 4 &* word, as: UInt32.self)
      }
    }
  }
}
