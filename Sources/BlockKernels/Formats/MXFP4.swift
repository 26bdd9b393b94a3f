// SPDX-License-Identifier: MIT

/// 4.25 bits a weight: 4-bit floats, with a power of two each 32 (OCP Microscaling, MXFP4).
///
///     offset bytes field
///          0     1 e      exponent of the scale, counted from 127
///          1    16 q      4 bits a weight: the low half of byte j is weight j, the high one j + 16
///
/// Restored: weight = 2^(e - 128) · value[q], the values being the doubled 4-bit floats.
public enum MXFP4: KernelEncodedFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .MXFP4, "MXFP4", weights: 32, bytes: 17,
    fileTypes: [.init(38, "MXFP4_MOE")],
    activations: .Q8_0)

  /// None: all fields are bytes.
  public static var wideFields: [WideField] { [] }

  /// None: the scale is an exponent.
  public static var floatFields: [FloatField] { [] }

  /// Restores weights: the doubled floats are whole numbers, which the scale multiplies.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 17 &* index
      let target = run.weights + 128 &* index
      let scale = mxfp4HalfScale(block.load(as: UInt8.self))
      let q = bytes(block + 1)
      store(scale * signedFloats(doubledE2M1(q & 15)), target)
      store(scale * signedFloats(doubledE2M1(q &>> 4)), target + 64)
    }
  }

  /// Writes weights with the exponent of the least squared error.
  ///
  /// Magnitudes beyond 6 · 2^125 are written as that: with a larger exponent, restored weights could
  /// leave a float's range.
  @inlinable @inline(always)
  public static func encodeBlocks(
    _ source: GroupSource, _ effort: Effort, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    encodeMXFP4(source, attempts: effort.isFast ? 2 : 4, memory, blocks)
  }
}

