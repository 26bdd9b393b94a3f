// SPDX-License-Identifier: MIT
internal import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What an importance matrix says of tensors and layers: where activations are large, how evenly they are
/// spread over columns, and how they change from layer to layer.
public struct ImportanceStatistics: Sendable, Encodable {
  /// Mean squares at or below this count as not active.
  public static let activeThreshold: Float = 1e-5

  /// One tensor.
  public struct Tensor: Sendable, Encodable {
    /// Its name.
    public let name: String
    /// Its layer; `nil` outside the layers.
    public let layer: Int?
    /// Its name without the layer.
    public let part: String
    /// Columns, those of all experts.
    public let columns: Int
    /// The sum of mean squared activations.
    public let sum: Double
    /// That sum over those of all tensors.
    public let share: Double
    /// Smallest, largest and mean of the columns, and their standard deviation.
    public let least: Double, most: Double, mean: Double, deviation: Double
    /// The share of columns above the threshold.
    public let activeShare: Double
    /// The entropy of the distribution over columns, in bits.
    public let entropy: Double
    /// The entropy over that of an even distribution.
    public let evenness: Double
    /// The share of columns more than a standard deviation above the mean.
    public let zDensity: Double
    /// The cosine of the angle to the same tensor in the layer before; `nil` if there is none.
    public let cosine: Double?
    /// Tokens that reached each expert; `nil` for tensors without experts, and without counts.
    public let expertCounts: [Int]?
    /// Experts that no text reached.
    public let uncoveredExperts: [Int]
  }

  /// One layer.
  public struct Layer: Sendable, Encodable {
    /// The layer.
    public let layer: Int
    /// Tensors that are known of it.
    public let tensors: Int
    /// The sum of mean squared activations.
    public let sum: Double
    /// That sum over those of all tensors.
    public let share: Double
  }

  /// All tensors, by part and layer.
  public let tensors: [Tensor]
  /// All layers, in order.
  public let layers: [Layer]

  /// Computes the statistics.
  ///
  /// - Parameter matrix: The matrix.
  /// - Complexity: O(*n*) in its values; memory for those of two tensors.
  public init(_ matrix: ImportanceMatrix) {
    let sorted = matrix.entries.map { ($0, LayeredName($0.name)) }
      .sorted {
        ($0.1.stack + $0.1.part, $0.1.layer ?? -1) < ($1.1.stack + $1.1.part, $1.1.layer ?? -1)
      }
    var found: [Tensor] = []
    var before: (name: LayeredName, values: [Float])?
    for (entry, name) in sorted {
      let values = entry.allValues
      let isNext =
        before?.name.part == name.part && before?.name.stack == name.stack
        && before?.name.layer.map { $0 + 1 } == name.layer && before?.values.count == values.count
      let cosine = isNext ? Self.cosine(before?.values ?? [], values) : nil
      found.append(Tensor(entry, name, values, cosine: cosine))
      before = (name, values)
    }
    let total = found.reduce(0) { $0 + $1.sum }
    tensors = found.map { $0.with(total: total) }
    layers = Self.layers(tensors)
  }

  private static func layers(_ tensors: [Tensor]) -> [Layer] {
    Dictionary(grouping: tensors.filter { $0.layer != nil }) { $0.layer ?? 0 }
      .map { layer, tensors in
        Layer(
          layer: layer, tensors: tensors.count, sum: tensors.reduce(0) { $0 + $1.sum },
          share: tensors.reduce(0) { $0 + $1.share })
      }
      .sorted { $0.layer < $1.layer }
  }

  private static func cosine(_ a: [Float], _ b: [Float]) -> Double? {
    var (product, first, second) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      product += Double(x) * Double(y)
      first += Double(x) * Double(x)
      second += Double(y) * Double(y)
    }
    return first > 0 && second > 0 ? product / (first.squareRoot() * second.squareRoot()) : nil
  }
}

extension ImportanceStatistics.Tensor {
  fileprivate init(
    _ entry: ImportanceMatrix.Entry, _ name: LayeredName, _ values: [Float], cosine: Double?
  ) {
    let count = Double(max(1, values.count))
    let sum = values.reduce(0.0) { $0 + Double($1) }
    let mean = sum / count
    let squares = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    let deviation = (squares / count).squareRoot()
    let entropy = Self.entropy(values, sum)
    self.init(
      name: entry.name, layer: name.layer,
      part: name.stack == "blk" || name.stack.isEmpty ? name.part : "\(name.stack) \(name.part)",
      columns: values.count, sum: sum, share: 0, least: Double(values.min() ?? 0),
      most: Double(values.max() ?? 0), mean: mean, deviation: deviation,
      activeShare: Double(values.count { $0 > ImportanceStatistics.activeThreshold }) / count,
      entropy: entropy, evenness: count > 1 ? entropy / log2(count) : 0,
      zDensity: Double(values.count { deviation > 0 && Double($0) - mean > deviation }) / count,
      cosine: cosine,
      expertCounts: entry.expertCount > 1 ? entry.counts?.map { Int(min($0, 1e15)) } : nil,
      uncoveredExperts: entry.uncoveredExperts)
  }

  private static func entropy(_ values: [Float], _ sum: Double) -> Double {
    guard sum > 0 else { return 0 }
    return values.reduce(0.0) { entropy, value in
      let share = Double(value) / sum
      return share > 0 ? entropy - share * log2(share) : entropy
    }
  }

  fileprivate func with(total: Double) -> Self {
    Self(
      name: name, layer: layer, part: part, columns: columns, sum: sum,
      share: total > 0 ? sum / total : 0, least: least, most: most, mean: mean,
      deviation: deviation, activeShare: activeShare, entropy: entropy, evenness: evenness,
      zDensity: zDensity, cosine: cosine, expertCounts: expertCounts,
      uncoveredExperts: uncoveredExperts)
  }
}

extension ImportanceMatrix.Entry {
  /// The means of all experts, zeros for those that no text reached.
  fileprivate var allValues: [Float] {
    (0..<expertCount).flatMap { values(expert: $0) ?? Array(repeating: 0, count: rowWeights) }
  }
}
