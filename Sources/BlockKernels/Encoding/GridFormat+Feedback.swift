// SPDX-License-Identifier: MIT

extension GridFormat {
  /// Weights are restored as d · (2 s + 1) · value; values are magnitudes with signs, or shifted ones.
  ///
  /// - Parameters:
  ///   - entries: The codebook's entries.
  ///   - levels: The levels that their values have, rising.
  ///   - factor: What values are multiplied by beside d · (2 s + 1).
  /// - Returns: Groups of the codebook, and the codes of scales.
  static func feedbackShape<Group: SIMD<Float>>(
    _ entries: [Group], levels: [Float], factor: Float
  ) -> FeedbackShape {
    let base = shape.base
    let book = FeedbackGrid(entries, levels: levels, factor: factor, signs: shape.signs)
    return FeedbackShape(
      subBlock: base.weights, blockWeights: base.weights * base.subBlocks, codes: .grid(book),
      scale: .codes(base: 1, step: 2, range: 0...base.codes))
  }

  private static var book: FeedbackGrid {
    guard case .grid(let book) = feedback.codes else {
      preconditionFailure("\(type) has no codebook")
    }
    return book
  }

  /// Puts what the format's own search finds into a tile.
  public static func begin(
    _ rows: Span<Float>, importance: Span<Float>, effort: Effort, in tile: FeedbackTile,
    by table: KernelTable
  ) {
    precondition(rows.count == tile.rows * tile.columns && importance.count == tile.columns)
    let layout = layout
    let (perRow, book) = (tile.columns / layout.weightsPerBlock, book)
    var bytes = [UInt8](repeating: 0, count: tile.rows * perRow * layout.bytesPerBlock)
    var span = bytes.mutableSpan
    var blocks = span.mutableBytes
    encode(
      rows, rowWeights: tile.columns, importance: importance, effort: effort, into: &blocks,
      by: table
    ) { index, found in
      unpack(found, book, into: tile, row: index / perRow, block: index % perRow)
    }
  }

  /// Puts what was found for a block into a tile.
  private static func unpack(
    _ found: FoundGroups, _ book: FeedbackGrid, into tile: FeedbackTile, row: Int, block: Int
  ) {
    let weights = layout.weightsPerBlock
    let values = tile.values + block * weights * tile.stride + row
    for group in 0..<weights / book.entryWeights {
      let entry = grid.values(of: Int(found.entries[group]))
      let shift: Float = found.shifts[group] == 0 ? 0.125 : -0.125
      for lane in 0..<book.entryWeights {
        let index = group * book.entryWeights + lane
        let isNegative = found.signs[index / 8] >> (index % 8) & 1 == 1
        let value = entry[entry.startIndex + lane]
        values[index * tile.stride] =
          book.signs.isShifted ? value + shift : isNegative ? -value : value
      }
    }
    for (index, code) in found.scaleCodes.indices.map({ ($0, found.scaleCodes[$0]) }) {
      tile.scaleCodes[(block * shape.base.subBlocks + index) * tile.stride + row] = Float(code)
    }
    tile.scales[block * tile.stride + row] = Half.stored(found.scale)
  }

  /// Writes the blocks of one row of a tile.
  public static func pack(_ tile: FeedbackTile, row: Int, into blocks: inout MutableRawSpan) {
    let (book, layout) = (book, layout)
    precondition(
      row >= 0 && row < tile.rows && blocks.byteCount % layout.bytesPerBlock == 0
        && blocks.byteCount / layout.bytesPerBlock == tile.columns / layout.weightsPerBlock)
    for index in 0..<tile.columns / layout.weightsPerBlock {
      var block = blocks.slice(index * layout.bytesPerBlock..<(index + 1) * layout.bytesPerBlock)
      pack(tile, book, row: row, block: index, into: &block)
    }
  }

  private static func pack(
    _ tile: FeedbackTile, _ book: FeedbackGrid, row: Int, block index: Int,
    into block: inout MutableRawSpan
  ) {
    let weights = layout.weightsPerBlock
    let values = tile.values + index * weights * tile.stride + row
    let groups = 0..<weights / book.entryWeights
    let entries = groups.map {
      book.number(of: values + $0 * book.entryWeights * tile.stride, stride: tile.stride)
    }
    let shifts = groups.map {
      let value = values[$0 * book.entryWeights * tile.stride]
      return UInt8(value < value.rounded() ? 1 : 0)
    }
    let signs = (0..<weights / 8).map { octet in
      (0..<8).reduce(UInt8(0)) { mask, lane in
        mask | (values[(8 * octet + lane) * tile.stride] < 0 ? 1 << lane : 0)
      }
    }
    let subBlocks = shape.base.subBlocks
    let codes = (0..<subBlocks).map {
      Int8(tile.scaleCodes[(index * subBlocks + $0) * tile.stride + row])
    }
    let scale = tile.scales[index * tile.stride + row]
    let found = FoundGroups(
      entries: entries.span, signs: signs.span, shifts: shifts.span, scaleCodes: codes.span,
      scale: min(max(scale, -Half.largest), Half.largest))
    pack(found, into: &block)
  }
}
