// SPDX-License-Identifier: MIT
internal import GGUF

/// Bytes of the buffers that computations work in, and how sure they are.
struct ComputeBuffers {
  /// Bytes on each GPU, and on the host last.
  let bytes: [Int]
  let method: EstimateMethod

  init(
    _ model: MemoryModel, _ placement: DevicePlacement, _ options: ContextOptions,
    _ rule: ComputeRule
  ) {
    let replay = Replay(model: model, placement: placement, options: options)
    if rule == .best, model.shape.isKnown, let traits = GraphTraits(known: model),
      let bytes = replay.bytes(traits)
    {
      (self.bytes, method) = (bytes, .replayed)
      return
    }
    method = .bound
    // Nothing like a graph with caches: what it would guess is far off.
    let isUncached = model.shape.attentionLayers.contains { !$0.isCached }
    let bound: [Int]? =
      switch rule {
      case _ where isUncached: nil
      case .best: (GraphTraits(known: model) ?? GraphTraits(guessing: model)).flatMap(replay.bound)
      case .unknownArchitecture: GraphTraits(guessing: model).flatMap(replay.widened)
      case .formula: nil
      }
    bytes = bound ?? ComputeFormula(model: model, placement: placement, options: options).bytes
  }
}

/// Replays of computations that are known or guessed.
private struct Replay {
  let model: MemoryModel
  let placement: DevicePlacement
  var options: ContextOptions

  /// Computations of unknown architectures are guessed from their tensors, which misses some.
  private static let margin = 1.1
  /// What inputs of an unknown architecture may take that the guess has not.
  private static let inputs = 16 << 10

  func bytes(_ traits: GraphTraits) -> [Int]? {
    GraphBuilder.graph(model, traits: traits, options: options, placement: placement).map {
      BufferReplay.peaks(GraphSchedule($0, placement: placement, options: options))
    }
  }

  /// A guess with a margin.
  func widened(_ traits: GraphTraits) -> [Int]? {
    bytes(traits)?.map { $0 > 0 ? Int(Double($0) * Self.margin) + Self.inputs : 0 }
  }

  /// What no computation that these tensors may stand for should exceed: the most of several guesses. A
  /// device with no more than the output is left to the first, as a guess of what else may be computed
  /// there would outweigh all that it holds.
  func bound(_ traits: GraphTraits) -> [Int]? {
    guard var most = widened(traits) else { return nil }
    let others = traits.variants.compactMap(widened) + [withLogitsLast(traits)].compactMap(\.self)
    for index in most.indices where layers(at: index) > 1 {
      for other in others { most[index] = max(most[index], other[index]) }
    }
    return most
  }

  /// Layers on a device, the output counted as one.
  private func layers(at index: Int) -> Int {
    let device: MemoryDevice = index < placement.rule.gpuCount ? .gpu(index) : .host
    return placement.layers.count { $0 == device }
  }

  /// Where logits of many tokens fit into no gap of the buffer, they come behind all else; `nil` for
  /// logits of few.
  private func withLogitsLast(_ traits: GraphTraits) -> [Int]? {
    guard options.outputs > options.sequences else { return nil }
    var few = self
    few.options.outputRows = options.sequences
    guard var bytes = few.bytes(traits) else { return nil }
    let logits = 4 * options.outputs * model.shape.vocabulary
    if case .gpu(let index)? = placement.layers.last {
      bytes[index] += logits
    } else {
      bytes[bytes.count - 1] += logits
    }
    return bytes
  }
}
