// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantModels

/// Finds out which keys the queries of a layer see: by its indexer, or by what an earlier layer kept.
struct KeySelectionPass {
  private let selection: KeySelection
  private let pass: AttentionPass
  private var context: ForwardContext { pass.context }
  private var length: Int { pass.positions.count }

  init(_ selection: KeySelection, _ pass: AttentionPass) {
    self.selection = selection
    self.pass = pass
  }

  /// Numbers a row that a pass needs.
  static func scratchColumns(_ selection: KeySelection) -> Int {
    guard let indexer = selection.indexer else { return 0 }
    let made = (indexer.heads + 3) * indexer.size + indexer.heads
    return made + selection.choice.groups(indexer) * selection.columns
  }

  /// What the queries of rows see.
  ///
  /// - Parameters:
  ///   - input: The attention's.
  ///   - latent: The narrow vectors that latent attention makes queries of.
  /// - Returns: A row a query; `nil` if they see all keys before them.
  /// - Throws: `QuantError` for weights that cannot be read.
  func run(_ input: BlockInput, latent: Matrix?) throws(QuantError) -> KeyMask? {
    let isWhole = selection.choice.isWhole(length: length)
    guard let indexer = selection.indexer else {
      guard !isWhole, let slot = selection.slot else { return nil }
      return KeyMask(carried: context.layout.carried(slot, of: input.states), length: length)
    }
    guard let source = indexer.queriesFromLatent ? latent : input.h else { return nil }
    guard !isWhole else {
      try observe(indexer, source, input.h)
      return nil
    }
    let mask = try IndexerPass(indexer, selection.choice, pass).run(input.h, queriesFrom: source)
    if input.keeps, let slot = selection.slot {
      let carried = context.layout.carried(slot, of: input.states)
      carried.columns(0..<mask.columns).copy(from: mask.numbers)
      carried.columns(mask.columns..<slot.count).clear()
    }
    return mask
  }

  /// Shows what would go into the indexer's products: they matter in longer windows.
  private func observe(
    _ indexer: IndexerGraph, _ source: Matrix, _ h: Matrix
  ) throws(QuantError) {
    guard let observer = context.observer else { return }
    for (index, linear) in indexer.products.enumerated() {
      try observer.observe(
        linear.tensor, matrix: 0, input: index == 0 ? source : h,
        windows: context.windows(of: h.rows), workers: context.workers)
    }
  }
}
