// SPDX-License-Identifier: MIT

/// A format whose encoder is a kernel of its own: values are found in what it wrote.
protocol RestoredFormat: FeedbackFormat {
  /// How weights are restored.
  static var restoring: FeedbackShape { get }

  /// What the values of a sub-block are multiplied by.
  static func scale(ofSubBlock index: Int, in block: RawSpan) -> Float

  /// Writes the fields of one block.
  ///
  /// - Parameters:
  ///   - values: Its values.
  ///   - scales: The scale of each sub-block, one that the format can store.
  ///   - block: The destination.
  static func pack(_ values: Span<Float>, scales: Span<Float>, into block: inout MutableRawSpan)
}

extension RestoredFormat {
  /// How weights are restored.
  public static var feedback: FeedbackShape { restoring }

  /// Encodes, and takes the values from what is restored.
  public static func begin(
    _ rows: Span<Float>, importance: Span<Float>, effort: Effort, in tile: FeedbackTile,
    by table: KernelTable
  ) {
    checkBegin(rows.count, tile)
    let bytes = layout.bytesPerBlock
    var blocks = [UInt8](repeating: 0, count: rows.count / layout.weightsPerBlock * bytes)
    var storage = blocks.mutableSpan
    var raw = storage.mutableBytes
    encode(
      rows, rowWeights: tile.columns, importance: importance, effort: effort, into: &raw, by: table)
    var restored = [Float](repeating: 0, count: rows.count)
    var weights = restored.mutableSpan
    table.decode(blocks.span.bytes, of: Self.self, into: &weights)
    let (subBlock, perBlock) = (restoring.subBlock, layout.weightsPerBlock / restoring.subBlock)
    for index in 0..<rows.count / subBlock {
      let block = blocks.span.bytes.extracting(
        index / perBlock * bytes..<(index / perBlock + 1) * bytes)
      let scale = scale(ofSubBlock: index % perBlock, in: block)
      let (row, column) = (index * subBlock / tile.columns, index * subBlock % tile.columns)
      tile.scales[tile.half(ofSubBlock: column / subBlock) + row] = scale
      for place in 0..<subBlock where scale != 0 {
        let value = restored[index * subBlock + place] / scale
        tile.values[(column + place) * tile.stride + row] = value.rounded(.toNearestOrEven)
      }
    }
  }

  /// Writes blocks from values and scales.
  public static func pack(_ tile: FeedbackTile, row: Int, into blocks: inout MutableRawSpan) {
    let (weights, bytes) = (layout.weightsPerBlock, layout.bytesPerBlock)
    let subBlocks = weights / restoring.subBlock
    var values = [Float](repeating: 0, count: weights)
    var scales = [Float](repeating: 0, count: subBlocks)
    for index in 0..<tile.columns / weights {
      for place in 0..<weights { values[place] = tile.value(row, index * weights + place) }
      for part in 0..<subBlocks {
        scales[part] = tile.scales[tile.half(ofSubBlock: index * subBlocks + part) + row]
      }
      var block = blocks.slice(index * bytes..<(index + 1) * bytes)
      pack(values.span, scales: scales.span, into: &block)
    }
  }

  /// The half at an offset, as the scale of all.
  static func storedHalf(in block: RawSpan, at offset: Int) -> Float {
    widenedHalf(block.u16(at: offset))
  }
}

extension Q8_0: RestoredFormat {
  static var restoring: FeedbackShape {
    FeedbackShape(
      subBlock: 32, blockWeights: 32, codes: .whole(lowest: -128, highest: 127), scale: .half)
  }

  static func scale(ofSubBlock index: Int, in block: RawSpan) -> Float {
    storedHalf(in: block, at: 0)
  }

  static func pack(_ values: Span<Float>, scales: Span<Float>, into block: inout MutableRawSpan) {
    block.set(Half.exact(scales[0]), at: 0)
    for index in values.indices {
      block.set(UInt8(bitPattern: Int8(values[index])), at: 2 + index)
    }
  }
}

extension Q1_0: RestoredFormat {
  static let signs = ValueTable([-1, 1])

  static var restoring: FeedbackShape {
    FeedbackShape(subBlock: 128, blockWeights: 128, codes: .table(signs), scale: .half)
  }

  static func scale(ofSubBlock index: Int, in block: RawSpan) -> Float {
    storedHalf(in: block, at: 0)
  }

  static func pack(_ values: Span<Float>, scales: Span<Float>, into block: inout MutableRawSpan) {
    block.set(Half.exact(scales[0]), at: 0)
    for byte in 0..<16 {
      var packed: UInt8 = 0
      for bit in 0..<8 where values[8 * byte + bit] > 0 { packed |= 1 << UInt8(bit) }
      block.set(packed, at: 2 + byte)
    }
  }
}

extension Q2_0: RestoredFormat {
  static var restoring: FeedbackShape {
    FeedbackShape(
      subBlock: 64, blockWeights: 64, codes: .whole(lowest: -1, highest: 2), scale: .half)
  }

  static func scale(ofSubBlock index: Int, in block: RawSpan) -> Float {
    storedHalf(in: block, at: 0)
  }

  static func pack(_ values: Span<Float>, scales: Span<Float>, into block: inout MutableRawSpan) {
    block.set(Half.exact(scales[0]), at: 0)
    for byte in 0..<16 {
      var packed: UInt8 = 0
      for place in 0..<4 { packed |= UInt8(values[4 * byte + place] + 1) << UInt8(2 * place) }
      block.set(packed, at: 2 + byte)
    }
  }
}

extension TQ2_0: RestoredFormat {
  static var restoring: FeedbackShape {
    FeedbackShape(
      subBlock: 256, blockWeights: 256, codes: .whole(lowest: -1, highest: 1), scale: .half)
  }

  static func scale(ofSubBlock index: Int, in block: RawSpan) -> Float {
    storedHalf(in: block, at: 64)
  }

  static func pack(_ values: Span<Float>, scales: Span<Float>, into block: inout MutableRawSpan) {
    for byte in 0..<64 {
      let first = 128 * (byte / 32) + byte % 32
      var packed: UInt8 = 0
      for digit in 0..<4 { packed |= UInt8(values[first + 32 * digit] + 1) << UInt8(2 * digit) }
      block.set(packed, at: byte)
    }
    block.set(Half.exact(scales[0]), at: 64)
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

/// The doubled 4-bit floats.
private let doubledFloats = ValueTable([-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12])

/// The code of a doubled 4-bit float.
private func codeOfFloat(_ value: Float) -> UInt8 {
  let magnitude = value.magnitude
  let code = magnitude <= 4 ? magnitude : magnitude <= 8 ? magnitude / 2 + 2 : 7
  return UInt8(code) | (value < 0 ? 8 : 0)
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
