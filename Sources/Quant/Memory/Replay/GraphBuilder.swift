internal import GGUF
// SPDX-License-Identifier: MIT
internal import QuantModels

/// Builds the computation of one batch, operation by operation, for architectures whose computation in
/// llama.cpp is known.
struct GraphBuilder {
  let model: MemoryModel
  let options: ContextOptions
  let traits: GraphTraits
  /// Sizes of the caches.
  let caches: CacheEstimate
  var graph = ComputeGraph()
  /// Inputs that were made already, by their names.
  private var inputs: [String: Int] = [:]
  /// Weights that were asked for already, by their index.
  private var weightLeaves: [Int: Int] = [:]
  /// The factors of rotations for each layer.
  private var factorLeaves: [Int: Int] = [:]
  /// The view of the states' places that all recurrent layers read.
  var statePlacesView: Int?
  /// That of the places of other sequences' states.
  var otherPlacesView: Int?
  /// The rows that the last indexer chose.
  var chosenRows: Int?

  var shape: ModelShape { model.shape }
  /// Tokens of the batch.
  var tokens: Int { options.tokens }
  /// Rows of logits.
  var outputs: Int { options.outputs }

  /// Larger computations are bounded instead: they would take long to replay.
  private static let mostNodes = 150_000

  private init(_ model: MemoryModel, _ options: ContextOptions, _ traits: GraphTraits) {
    self.model = model
    self.options = options
    self.traits = traits
    caches = CacheEstimate(shape: model.shape, options: options)
  }

  /// The computation of a model with these traits; `nil` if it would be too large to replay.
  static func graph(
    _ model: MemoryModel, traits: GraphTraits, options: ContextOptions
  ) -> ComputeGraph? {
    guard model.shape.layerCount * (80 + 2 * model.shape.usedExperts) < mostNodes else {
      return nil
    }
    var builder = GraphBuilder(model, options, traits)
    if let family = MemoryFamilies.family(model) as? any ReplayedFamily.Type {
      family.build(&builder)
    } else {
      builder.build { builder, layer, input in builder.layer(layer, input) }
    }
    return builder.graph
  }

  /// The embedding, the layers and the output.
  ///
  /// - Parameter layer: Adds a layer, given its number and its input; returns its result.
  mutating func build(_ layer: (inout GraphBuilder, Int, Int) -> Int) {
    var current = embedding()
    for number in 0..<shape.trunkCount { current = layer(&self, number, current) }
    addOutput(current)
  }

  /// The last norm and the logits.
  mutating func addOutput(_ input: Int) {
    var current = input
    if traits.computation.choosesRowsLast {
      // The states before the choice stay until the end: draft models read them.
      graph.keep(current)
      current = outputRows(current)
    }
    addLogits(norm(current, MemoryFamilies.outputNorm(model), layer: nil))
  }

  /// The logits of normed rows.
  mutating func addLogits(_ normed: Int) {
    var rows = normed
    graph.keep(rows)
    if traits.computation.choosesRowsAfterNorm {
      rows = outputRows(rows)
      graph.keep(rows)
    }
    var logits = product(outputWeight(), rows, rows: outputs, shape.vocabulary)
    if model.contains("output.bias") { logits = elementwise(logits, weight("output.bias")) }
    if traits.computation.capsLogits { for _ in 0..<3 { logits = elementwise(logits, logits) } }
    graph.keep(logits)
    graph.expand(logits)
  }

  /// A layer of the common form.
  mutating func layer(_ layer: Int, _ input: Int) -> Int {
    switch traits.computation.family {
    case .standard, .latent: return transformerLayer(layer, input)
    case .mamba: return mambaLayer(layer, input)
    }
  }

  /// The embedding of the tokens, with room for `parts` times the width: pictures fill more than one.
  mutating func embedding(parts: Int = 1) -> Int {
    let ids = input("tokens", GraphShape(tokens), bytes: 4 * tokens)
    let table = weight("token_embd.weight")
    var current = graph.result(.rows, GraphShape(shape.width, tokens), [table, ids])
    let whole = GraphShape(parts * shape.width, tokens)
    if parts > 1 { current = graph.result(.other, whole, [current]) }
    graph.expand(current)
    // A batch may hold embeddings instead of tokens: room is made for them, too.
    graph.expand(input("embeddings", whole, bytes: 4 * whole.count))
    if traits.computation.scalesEmbedding {
      current = elementwise(current, current)
      graph.expand(current)
    }
    return current
  }

