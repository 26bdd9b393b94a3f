// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// The scores of the keys that queries of one head see, side by side.
struct ChosenScores {
  private let mask: KeyMask
  private let group: Int
  private var keys: [Int32] = []
  /// Memory for a score of each.
  private let values: Matrix

  /// Memory for scores.
  ///
  /// - Parameters:
  ///   - mask: What the queries of one window see.
  ///   - head: The head.
  ///   - heads: How many there are.
  ///   - count: The most keys that a query sees.
  init(_ mask: KeyMask, head: Int, of heads: Int, keys count: Int) {
    self.mask = mask
    group = head / max(1, heads / mask.groups)
    values = Matrix(rows: 1, columns: count)
    keys.reserveCapacity(count)
  }

  /// Turns one query's scores into the weights of the keys that it sees; all others become zero.
  ///
  /// - Parameters:
  ///   - scores: The scores, one row.
  ///   - query: The query.
  ///   - low: The first key that it may see.
  ///   - graph: The attention.
  ///   - firstKey: The key of the first score.
  ///   - sink: A score without a key; -infinity for none.
  mutating func soften(
    _ scores: Matrix, _ query: Int, from low: Int, _ graph: AttentionGraph, firstKey: Int,
    sink: Float
  ) {
    keys.removeAll(keepingCapacity: true)
    mask.keys(row: query, group: group, in: low..<query + 1, to: &keys)
    for (index, key) in keys.enumerated() { values[0, index] = scores[0, Int(key) - firstKey] }
    scores.clear()
    guard !keys.isEmpty else { return }
    unsafe KernelTable.current.layers.softmax(
      values.base, count: keys.count, low: 0, high: keys.count, scale: graph.scale, cap: graph.cap,
      sink: sink)
    for (index, key) in keys.enumerated() { scores[0, Int(key) - firstKey] = values[0, index] }
  }
}
