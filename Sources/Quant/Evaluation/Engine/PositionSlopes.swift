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

/// Attention with linear biases (Press et al., 2022): scores fall with the distance of a key, by a slope
/// of each head.
struct PositionSlopes: Sendable {
  /// The slope of each head.
  private let slopes: [Float]
  /// The numbers from -length to 0 and back.
  private let distances: Matrix
  private let length: Int

  /// Slopes are powers of 2^(-bias / n), n being the largest power of two that is not above the number of
  /// heads; heads beyond n take those between.
  init(bias: Float, heads: Int, length: Int) {
    let whole = 1 << (Int.bitWidth - 1 - heads.leadingZeroBitCount)
    slopes = (0..<heads).map { head in
      let step = Double(bias) / Double(whole)
      let exponent = head < whole ? Double(head + 1) : Double(2 * (head - whole) + 1) / 2
      return Float(exp2(-step * exponent))
    }
    self.length = length
    distances = Matrix(rows: 1, columns: 2 * length)
    for index in 0..<2 * length { distances[0, index] = -Float(abs(index - length)) }
  }

  /// Adds -slope · |key - query| / scale to a row of scores, which `scale` is still to be applied to.
  func add(to scores: Matrix, query: Int, firstKey: Int, head: Int, scale: Float) {
    unsafe KernelTable.current.layers.addScaledRow(
      distances.base + (length - query + firstKey), scores.base,
      count: scores.columns, factor: slopes[head] / scale)
  }
}