  /// The weights of the output.
  mutating func outputWeight() -> Int {
    guard model.hasTiedOutput else { return weight("output.weight") }
    let index = model.index(of: "token_embd.weight") ?? 0
    return leaf(.weightCopy(index, .output), index)
  }
}

// MARK: Pieces that all architectures share

extension GraphBuilder {
  /// Weights of the model, which `GraphTraits` has seen to be there.
  mutating func weight(_ name: String) -> Int {
    let index = model.index(of: name) ?? 0
    if let known = weightLeaves[index] { return known }
    let made = leaf(.weight(index), index)
    weightLeaves[index] = made
    return made
  }

  /// The factors of rotations, of which every device with layers has a copy.
  mutating func factors(layer: Int) -> Int {
    if let known = factorLeaves[layer] { return known }
    let index = traits.factors.flatMap(model.index) ?? 0
    let made = leaf(.weightCopy(index, .layer(layer)), index)
    factorLeaves[layer] = made
    return made
  }

  private mutating func leaf(_ role: GraphTensor.Role, _ index: Int) -> Int {
    let sizes = model.tensors[index].description.dimensions
    let shape = GraphShape(
      sizes.first ?? 1, sizes.count > 1 ? sizes[1] : 1, sizes.count > 2 ? sizes[2] : 1)
    return graph.leaf(role, shape, bytes: 0)
  }

  /// An input, the same for all who ask for the name.
  mutating func input(_ name: String, _ shape: GraphShape, bytes: Int) -> Int {
    if let known = inputs[name] { return known }
    let made = graph.leaf(.input, shape, bytes: bytes)
    inputs[name] = made
    return made
  }

  mutating func elementwise(_ first: Int, _ others: Int...) -> Int {
    // A second mention of the same tensor stands for none.
    let sources = [first] + others.filter { $0 != first }
    return graph.result(.elementwise, graph.shape(first), sources)
  }

  /// A part of the numbers of every row: `width` is what a row has in all. A copy of a part has the gaps
  /// between the rows, too.
  mutating func part(
    _ source: Int, _ shape: GraphShape, of width: Int, rows: Int? = nil
  ) -> Int {
    let rows = max(1, rows ?? tokens)
    return graph.view(source, shape, bytes: 4 * ((rows - 1) * width + shape.count / rows))
  }

  /// A matrix product with weights: `rows` rows of `width` numbers.
  mutating func product(_ weight: Int, _ input: Int, rows: Int, _ width: Int) -> Int {
    graph.result(.product, GraphShape(width, rows), [weight, input])
  }

  /// A product with `NAME.weight`, and `NAME.bias` added if it is there.
  mutating func linear(_ name: String, _ input: Int, rows: Int, _ width: Int) -> Int {
    let result = product(weight("\(name).weight"), input, rows: rows, width)
    guard model.contains("\(name).bias") else { return result }
    return elementwise(result, weight("\(name).bias"))
  }

  /// A norm with its weights and biases; nothing where the file has none.
  mutating func norm(_ input: Int, _ name: String, layer: Int?) -> Int {
    guard model.contains("\(name).weight") else { return input }
    let plain = graph.result(.elementwise, graph.shape(input), [input])
    if let layer, tokens < 32 { graph.pin(plain, to: .deviceOfLayer(layer)) }
    let scaled = elementwise(plain, weight("\(name).weight"))
    guard model.contains("\(name).bias") else { return scaled }
    return elementwise(scaled, weight("\(name).bias"))
  }

  /// The rows that logits are wanted of.
  mutating func outputRows(_ tensor: Int) -> Int {
    let ids = input("outputs", GraphShape(outputs), bytes: 4 * outputs)
    return graph.result(.rows, GraphShape(graph.shape(tensor).a, outputs), [tensor, ids])
  }
}
