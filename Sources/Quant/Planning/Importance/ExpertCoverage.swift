// SPDX-License-Identifier: MIT
internal import QuantModels

/// How often the texts of an importance matrix reached each expert: what was hardly ever reached is
/// quantized with hardly any knowledge.
public struct ExpertCoverage: Sendable {
  /// The share of even use below which an expert counts as rarely reached.
  public static let rareShare = 0.1

  /// An expert that was rarely or never reached.
  public struct Rare: Sendable, Encodable, Equatable {
    /// The expert.
    public let expert: Int
    /// Tokens that reached it.
    public let count: Int
  }

  /// The experts of one layer.
  public struct Layer: Sendable, Encodable, Equatable {
    /// The layer.
    public let layer: Int
    /// How many experts it has.
    public let experts: Int
    /// Tokens of the expert that was reached least.
    public let fewest: Int
    /// Tokens of each, were all reached alike.
    public let mean: Double
    /// Tokens of the expert that was reached most.
    public let most: Int
    /// Those with less than a tenth of even use.
    public let rare: [Rare]
  }

  /// Layers with experts, in order; none if the matrix has no counts.
  public let layers: [Layer]

  /// Reads the counts off a matrix, from the products that experts take their input with.
  public init(_ matrix: ImportanceMatrix) {
    var found: [Int: Layer] = [:]
    for entry in matrix.entries {
      guard let name = ExpertTensorName(entry.name), name.expert == nil, name.projection != "down",
        let counts = entry.counts, entry.expertCount > 1
      else { continue }
      found[name.layer] = Self.layer(name.layer, counts.map { Int(min($0, 1e15)) })
    }
    layers = found.values.sorted { $0.layer < $1.layer }
  }

  private static func layer(_ number: Int, _ counts: [Int]) -> Layer {
    // Whole numbers might have a sum beyond their range: a file may claim any counts.
    let mean = counts.reduce(0.0) { $0 + Double($1) } / Double(counts.count)
    let rare = counts.enumerated().filter {
      Double($0.element) < rareShare * mean || $0.element == 0
    }
    return Layer(
      layer: number, experts: counts.count, fewest: counts.min() ?? 0, mean: mean,
      most: counts.max() ?? 0, rare: rare.map { Rare(expert: $0.offset, count: $0.element) })
  }
}
