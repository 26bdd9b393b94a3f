// SPDX-License-Identifier: MIT

/// Running counts over weights, of a fixed size however many there are.
///
/// The spread is kept as one counter for every value of a float's upper half (sign, exponent and
/// seven bits of the mantissa): any histogram or quantile can be read off it afterwards, to a part
/// in 128 of the weight, without knowing the range beforehand.
struct WeightTally {
  private(set) var count = 0
  private(set) var zeroCount = 0
  private(set) var nonFiniteCount = 0
  private(set) var minimum = Float.infinity
  private(set) var maximum = -Float.infinity
  private(set) var mean = 0.0
  private var squares = 0.0
  private var cells = [Int](repeating: 0, count: 1 << 16)

  var finiteCount: Int { count - nonFiniteCount }

  /// The mean squared distance from the mean.
  var variance: Double { finiteCount > 0 ? squares / Double(finiteCount) : 0 }

  /// Adds the first `count` weights of a slab.
  mutating func add(_ slab: [Float], count slabCount: Int) {
    let weights = slab.span
    var sum = 0.0
    var finite = 0
    for index in 0..<slabCount {
      let weight = weights[index]
      guard weight.isFinite else { continue }
      finite += 1
      sum += Double(weight)
      if weight == 0 { zeroCount += 1 }
      minimum = min(minimum, weight)
      maximum = max(maximum, weight)
      cells[Int(weight.bitPattern >> 16)] += 1
    }
    combine(
      finite, sum: sum, squares: Self.squares(weights, slabCount, around: sum / Double(finite)))
    count += slabCount
    nonFiniteCount += slabCount - finite
  }

  private static func squares(_ weights: Span<Float>, _ count: Int, around mean: Double) -> Double {
    var squares = 0.0
    for index in 0..<count where weights[index].isFinite {
      let distance = Double(weights[index]) - mean
      squares += distance * distance
    }
    return squares
  }

  /// Joins a slab's mean and squared distances with those so far (Chan, Golub and LeVeque, 1979),
  /// which stays exact where the sum of plain squares would cancel.
  private mutating func combine(_ more: Int, sum: Double, squares: Double) {
    guard more > 0 else { return }
    let before = Double(finiteCount)
    let total = before + Double(more)
    let distance = sum / Double(more) - mean
    mean += distance * Double(more) / total
    self.squares += squares + distance * distance * before * Double(more) / total
  }

  /// Equal bins from the 0.05th to the 99.95th per cent, so that a few outliers do not press all
  /// others into one bin; the first and last bin hold the outliers.
  func histogram(binCount: Int) -> [TensorStatistics.Bin] {
    guard finiteCount > 0, binCount > 0 else { return [] }
    let low = max(minimum, quantile(0.0005))
    let high = min(maximum, quantile(0.9995))
    guard low < high else {
      return [TensorStatistics.Bin(from: minimum, to: maximum, count: finiteCount)]
    }
    let width = (Double(high) - Double(low)) / Double(binCount)
    var counts = [Int](repeating: 0, count: binCount)
    for (cell, count) in zip(cells.indices, cells) where count > 0 {
      let place = (Double(Self.middle(of: cell)) - Double(low)) / width
      counts[Int(max(0, min(Double(binCount - 1), place.rounded(.down))))] += count
    }
    return counts.enumerated().map { index, count in
      TensorStatistics.Bin(
        from: Float(Double(low) + width * Double(index)),
        to: Float(Double(low) + width * Double(index + 1)), count: count)
    }
  }

  /// The weight below which a part of all weights lies, roughly.
  private func quantile(_ part: Double) -> Float {
    let wanted = Int(Double(finiteCount) * part)
    var seen = 0
    for cell in Self.ascending {
      seen += cells[cell]
      if seen > wanted { return Self.middle(of: cell) }
    }
    return maximum
  }

  /// The cells from the lowest weight to the highest: negative ones run backwards.
  private static let ascending = Array((0x8000...0xFF7F).reversed()) + Array(0...0x7F7F)

  /// A weight that stands for all of a cell.
  private static func middle(of cell: Int) -> Float {
    Float(bitPattern: UInt32(cell) << 16 | 0x8000)
  }
}
