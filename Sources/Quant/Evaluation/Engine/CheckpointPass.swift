// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// Mixes a stream with what it was earlier.
struct CheckpointPass {
  private let mix: CheckpointMix
  private let context: ForwardContext

  init(_ mix: CheckpointMix, in context: ForwardContext) {
    self.mix = mix
    self.context = context
  }

  /// A step's input; keeps the stream, if the step does.
  func input(of states: Matrix) throws(QuantError) -> StepInput {
    let x = context.layout.stream(of: states)
    let input = StepInput(x: try mixed(x, of: states))
    if let slot = mix.keeps { context.layout.carried(slot, of: states).copy(from: x) }
    return input
  }

  /// The mean of a stream and its checkpoints: a copy in any case.
  func mixed(_ x: Matrix, of states: Matrix) throws(QuantError) -> Matrix {
    guard !mix.checkpoints.isEmpty else { return x.copied() }
    let entries = mix.checkpoints.map { context.layout.carried($0, of: states) } + [x]
    let shares = try shares(of: entries)
    let mean = Matrix(rows: x.rows, columns: x.columns)
    try context.workers.forRanges(x.rows, atLeast: 8) { (rows, _) throws(QuantError) in
      mean.rows(rows).clear()
      for row in rows {
        for (index, entry) in entries.enumerated() {
          unsafe KernelTable.current.layers.addScaledRow(
            entry.base + row * entry.stride, mean.base + row * mean.stride, count: x.columns,
            factor: shares[row, index])
        }
      }
    }
    return mean
  }

  /// How much of each entry is taken: a column an entry.
  private func shares(of entries: [Matrix]) throws(QuantError) -> Matrix {
    let (rows, columns) = (entries[0].rows, entries[0].columns)
    let shares = Matrix(rows: rows, columns: entries.count)
    let normed = Matrix(rows: rows, columns: columns)
    let ones = Matrix(rows: 1, columns: columns)
    for column in 0..<columns { ones[0, column] = 1 }
    let windows = context.windows(of: rows)
    for (index, entry) in entries.enumerated() {
      try context.normalize(entry, by: mix.norm, into: normed)
      try context.workers.forEach(windows.count) { (window, slot) throws(QuantError) in
        try slot.products.multiply(
          normed.rows(windows[window]), ones, transposed: true,
          into: shares.rows(windows[window]).columns(index..<index + 1))
      }
    }
    for row in 0..<rows {
      unsafe KernelTable.current.layers.softmax(
        shares.base + row * shares.stride, count: entries.count, low: 0, high: entries.count,
        scale: 1, cap: 0, sink: -.infinity)
    }
    return shares
  }
}
