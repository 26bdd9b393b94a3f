// SPDX-License-Identifier: MIT

/// A format whose encoder is the grid search, followed by a packing of its own.
protocol GridFormat: FeedbackFormat {
  /// The codebook, laid out for searching.
  static var grid: SearchGrid { get }

  /// What is asked of the search.
  static var shape: GridShape { get }

  /// Writes the fields of one block.
  static func pack(_ found: FoundGroups, into block: inout MutableRawSpan)
}

extension GridFormat {
  /// Encodes rows.
  ///
  /// Blocks are searched a group at a time, whatever rows they belong to; each block's bytes depend
  /// on its own weights and their importance alone.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan, by table: KernelTable
  ) {
    encode(
      rows, rowWeights: rowWeights, importance: importance, effort: effort, into: &blocks,
      by: table
    ) { _, _ in }
  }

  /// Encodes rows, and shows what was found for each block.
  static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan, by table: KernelTable, _ show: (Int, FoundGroups) -> Void
  ) {
    checkEncode(rows.count, rowWeights, importance?.count, blocks.byteCount)
    let (grid, shape, layout) = (grid, shape.at(effort, bits: layout.bitsPerWeight), layout)
    let span = shape.base.weights * laneCount
    let memory = GridSearchMemory()
    var restoring = ShrinkageCorrection(effort, bits: layout.bitsPerWeight)
    for start in stride(from: 0, to: rows.count, by: span) {
      let end = min(start + span, rows.count)
      memory.run(
        grid, shape, rows.extracting(start..<end), column: start % rowWeights,
        rowWeights: rowWeights, importance: importance, by: table.searches)
      for index in 0..<(end - start) / layout.weightsPerBlock {
        let offset = (start / layout.weightsPerBlock + index) * layout.bytesPerBlock
        var block = blocks.slice(offset..<offset + layout.bytesPerBlock)
        pack(memory.found(index, grid, shape), into: &block)
        let first = start + index * layout.weightsPerBlock
        let gain = restoring.gain(
          of: block.bytes, for: rows.extracting(first..<first + layout.weightsPerBlock),
          importance, column: first % rowWeights, Self.self, table)
        let found = memory.found(index, grid, shape, gain: gain)
        pack(found, into: &block)
        show(first / layout.weightsPerBlock, found)
      }
    }
  }
}
