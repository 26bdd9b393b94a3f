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