extension MXFP4: CodedFormat {
  /// An exponent of 255 stands for NaN; with 253 and 254, the larger 4-bit floats leave the range of a
  /// float.
  package static func codeFault(inBlock block: RawSpan) -> BlockFault? {
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

extension MXFP4: RestoredFormat {
  // Beyond these, weights would leave the range of a float, or of normal ones.
  static var restoring: FeedbackShape {
    FeedbackShape(
      subBlock: 32, blockWeights: 32, codes: .table(doubledFloats), scale: .power(range: -126...124)
    )
  }

  static func scale(ofSubBlock index: Int, in block: RawSpan) -> Float {
    mxfp4HalfScale(block.u8(at: 0))
  }

  static func pack(_ values: Span<Float>, scales: Span<Float>, into block: inout MutableRawSpan) {
    let exponent = scales[0] > 0 ? Int(scales[0].exponent) + 128 : 0
    block.set(UInt8(min(max(exponent, 0), 252)), at: 0)
    for index in 0..<16 {
      block.set(codeOfFloat(values[index]) | codeOfFloat(values[index + 16]) << 4, at: 1 + index)
    }
  }
}

extension TensorType {
  /// 4-bit floats with a power-of-two scale for 32.
  public static let MXFP4 = TensorType(rawValue: 39)
}

/// Encodes MXFP4 blocks with the exponents of the least squared error.
///
/// Lanes are weights that follow each other: a block is two vectors.
///
/// - Parameters:
///   - source: `count` blocks of 32 weights, any number, of whole rows.
///   - attempts: How many exponents are tried: 2 to 4.
///   - memory: Anything; it is overwritten.
///   - blocks: Takes the blocks, 17 bytes each.
@inlinable @inline(always)
public func encodeMXFP4(
  _ source: GroupSource, attempts: Int, _ memory: GroupMemory,
  _ blocks: UnsafeMutableRawPointer
) {
  var column = source.column
  for index in 0..<source.count {
    let weights = UnsafeRawPointer(source.weights) + 128 &* index
    let low = weights.loadUnaligned(as: Lanes.self)
    let high = weights.loadUnaligned(fromByteOffset: 64, as: Lanes.self)
    var lowImportance = Lanes(repeating: 1)
    var highImportance = Lanes(repeating: 1)
    if let importance = source.importance {
      let columns = UnsafeRawPointer(importance) + 4 &* column
      lowImportance = columns.loadUnaligned(as: Lanes.self)
      highImportance = columns.loadUnaligned(fromByteOffset: 64, as: Lanes.self)
    }
    let exponent = bestExponent(
      low.magnitudes, high.magnitudes, lowImportance, highImportance, attempts,
      memory)
    let inverse = Lanes(repeating: 0.5 / mxfp4HalfScale(exponent))
    let target = blocks + 17 &* index
    target.storeBytes(of: exponent, as: UInt8.self)
    let bytes =
      E2M1.codes(low, inverse: inverse) + E2M1.codes(high, inverse: inverse) * 16
    // In 2²³ + byte, the lowest byte is the byte.
    let bits = unsafeBitCast(bytes + 8_388_608, to: SIMD16<UInt32>.self)
    for lane in 0..<laneCount {
      target.storeBytes(
        of: UInt8(truncatingIfNeeded: bits[lane]), toByteOffset: 1 &+ lane, as: UInt8.self)
    }
    column += 32
    if column == source.rowWeights { column = 0 }
  }
}

/// 2^(exponent - 128): half the scale, since the values are doubled.
@inlinable @inline(always)
public func mxfp4HalfScale(_ exponent: UInt8) -> Float {
  // The two smallest are subnormal floats, which have no exponent to set.
  let bits = exponent < 2 ? 0x0020_0000 &<< UInt32(exponent) : UInt32(exponent &- 1) &<< 23
  return Float(bitPattern: bits)
}

/// Tries the exponents at which the largest magnitude may be well placed.
///
/// Where it falls between 4 and 8 is the reference's choice. One more doubles the largest number's
/// room; one or two less cut it off in favour of the others, which importance may make worthwhile.
@inlinable @inline(always)
func bestExponent(
  _ low: Lanes, _ high: Lanes, _ lowImportance: Lanes, _ highImportance: Lanes,
  _ attempts: Int, _ memory: GroupMemory
) -> UInt8 {
  let peaks = larger(low, high)
  let spare = UnsafeMutableRawPointer(memory.spare)
  spare.storeBytes(of: peaks, as: Lanes.self)
  var largest: Float = 0
  for lane in 0..<laneCount {
    let peak = spare.load(fromByteOffset: 4 &* lane, as: Float.self)
    if peak > largest { largest = peak }
  }
  guard largest > 0 else { return 0 }
  // The largest exponent at which every value is finite: 6 · 2^(252 - 127) < 2^128. A float's own
  // exponent counts from 127; a subnormal's is less than any that is tried.
  let first = min(max(Int(largest.bitPattern >> 23) &- 2, 0), 252)
  // Errors are compared at the scale of the first choice, where their squares are in range.
  let unit = 0.5 / mxfp4HalfScale(UInt8(truncatingIfNeeded: first))
  let low = low * unit
  let high = high * unit
  // All errors first, through memory: summed at once, they would be taken apart into halves.
  let errors = memory.derived
  for attempt in 0..<attempts {
    let scale = factor(attempt)
    errors[2 &* attempt] = E2M1.errors(low, lowImportance, scale: scale)
    errors[2 &* attempt &+ 1] = E2M1.errors(high, highImportance, scale: scale)
  }
  var best = first
  var least = Float.infinity
  for attempt in 0..<attempts {
    let change = attempt < 2 ? attempt : 1 &- attempt
    guard first &+ change >= 0, first &+ change <= 252 else { continue }
    let scale = factor(attempt)
    let error =
      total(errors + 2 &* attempt) * scale * scale
      + total(errors + (2 &* attempt &+ 1)) * scale * scale
    if error < least { (best, least) = (first &+ change, error) }
  }
  return UInt8(truncatingIfNeeded: best)
}

/// The scales that are tried, as multiples of the first.
@inlinable @inline(always)
func factor(_ attempt: Int) -> Float {
  attempt == 0 ? 1 : attempt == 1 ? 2 : attempt == 2 ? 0.5 : 0.25
}

/// The lanes added up, half to half.
@inlinable @inline(always)
func total(_ lanes: UnsafePointer<Lanes>) -> Float {
  let lanes = UnsafeRawPointer(lanes)
  let even =
    lanes.load(as: SIMD4<Float>.self) + lanes.load(fromByteOffset: 32, as: SIMD4<Float>.self)
  let odd =
    lanes.load(fromByteOffset: 16, as: SIMD4<Float>.self)
    + lanes.load(fromByteOffset: 48, as: SIMD4<Float>.self)
  let four = even + odd
  return (four.x + four.z) + (four.y + four.w)
}
