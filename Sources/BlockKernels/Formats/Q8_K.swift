// SPDX-License-Identifier: MIT

/// 9.125 bits a weight: whole numbers from -127 to 127, a float scale each 256, made for activations.
///
///     offset bytes field
///          0     4 d      float: scale, of either sign
///          4   256 q      i8: one a weight
///        260    32 s      16 × i16: the sum of each 16 q
///
/// Restored: weight = d · q.
///
/// The sums serve products with formats whose sub-blocks have mins, as in `Q8_1`.
public enum Q8_K: EncodableFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(.Q8_K, "Q8_K", weights: 256, bytes: 292)

  /// The scale and the sums.
  public static var wideFields: [WideField] {
    [WideField(offset: 0, width: 4), WideField(offset: 260, width: 2, count: 16)]
  }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .single)] }

  /// Restores weights: one multiplication each.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 292 &* index
      let target = run.weights + 1024 &* index
      let d = Float(bitPattern: word32(block))
      for part in 0..<16 {
        store(d * signedFloats(bytes(block + (4 &+ 16 &* part))), target + 64 &* part)
      }
    }
  }

  /// Writes weights with the scale that gives the largest magnitude the quant -127, as the reference
  /// does: the sign of d is then that of the other side.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan, by table: KernelTable
  ) {
    encodeBlocks(
      of: 256, in: 292, rows, rowWeights: rowWeights, importance: importance, into: &blocks
    ) { weights, _, block in
      // Rounding up near the largest float must not make 127 times the scale infinite.
      let limit = Float.greatestFiniteMagnitude.nextDown / 127
      let scale = min(max(ByteRounding.extreme(of: weights, table) / -127, -limit), limit)
      var quants = block.slice(4..<260)
      ByteRounding.round(weights, scale: scale, into: &quants, table)
      block.set(scale.bitPattern, at: 0)
      for part in 0..<16 {
        var sum: Int16 = 0
        for index in 0..<16 { sum += Int16(block.bytes.i8(at: 4 + 16 * part + index)) }
        block.set(UInt16(bitPattern: sum), at: 260 + 2 * part)
      }
    }
  }
}

extension Q8_K: CodedFormat {
  /// The sums must be those of the weights' integers, and the largest weight within a float's range.
  package static func codeFault(inBlock block: RawSpan) -> BlockFault? {
    var largest: Int32 = 0
    for part in 0..<16 {
      var sum: Int32 = 0
      for index in 0..<16 {
        let quant = Int32(block.i8(at: 4 + 16 * part + index))
        sum += quant
        largest = max(largest, abs(quant))
      }
      let stored = Int16(bitPattern: block.u16(at: 260 + 2 * part))
      guard stored == sum else {
        return BlockFault(
          kind: .code, field: "s[\(part)]", byteOffset: 260 + 2 * part, expected: "the sum \(sum)",
          found: "\(stored)")
      }
    }
    let weight = Float(bitPattern: block.u32(at: 0)).magnitude * Float(largest)
    return weight.isFinite ? nil : .notFinite("d · q", at: 0, weight)
  }
}

extension TensorType {
  /// 8-bit quants in super-blocks of 256: for activations.
  public static let Q8_K = TensorType(rawValue: 15)
}
