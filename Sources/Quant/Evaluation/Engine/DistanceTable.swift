// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What `DistanceBias` adds to scores, for every head and distance of a window.
struct DistanceTable: Sendable {
  /// A row a head, with the numbers for keys from `length` before a query to `length` behind it.
  private let numbers: Matrix
  private let length: Int

  init(_ bias: DistanceBias, _ weights: [Float], heads: Int, length: Int) {
    self.length = length
    numbers = Matrix(rows: heads, columns: 2 * length)
    for column in 0..<2 * length {
      let bucket = Self.bucket(of: column - length, bias)
      for head in 0..<heads { numbers[head, column] = weights[bucket * heads + head] }
    }
  }

  /// The bucket of a key's position less the query's.
  private static func bucket(of offset: Int, _ bias: DistanceBias) -> Int {
    let count = bias.isBothWays ? bias.buckets / 2 : bias.buckets
    let exact = count / 2
    let distance = bias.isBothWays ? abs(offset) : max(0, -offset)
    let first = bias.isBothWays && offset > 0 ? count : 0
    guard distance >= exact else { return first + distance }
    let share = log(Double(distance) / Double(exact)) / log(Double(bias.longest) / Double(exact))
    // What lies on the border of two buckets, but for rounding, is in the further one.
    return first + min(count - 1, exact + Int(share * Double(count - exact) + 1e-6))
  }

  /// Adds to a row of scores, which `scale` is still to be applied to.
  func add(to scores: Matrix, query: Int, firstKey: Int, head: Int, scale: Float) {
    unsafe KernelTable.current.layers.addScaledRow(
      numbers.base + head * numbers.stride + (length - query + firstKey), scores.base,
      count: scores.columns, factor: 1 / scale)
  }
}
