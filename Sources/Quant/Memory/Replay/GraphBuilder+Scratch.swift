// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Room that kernels need beside a result, as the backend asks the allocator for it.
extension GraphBuilder {
  /// Cells and queries that one block of Metal's flash attention has, and its groups of threads.
  private static let (blockCells, blockQueries, threadGroups) = (64, 8, 32)

  /// For flash attention, whose result has so many bytes.
  func attentionScratch(_ memory: LayerMemory.Attention, _ bytes: Int) -> Int {
    if options.rules.padsRows { return halfCopies(memory, bytes) }
    return options.rules.hasScratch ? metalScratch(memory) : 0
  }

  /// Metal keeps a last block of keys, values and masks, which blocks are masked, and what its groups of
  /// threads add up.
  private func metalScratch(_ memory: LayerMemory.Attention) -> Int {
    let (streams, queries) = (options.streams, tokens / options.streams)
    let cells = caches.cells(memory)
    let key = options.keyType.bytes(ofRow: memory.keyWidth)
    let value = memory.isLatent ? key : options.valueType.bytes(ofRow: memory.valueWidth)
    let lastBlock =
      Self.blockCells * ((key + value) * memory.keyValueHeads * streams + 2 * tokens)
    let blocks =
      ((cells + Self.blockCells - 1) / Self.blockCells)
      * ((queries + Self.blockQueries - 1) / Self.blockQueries) * streams
    let rows = min(queries, Self.threadGroups) * memory.heads * streams
    return lastBlock + blocks.roundedUp(to: BufferAlignment.host)
      + 4 * rows * Self.threadGroups * (memory.valueSize + 2)
  }

  /// For a product with experts: Metal sorts tokens by their experts.
  func expertScratch(_ rows: Int) -> Int {
    options.rules.hasScratch ? 4 * shape.expertCount * (rows + 1) : 0
  }

  /// For sorting so many bytes: Metal merges from one half into the other.
  func sortScratch(_ bytes: Int) -> Int { options.rules.hasScratch ? bytes : 0 }
}
