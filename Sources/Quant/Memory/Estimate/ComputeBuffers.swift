// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// The buffers that computations work in, wherever a model is put and whatever its types are: made once,
/// they serve all placements and presets that are tried.
struct ComputeBuffers {
  /// How sure their sizes are.
  let method: EstimateMethod
  private let options: ContextOptions
  private let source: Source

  /// What their sizes are taken from.
  private enum Source {
    case replay(ComputeGraph)
    case guesses(Guesses)
    case formula
  }

  /// - Parameters:
  ///   - model: The model, or one with tensors of the same names and shapes.
  ///   - options: How it is run.
  ///   - rule: What the sizes are estimated by.
  /// - Complexity: O(*n*) in operations.
  init(_ model: MemoryModel, _ options: ContextOptions, _ rule: ComputeRule = .best) {
    self.options = options
    if rule == .best, model.shape.isKnown, let traits = GraphTraits(known: model),
      let graph = GraphBuilder.graph(model, traits: traits, options: options)
    {
      (source, method) = (.replay(graph), .replayed)
      return
    }
    method = .bound
    let guesses: Guesses? =
      switch rule {
      case _ where !Guesses.isPossible(model): nil
      case .best:
        (GraphTraits(known: model) ?? GraphTraits(guessing: model))
          .flatMap { Guesses(model, $0, options, hasVariants: true) }
      case .unknownArchitecture:
        GraphTraits(guessing: model).flatMap { Guesses(model, $0, options, hasVariants: false) }
      case .formula: nil
      }
    source = guesses.map(Source.guesses) ?? .formula
  }

  /// Bytes on each GPU, and on the host last.
  func bytes(_ model: MemoryModel, _ placement: DevicePlacement) -> [Int] {
    let replay = Replay(model: model, placement: placement, options: options)
    switch source {
    case .replay(let graph): return replay.bytes(graph)
    case .guesses(let guesses): return replay.bytes(guesses)
    case .formula:
      return ComputeFormula(model: model, placement: placement, options: options).bytes
    }
  }
}

/// What the tensors of a model that nobody described may be computed as.
private struct Guesses {
  let likeliest: ComputeGraph
  let others: [ComputeGraph]
  /// The likeliest with logits of few tokens; `nil` where it has no more.
  let fewLogits: ComputeGraph?
  /// Bytes that what it leaves out may take.
  private(set) var missed = 0

  /// Whether a graph in the common form can be like what a model computes: not where nothing is cached, nor
  /// where streams, indexers or compressed rows are read by an architecture's own rules that are not built.
  static func isPossible(_ model: MemoryModel) -> Bool {
    let shape = model.shape
    guard shape.attentionLayers.allSatisfy(\.isCached) else { return false }
    let isSpecial = shape.streams > 1 || shape.layers.contains { !$0.caches.isEmpty }
    return !isSpecial || MemoryFamilies.computation(shape.likeness) != nil
  }

  /// What the likeliest leaves out, in the layer where that is most: numbers of a token that matrices make
  /// which it does not read, and what is made of these in turn.
  func missedFloats(of model: MemoryModel) -> Int {
    var read: Set<Int> = []
    for tensor in likeliest.tensors {
      switch tensor.role {
      case .weight(let index), .weightCopy(let index, _): read.insert(index)
      default: break
      }
    }
    var layers: [Int: Int] = [:]
    for index in model.tensors.indices where !read.contains(index) {
      let tensor = model.tensors[index]
      let sizes = tensor.description.dimensions
      guard let layer = tensor.layer, sizes.count > 1, model.isLoaded(tensor) else { continue }
      let times = sizes.count > 2 ? max(1, model.shape.usedExperts) : 1
      let outputs = min(sizes[1], ShapeLimit.feedForward)
      layers[layer, default: model.shape.width].addClamped(2 * times * outputs)
    }
    return min(layers.values.max() ?? 0, 1 << 40)
  }

  /// `nil` for computations that are too large to replay.
  init?(
    _ model: MemoryModel, _ traits: GraphTraits, _ options: ContextOptions, hasVariants: Bool
  ) {
    func graph(_ traits: GraphTraits, _ options: ContextOptions) -> ComputeGraph? {
      GraphBuilder.graph(model, traits: traits, options: options)
    }
    guard let likeliest = graph(traits, options) else { return nil }
    self.likeliest = likeliest
    others = hasVariants ? traits.variants.compactMap { graph($0, options) } : []
    var few = options
    few.outputRows = options.sequences
    fewLogits = hasVariants && options.outputs > options.sequences ? graph(traits, few) : nil
    if model.shape.isKnown { missed = 4 * options.tokens * missedFloats(of: model) }
  }
}

/// Replays of computations in one placement.
private struct Replay {
  let model: MemoryModel
  let placement: DevicePlacement
  let options: ContextOptions

  /// Computations of unknown architectures are guessed from their tensors, which misses some.
  private static let margin = 1.1
  /// What inputs of an unknown architecture may take that the guess has not.
  private static let inputs = 16 << 10

  func bytes(_ graph: ComputeGraph) -> [Int] {
    BufferReplay.peaks(GraphSchedule(graph, model, placement: placement, options: options))
  }

  /// What no computation that these tensors may stand for should exceed: the most of several guesses. A
  /// device with no more than the output is left to the first, as a guess of what else may be computed
  /// there would outweigh all that it holds.
  func bytes(_ guesses: Guesses) -> [Int] {
    var most = widened(guesses.likeliest)
    let others =
      guesses.others.map(widened) + [guesses.fewLogits.map(withLogitsLast)].compactMap(\.self)
    for index in most.indices where layers(at: index) > 1 {
      for other in others { most[index] = max(most[index], other[index]) }
    }
    return most.map { $0 > 0 ? [$0, guesses.missed].clampedSum { $0 } : 0 }
  }

  /// A guess with a margin.
  private func widened(_ graph: ComputeGraph) -> [Int] {
    bytes(graph).map { $0 > 0 ? Int(Double($0) * Self.margin) + Self.inputs : 0 }
  }

  /// Layers on a device, the output counted as one.
  private func layers(at index: Int) -> Int {
    let device: MemoryDevice = index < placement.rule.gpuCount ? .gpu(index) : .host
    return placement.layers.count { $0 == device }
  }

  /// Where logits of many tokens fit into no gap of the buffer, they come behind all else.
  private func withLogitsLast(_ few: ComputeGraph) -> [Int] {
    var bytes = bytes(few)
    let logits = 4 * options.outputs * model.shape.vocabulary
    if case .gpu(let index)? = placement.layers.last {
      bytes[index] += logits
    } else {
      bytes[bytes.count - 1] += logits
    }
    return bytes
  }
}
