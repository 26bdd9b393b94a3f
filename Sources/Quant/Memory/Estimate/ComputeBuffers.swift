// SPDX-License-Identifier: MIT
internal import GGUF

/// Bytes of the buffers that computations work in, and how sure they are.
struct ComputeBuffers {
  /// Bytes on each GPU, and on the host last.
  let bytes: [Int]
  let method: EstimateMethod

  /// Computations of unknown architectures are guessed from their tensors, which misses some.
  private static let marginOfGuess = 1.1
  /// What inputs of an unknown architecture may take that the guess has not.
  private static let inputsOfGuess = 16 << 10

  init(
    _ model: MemoryModel, _ placement: DevicePlacement, _ options: ContextOptions,
    _ rule: ComputeRule
  ) {
    if rule == .best, model.shape.isKnown, let traits = GraphTraits(known: model),
      let bytes = Self.replayed(model, traits, placement, options)
    {
      (self.bytes, method) = (bytes, .replayed)
      return
    }
    method = .bound
    // Nothing like a graph with caches: what it would guess is far off.
    let isUncached = model.shape.attentionLayers.contains { !$0.isCached }
    if rule != .formula, !isUncached, let traits = Self.guess(model, rule),
      let guess = Self.replayed(model, traits, placement, options)
    {
      bytes = guess.map { $0 > 0 ? Int(Double($0) * Self.marginOfGuess) + Self.inputsOfGuess : 0 }
    } else {
      bytes = ComputeFormula(model: model, placement: placement, options: options).bytes
    }
  }

  /// What a computation looks like that nobody described.
  private static func guess(_ model: MemoryModel, _ rule: ComputeRule) -> GraphTraits? {
    let like = rule == .best ? GraphTraits(known: model) : nil
    return like ?? GraphTraits(guessing: model)
  }

  private static func replayed(
    _ model: MemoryModel, _ traits: GraphTraits, _ placement: DevicePlacement,
    _ options: ContextOptions
  ) -> [Int]? {
    GraphBuilder.graph(model, traits: traits, options: options, placement: placement).map {
      BufferReplay.peaks(GraphSchedule($0, placement: placement, options: options))
    }
  }
}
