// SPDX-License-Identifier: MIT

/// What routers did with the tokens of a text: how often each expert of each layer was chosen, and with
/// what weight.
public struct RouterStatistics: Sendable, Equatable {
  /// What the router of one layer did.
  public struct Layer: Sendable, Equatable {
    /// The layer's number.
    public let layer: Int
    /// Tokens that were routed.
    public private(set) var tokenCount = 0
    /// Tokens for which each expert was chosen.
    public private(set) var counts: [Int]
    /// The sum of each expert's routing weights over these tokens, whatever their order.
    private(set) var sums: [ExactSum]

    /// Makes a layer without tokens.
    public init(layer: Int, expertCount: Int) {
      self.layer = layer
      counts = Array(repeating: 0, count: expertCount)
      sums = Array(repeating: ExactSum(), count: expertCount)
    }

    /// A layer as it was read from a file.
    init(layer: Int, tokenCount: Int, counts: [Int], sums: [ExactSum]) {
      self.layer = layer
      self.tokenCount = tokenCount
      self.counts = counts
      self.sums = sums
    }

    /// The sum of each expert's routing weights over these tokens.
    public var weights: [Double] { sums.map(\.value) }

    /// Experts in this layer.
    public var expertCount: Int { counts.count }

    /// The experts a token has, on average.
    public var expertsPerToken: Double {
      tokenCount > 0 ? Double(counts.reduce(0, +)) / Double(tokenCount) : 0
    }

    /// The share of tokens for which an expert was chosen, from 0 to 1.
    ///
    /// - Precondition: There is such an expert.
    public func share(of expert: Int) -> Double {
      tokenCount > 0 ? Double(counts[expert]) / Double(tokenCount) : 0
    }

    /// The mean of an expert's routing weights where it was chosen; zero if it never was.
    ///
    /// - Precondition: There is such an expert.
    public func meanWeight(of expert: Int) -> Double {
      counts[expert] > 0 ? sums[expert].value / Double(counts[expert]) : 0
    }

    /// Adds one token's choice.
    ///
    /// - Parameters:
    ///   - experts: The experts chosen, each once.
    ///   - weights: The weight of each as it is applied to its output.
    /// - Precondition: There are such experts, and a weight for each.
    public mutating func add(experts: Span<Int32>, weights: Span<Float>) {
      precondition(experts.count == weights.count)
      tokenCount += 1
      for index in experts.indices {
        let expert = Int(experts[index])
        counts[expert] += 1
        sums[expert].add(Double(weights[index]))
      }
    }

    /// Adds what other tokens gave.
    ///
    /// - Precondition: The layers have equally many experts.
    public mutating func add(_ other: Layer) {
      precondition(expertCount == other.expertCount)
      tokenCount += other.tokenCount
      for expert in counts.indices {
        counts[expert] += other.counts[expert]
        sums[expert].add(other.sums[expert])
      }
    }
  }

  /// The layers that have routers, in order.
  public private(set) var layers: [Layer] = []

  /// Makes one without layers.
  public init() {}

  /// Adds a layer, or more tokens of a layer that is there.
  ///
  /// - Precondition: A layer has equally many experts every time.
  public mutating func add(_ layer: Layer) {
    let place = layers.firstIndex { $0.layer >= layer.layer } ?? layers.endIndex
    if place < layers.endIndex && layers[place].layer == layer.layer {
      layers[place].add(layer)
    } else {
      layers.insert(layer, at: place)
    }
  }

  /// Adds what another part of a text gave.
  public mutating func add(_ other: RouterStatistics) {
    for layer in other.layers { add(layer) }
  }
}

extension RouterStatistics: Encodable {
  private enum CodingKeys: String, CodingKey { case layers }
}

extension RouterStatistics.Layer: Encodable {
  private enum CodingKeys: String, CodingKey {
    case layer, tokenCount, counts, shares, meanWeights
  }

  /// Writes counts, shares and mean weights, an element for each expert.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(layer, forKey: .layer)
    try container.encode(tokenCount, forKey: .tokenCount)
    try container.encode(counts, forKey: .counts)
    try container.encode(counts.indices.map(share), forKey: .shares)
    try container.encode(counts.indices.map(meanWeight), forKey: .meanWeights)
  }
}
