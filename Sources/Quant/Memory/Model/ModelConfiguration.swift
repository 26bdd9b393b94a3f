// SPDX-License-Identifier: MIT
internal import QuantModels

/// A model that exists only as sizes: what a line of options says of it.
public struct ModelConfiguration: Sendable, Equatable {
  /// GGUF's name of the architecture.
  public var architecture = ArchitectureRegistry.plain
  /// Layers.
  public var layers = 0
  /// Numbers that a token is between layers.
  public var embedding = 0
  /// Width of the feed-forward network of dense layers.
  public var feedForward = 0
  /// Query heads.
  public var heads = 0
  /// Heads of keys and values.
  public var keyValueHeads = 0
  /// Numbers of a head; zero for `embedding / heads`.
  public var headSize = 0
  /// Tokens of the vocabulary.
  public var vocabulary = 0
  /// Tokens of context that the model is made for.
  public var context = 4096
  /// Whether the output uses the embedding's weights.
  public var isTied = false
  /// Whether feed-forward networks have a gate.
  public var isGated = true
  /// Whether positions have weights.
  public var hasPositions = false
  /// Whether queries and keys are normed.
  public var normsQueries = false
  /// Whether queries, keys and values have a bias.
  public var hasBias = false
  /// Tokens of the sliding window; zero without one.
  public var slidingWindow = 0

  /// Experts of a layer; zero for a dense model.
  public var experts = 0
  /// Experts that a token uses.
  public var usedExperts = 0
  /// Width of an expert; zero for `feedForward`.
  public var expertFeedForward = 0
  /// Experts that every token uses besides.
  public var sharedExperts = 0
  /// Width of what every token uses besides, where it is not a multiple of an expert's.
  public var sharedFeedForward = 0
  /// Dense layers before those with experts.
  public var denseLayers = 0
  /// Every n-th layer has experts.
  public var expertStep = 1

  /// Width of compressed queries (MLA); zero where they are not compressed.
  public var queryRank = 0
  /// Width of compressed keys and values (MLA); zero without MLA.
  public var latentRank = 0
  /// Numbers of a head that positions do not rotate (MLA).
  public var plainHeadSize = 0
  /// Numbers of a head that positions rotate (MLA).
  public var rotaryHeadSize = 0
  /// Numbers of a value of a head (MLA).
  public var valueHeadSize = 0

  /// A configuration of nothing.
  public init() {}

  /// Throws `QuantError.content` if the sizes do not make a model.
  func check(_ name: String) throws(QuantError) {
    func require(
      _ what: String, _ value: Int, _ range: ClosedRange<Int>
    ) throws(QuantError) {
      guard !range.contains(value) else { return }
      throw .content(
        file: name, line: 0,
        what: "\(what): expected a number from \(range.lowerBound) to \(range.upperBound), found"
          + " \(value)")
    }
    try require("layers", layers, 1...ShapeLimit.layers)
    try require("embedding", embedding, 1...ShapeLimit.width)
    try require("vocabulary", vocabulary, 1...ShapeLimit.vocabulary)
    try require("heads", heads, 1...ShapeLimit.heads)
    try require("kv-heads", keyValueHeads, 1...heads)
    try require("head-size", headWidth, 1...ShapeLimit.headSize)
    try require("heads times head-size", heads * headWidth, 1...ShapeLimit.cacheWidth)
    try require("feed-forward", feedForward, (experts > 0 ? 0 : 1)...ShapeLimit.feedForward)
    try require("context", context, 1...ShapeLimit.context)
    try require("experts", experts, 0...ShapeLimit.experts)
    try require("used", usedExperts, (experts > 0 ? 1 : 0)...max(experts, 0))
    try require("expert-feed-forward", expertFeedForward, 0...ShapeLimit.feedForward)
    try require("expert width", experts > 0 ? expertWidth : 1, 1...ShapeLimit.feedForward)
    try require("shared", sharedExperts, 0...64)
    try require("shared-feed-forward", sharedFeedForward, 0...ShapeLimit.feedForward)
    try require("dense-layers", denseLayers, 0...layers)
    try require("expert-step", expertStep, 1...ShapeLimit.layers)
    try require("sliding-window", slidingWindow, 0...ShapeLimit.context)
    try require("query-rank", queryRank, 0...ShapeLimit.width)
    try require("latent-rank", latentRank, 0...ShapeLimit.headSize)
    guard latentRank > 0 else { return }
    try require("plain-head-size", plainHeadSize, 1...(1 << 12))
    try require("rotary-head-size", rotaryHeadSize, 1...(1 << 12))
    try require("value-head-size", valueHeadSize, 1...(1 << 12))
  }

  var headWidth: Int { headSize > 0 ? headSize : embedding / max(heads, 1) }
  var expertWidth: Int { expertFeedForward > 0 ? expertFeedForward : feedForward }
  var sharedWidth: Int {
    sharedFeedForward > 0 ? sharedFeedForward : sharedExperts * expertWidth
  }

  /// Whether a layer has experts.
  func hasExperts(_ layer: Int) -> Bool {
    experts > 0 && layer >= denseLayers && (layer + 1) % expertStep == 0
  }
}
