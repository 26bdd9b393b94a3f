// SPDX-License-Identifier: MIT
internal import QuantEvaluation
public import QuantPlanning

/// Variants of a model side by side: what each takes, what it costs in quality, how fast it would be.
public struct Frontier: Sendable, Codable {
  /// One variant, written and measured.
  public struct Point: Sendable, Codable {
    /// How the variant was chosen.
    public enum Series: String, Sendable, Codable, CaseIterable {
      /// The best types for a number of bytes, each expert its own.
      case perExpert = "per-expert"
      /// The best types for a number of bytes, one for all experts of a layer and projection.
      case merged
      /// One type for everything.
      case uniform
      /// Some experts in few bits, the rest whole: chosen at random.
      case random
      /// Likewise, those that the router takes least first.
      case router
      /// Likewise, those that suffer least first.
      case sensitivity
    }
    /// How it was chosen.
    public let series: Series
    /// What tells it from others of its series: `3.20 bits`, `8 experts`, `Q4_K`.
    public let label: String
    /// Experts in few bits, for the series that count them.
    public let quantizedExperts: Int?
    /// The recipe that it is made by, as a file of `requantize`.
    public let recipe: String
    /// Whether tensors that are quantized already are quantized again.
    public let requantizes: Bool
    /// Whether tensors are written without an importance matrix whose types need one.
    public let lacksImportance: Bool
    /// Whether llama.cpp loads it.
    public let llamaCpp: LlamaCppSupport
    /// Tensors with weights that their types cannot hold.
    public let losses: [TensorLoss]
    /// Tensors of which zeros alone are left.
    public let emptiedTensors: [EmptiedTensor]
    /// Bytes of the file.
    public let sizeBytes: Int
    /// Bits for each weight.
    public let bitsPerWeight: Double
    /// The divergence expected, in nats per token.
    public let expectedDivergence: Double
    /// What was measured, a text after the other.
    public let results: [TextResult]
    /// Tokens a second on the machine described; `nil` without a machine or a model for it.
    public let speed: Speed?
    /// For each layer with experts and each of its experts: bits for each weight.
    public let expertBits: [[Double]]
    /// Whether no variant is both smaller and better.
    public internal(set) var isOnFront = false

    /// The mean divergence over the texts, in nats per token.
    public var meanDivergence: Double { results.meanDivergence }
  }

  /// Tokens a second, as a range.
  public struct Speed: Sendable, Codable {
    /// By the constants of the machine.
    public let tokensPerSecond: Double
    /// The least expected.
    public let low: Double
    /// The most expected.
    public let high: Double
  }

  /// The point that a policy picks, and why.
  public struct Pick: Sendable, Codable {
    /// The policy.
    public let policy: String
    /// Its number among the points; `nil` if none meets the thresholds.
    public let point: Int?
    /// The reason, in a sentence.
    public let reason: String
  }

  /// The path of the model.
  public let model: String
  /// What the model calls itself; `nil` if it has no name.
  public let name: String?
  /// The path of the importance matrix that the variants are made with, if there is one.
  public let importance: String?
  /// Bytes of the model.
  public let modelBytes: Int
  /// The model's own perplexity on each text.
  public let base: [TextResult]
  /// The machine that speeds are for.
  public let machine: String?
  /// What speeds rest on, in sentences.
  public let speedBasis: [String]
  /// Layers with experts, by their numbers in the model.
  public let expertLayers: [Int]
  /// The variants, series after series, from the smallest to the largest.
  public internal(set) var points: [Point]
  /// The point that was asked for.
  public internal(set) var pick: Pick?
}

extension Frontier {
  /// Marks the points that no other beats in both size and divergence.
  ///
  /// - Complexity: O(*n* log *n*) in points.
  mutating func markFront() {
    var best = Double.infinity
    let measured = points.indices.filter {
      points[$0].meanDivergence.isFinite && !points[$0].results.isEmpty
    }
    let order = measured.sorted {
      (points[$0].sizeBytes, points[$0].meanDivergence)
        < (points[$1].sizeBytes, points[$1].meanDivergence)
    }
    for index in order {
      points[index].isOnFront = points[index].meanDivergence < best
      best = min(best, points[index].meanDivergence)
    }
  }
}
