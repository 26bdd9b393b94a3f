// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Compute buffers by a formula, for models whose computation cannot even be guessed: the sum of the
/// tensors that can be alive at once, which is above what is needed.
///
/// A layer keeps its input, its sum and a norm beside either attention (queries, results, scores, masks)
/// or the network (gate, up and their product, for every expert that a token uses) or a state space. Where
/// weights are in host memory, the largest of them are copied to the GPU, and a layer's cache with them.
struct ComputeFormula {
  let model: MemoryModel
  let placement: DevicePlacement
  let options: ContextOptions

  private let cache: CacheEstimate
  private var shape: ModelShape { model.shape }

  init(model: MemoryModel, placement: DevicePlacement, options: ContextOptions) {
    self.model = model
    self.placement = placement
    self.options = options
    cache = CacheEstimate(shape: model.shape, options: options)
  }

  /// Bytes on each GPU, and on the host last.
  var bytes: [Int] {
    let floats = max(layerFloats, 1)
    let layers = [4 * options.tokens * (floats + floats / 10), halfCopies, chosenRows]
      .clampedSum { $0 }
    let logits = MemoryFamilies.output(shape.architecture) == .logits ? shape.vocabulary : 0
    let head = 4 * options.outputs * (logits + 3 * shape.width)
    let inputs = 4 * options.tokens * (2 * inputWidth + masks + valuePlaces + 64)
    let work = [layers, head, inputs, states, crossAttention, 2 << 20].clampedSum { $0 }
    guard placement.rule.gpuCount > 0 else { return [work] }
    let passed = 2 * 4 * options.tokens * streams * shape.width
    let copies = placement.rule.gpuCount > 1 ? 4 * (inputs + passed) : 0
    let gpus = (0..<placement.rule.gpuCount).map { gpu in
      [work, copies, gpu == 0 ? copiedWeights : 0].clampedSum { $0 }
    }
    let host = isPartial ? work : inputs + copies + 2 << 20
    return gpus + [host]
  }

  /// Whether anything but the embedding is computed with weights in host memory.
  private var isPartial: Bool {
    zip(model.tensors, placement.tensors).contains {
      $1 == .host && !Self.isOfInput($0.name)
    }
  }

  /// Whether only rows of a tensor are read, at the start.
  private static func isOfInput(_ name: String) -> Bool {
    ["token_embd", "token_types", "position_embd"].contains(where: name.hasPrefix)
  }

  /// Numbers of a token that masks take, in all caches.
  private var masks: Int {
    let kinds = [true, false].compactMap { slides in
      shape.attentionLayers.first { $0.isSliding == slides }
    }
    let others = shape.layers.map(otherRows).max() ?? 0
    return kinds.reduce(0) { $0 + cache.cells($1) } + 2 * others
  }

  /// Rows of a layer's other caches, of which there are masks, too.
  private func otherRows(_ layer: LayerMemory) -> Int {
    layer.caches.map { if case .fixed = $0.rows { 0 } else { cache.rows($0) } }.reduce(0, +)
  }

  /// Numbers of a token that come in, with features of pictures and embeddings of every layer.
  private var inputWidth: Int {
    let index = model.index(of: "per_layer_token_embd.weight")
    let perLayer = index.flatMap { model.tensors[$0].description.dimensions.first } ?? 0
    return shape.width * (1 + shape.deepstackLayers) + perLayer
  }

  private var streams: Int { shape.streams }

  /// The states of all sequences, as they were and as they become.
  private var states: Int {
    let widest = shape.layers.compactMap(\.recurrence).map { $0.windowWidth + $0.stateWidth }.max()
    return 2 * 4 * (widest ?? 0) * options.sequences
  }

  /// What says which rows an indexer chose, for every layer at once.
  private var chosenRows: Int {
    let indexed = shape.layers.count { !$0.caches.isEmpty }
    return 4 * options.tokens * min(shape.indexedRows, options.paddedContext) * indexed
  }

  private var valuePlaces: Int {
    options.usesFlashAttention ? 4 : 4 * cache.widestValues
  }

  /// Numbers of a token that are alive at once in the widest layer.
  private var layerFloats: Int {
    let others = shape.layers.map(otherRows).max() ?? 0
    let attention =
      shape.attentionLayers.map { layer in
        let size = max(layer.keySize, layer.valueSize, shape.headKeySize)
        // A bias is there as it is read, turned, and added.
        let times = isBiased ? 4 : options.usesFlashAttention ? 0 : 1
        let scores = times * layer.heads * (cache.cells(layer) + others)
        return 4 * layer.heads * size + 3 * (layer.keyWidth + layer.valueWidth) + scores
      }.max() ?? 0
    let dense = 3 * (shape.feedForward.max() ?? 0)
    let experts =
      shape.usedExperts * (3 * shape.expertWidth + 2 * shape.width) + 4 * shape.expertCount
    let recurrent = shape.layers.compactMap(\.recurrence)
    let window = recurrent.map(\.windowWidth).max() ?? 0
    // RWKV mixes each token with the one before it for five products, and as many come of these.
    let mixed = shape.stateSpace == nil && !recurrent.isEmpty ? 24 * shape.width : 0
    let space = max((shape.stateSpace?.inner ?? 0) * 8, 2 * window, mixed) + window
    let copies = shape.layers.flatMap(\.caches).map { 8 * $0.width }.max() ?? 0
    let passed = (6 + 8 * (streams - 1)) * shape.width + 2 * inputWidth
    return passed + 3 * masks + copies + max(attention, dense + experts, space)
  }

  private var isBiased: Bool {
    MemoryFamilies.named(shape.architecture)?.biasesScores ?? false
  }

  /// What a decoder computes of an encoder's result, for as many tokens as the model was made for.
  private var crossAttention: Int {
    guard isBiased, let layer = shape.attentionLayers.first else { return 0 }
    let encoded = shape.trainedContext ?? 512
    let rows = shape.width + 2 * (layer.keyWidth + layer.valueWidth)
    return 4 * encoded * (rows + options.tokens * (2 * layer.heads + 1))
  }

  /// 16-bit copies of quantized caches.
  private var halfCopies: Int {
    guard options.keyType != .F16 || options.valueType != .F16 else { return 0 }
    let widest = shape.attentionLayers.map {
      2 * cache.cells($0) * options.streams * ($0.keyWidth + $0.valueWidth)
    }.max()
    return widest ?? 0
  }

  /// The two largest tensors of weights in host memory, as the second can come before the first is done
  /// with, and a layer's cache there.
  private var copiedWeights: Int {
    guard options.offloadsWork, isPartial else { return 0 }
    let weights = zip(model.tensors, placement.tensors).filter { $0.1 == .host }
    let sizes = weights.map { MemoryEstimate.bytes(of: $0.0, on: .gpu(0), options.rules) }.sorted()
    let largest = sizes.suffix(2).clampedSum { $0 }
    let caches = shape.layers.indices.map { cache.bytes(layer: $0, isOnGPU: true) }.max() ?? 0
    return [largest, caches].clampedSum { $0 }
  }
}
