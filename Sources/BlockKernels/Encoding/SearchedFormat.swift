// SPDX-License-Identifier: MIT

/// A format whose encoder is one of the shared searches, followed by a packing of its own.
protocol SearchedFormat: FeedbackFormat {
  /// The search, and what is asked of it.
  static var search: BlockSearch { get }

  /// Writes the fields of one block.
  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan)
}

extension SearchedFormat {
  /// Encodes rows.
  ///
  /// Blocks are searched a group at a time, whatever rows they belong to; each block's bytes depend
  /// on its own weights and their importance alone.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan, by table: KernelTable
  ) {
    checkEncode(rows.count, rowWeights, importance?.count, blocks.byteCount)
    let search = search.at(effort, bits: layout.bitsPerWeight)
    let shape = search.shape
    let blockWeights = shape.weights * shape.subBlocks
    let bytesPerBlock = blocks.byteCount / max(rows.count / blockWeights, 1)
    var memory = SearchMemory()
    for start in stride(from: 0, to: rows.count, by: shape.weights * laneCount) {
      let end = min(start + shape.weights * laneCount, rows.count)
      memory.run(
        search, rows.extracting(start..<end), column: start % rowWeights, rowWeights: rowWeights,
        importance: importance, by: table.searches)
      for index in 0..<(end - start) / blockWeights {
        let offset = (start / blockWeights + index) * bytesPerBlock
        var block = blocks.slice(offset..<offset + bytesPerBlock)
        pack(memory.found(index, shape), into: &block)
      }
    }
  }
}
