// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

extension ModelShape {
  /// Reads the sizes off a model's metadata and the names and shapes of its tensors.
  ///
  /// Throws `QuantError.content` for keys that are missing, for numbers that no model has, and for numbers
  /// that contradict each other.
  init(
    _ metadata: Metadata, tensors: [String: [Int]], file: String
  ) throws(QuantError) {
    let reader = KeyReader(metadata, path: file)
    guard let architecture = metadata.architecture, !architecture.isEmpty else {
      throw .content(file: file, line: 0, what: "expected the key general.architecture, found none")
    }
    self.architecture = architecture
    likeness = Likeness.architecture(reader, tensors)
    layerCount = try reader.integer("block_count", in: 1...ShapeLimit.layers)
    width = try reader.integer("embedding_length", in: 1...ShapeLimit.width)
    trainedContext = try reader.trainedContext()
    vocabulary = try reader.vocabulary(tensors)
    feedForward = try reader.integers(
      "feed_forward_length", layers: layerCount, default: 0, in: 0...ShapeLimit.feedForward)
    let experts = try ExpertSizes(reader, tensors)
    (expertCount, usedExperts) = (experts.count, experts.used)
    (expertGroups, usedExpertGroups) = (experts.groups, experts.usedGroups)
    expertWidth = experts.width
    indexedRows = try reader.integer(
      "attention.indexer.top_k", default: 0, in: 0...ShapeLimit.context)
    stateSpace = try StateSpace(reader)
    deepstackLayers = try reader.integer("n_deepstack_layers", default: 0, in: 0...layerCount)
    streams = try reader.streams(layers: layerCount, tensors)
    let attention = try AttentionSizes(
      reader, like: likeness, layers: layerCount, width: width, tensors)
    slidingWindow = attention.window
    latentRank = attention.latentRank
    rotarySize = attention.rotarySize
    (headKeySize, headValueSize) = (attention.headKeySize, attention.headValueSize)
    let recurrence = try Self.recurrence(reader, stateSpace, width, layers: layerCount)
    let parts = LayerSizes(tensors)
    draftLayerCount = attention.draftLayers
    let trunk = layerCount - attention.draftLayers
    var layers = (0..<layerCount).map { layer in
      LayerMemory(
        attention: layer < trunk && parts.attending.contains(layer) ? attention.layer(layer) : nil,
        recurrence: layer < trunk && parts.recurrent.contains(layer) ? recurrence : nil)
    }
    let family = MemoryFamilies.named(likeness)
    let shown = layers
    try family?.adjust(&layers, reader, tensors)
    if likeness != architecture {
      // What tensors show stays, whatever the architecture that they look like makes of it.
      for layer in layers.indices {
        layers[layer].attention = layers[layer].attention ?? shown[layer].attention
        layers[layer].recurrence = layers[layer].recurrence ?? shown[layer].recurrence
      }
    }
    self.layers = layers
    hasStreamPerSequence = family?.hasStreamPerSequence ?? false
  }

  /// Numbers that a recurrent layer keeps for each sequence (llama.cpp's `n_embd_r` and `n_embd_s`).
  private static func recurrence(
    _ reader: KeyReader, _ space: StateSpace?, _ width: Int, layers: Int
  ) throws(QuantError) -> LayerMemory.Recurrence? {
    let limit = ShapeLimit.headSize
    if reader.has("wkv.head_size") {
      let shifts = try reader.integer("token_shift_count", default: 2, in: 1...16)
      let size = try reader.integer("wkv.head_size", in: 1...limit)
      return .init(windowWidth: shifts * width, stateWidth: width * size)
    }
    if reader.has("shortconv.l_cache") {
      let tokens = try reader.integer("shortconv.l_cache", in: 1...limit)
      return .init(windowWidth: width * (tokens - 1), stateWidth: 0)
    }
    guard let space else { return nil }
    if reader.has("kda.head_dim") {
      let size = try reader.integer("kda.head_dim", in: 1...limit)
      let heads =
        try reader.integers(
          "attention.head_count", layers: layers, in: 0...ShapeLimit.heads
        ).max() ?? 0
      return .init(
        windowWidth: 3 * (space.kernel - 1) * heads * size, stateWidth: size * size * heads)
    }
    return .init(
      windowWidth: (space.kernel - 1) * (space.inner + 2 * space.groups * space.state),
      stateWidth: space.state * space.inner)
  }
}

extension ModelShape.StateSpace {
  /// Reads the keys of a state space model; `nil` if there are none.
  init?(_ reader: KeyReader) throws(QuantError) {
    guard reader.has("ssm.conv_kernel") || reader.has("ssm.state_size") else { return nil }
    kernel = try reader.integer("ssm.conv_kernel", in: 1...64)
    inner = try reader.integer("ssm.inner_size", default: 0, in: 0...ShapeLimit.width)
    state = try reader.integer("ssm.state_size", default: 0, in: 0...4096)
    timeStepRank = try reader.integer("ssm.time_step_rank", default: 0, in: 0...ShapeLimit.width)
    groups = try reader.integer("ssm.group_count", default: 0, in: 0...4096)
  }
}

extension KeyReader {
  /// `context_length`, if it is said.
  fileprivate func trainedContext() throws(QuantError) -> Int? {
    try requirePositive("rope.freq_base")
    guard has("context_length") else { return nil }
    return try integer("context_length", in: 1...ShapeLimit.context)
  }

  /// Streams between layers: those that keys count, one for each block of layers whose input is kept, or
  /// the four of Gemma 3n.
  fileprivate func streams(layers: Int, _ tensors: [String: [Int]]) throws(QuantError) -> Int {
    let count = try integer("hyper_connection.count", default: 1, in: 0...64)
    let block = try integer("attn_res.block_size", default: 0, in: 0...ShapeLimit.layers)
    let blocks = block > 0 ? (layers + block - 1) / block + 1 : 1
    return max(count, blocks, tensors["altup_proj.weight"] == nil ? 1 : 4)
  }

  /// Rows of the token embedding, or what the metadata says.
  fileprivate func vocabulary(_ tensors: [String: [Int]]) throws(QuantError) -> Int {
    let tokens = metadata["tokenizer.ggml.tokens"]?.elements?.count
    guard let shape = tensors["token_embd.weight"], shape.count > 1 else {
      if let tokens { return tokens }
      return try integer("vocab_size", default: 0, in: 0...ShapeLimit.vocabulary)
    }
    guard (1...ShapeLimit.vocabulary).contains(shape[1]) else {
      throw .content(
        file: path, line: 0,
        what: "token_embd.weight: expected 1 to \(ShapeLimit.vocabulary) rows, found \(shape[1])")
    }
    if let tokens, tokens != shape[1] {
      throw .content(
        file: path, line: 0,
        what: "tokenizer.ggml.tokens: expected \(shape[1]) tokens, as token_embd.weight has rows,"
          + " found \(tokens)")
    }
    return shape[1]
  }
}

/// Sizes of the experts.
private struct ExpertSizes {
  let count: Int
  let used: Int
  let groups: Int
  let usedGroups: Int
  let width: Int

  init(_ reader: KeyReader, _ tensors: [String: [Int]]) throws(QuantError) {
    count = try reader.integer("expert_count", default: 0, in: 0...ShapeLimit.experts)
    used = try reader.integer("expert_used_count", default: 0, in: 0...ShapeLimit.experts)
    let names = tensors.keys.filter { $0.holds("_exps.") }
    if count == 0, let name = names.min() {
      throw .content(
        file: reader.path, line: 0,
        what: "expert_count: expected the number of experts, as there is \"\(name)\", found 0")
    }
    guard used <= count, used > 0 || count == 0 else {
      throw .content(
        file: reader.path, line: 0,
        what: "expert_used_count: expected 1 to \(count), the number of experts, found \(used)")
    }
    groups = try reader.integer("expert_group_count", default: 1, in: 0...ShapeLimit.experts)
    usedGroups = try reader.integer(
      "expert_group_used_count", default: max(1, groups), in: 0...ShapeLimit.experts)
    guard groups < 2 || (count % groups == 0 && (1...groups).contains(usedGroups)) else {
      throw .content(
        file: reader.path, line: 0,
        what: "expert_group_count: expected groups that divide \(count) experts, found \(groups)"
          + " of which \(usedGroups) are used")
    }
    let stated = try reader.integer(
      "expert_feed_forward_length", default: 0, in: 0...ShapeLimit.feedForward)
    let shape = names.filter { $0.hasSuffix("ffn_up_exps.weight") }.min().flatMap { tensors[$0] }
    width = shape.map { $0.count > 1 ? $0[1] : 0 } ?? stated
    guard (0...ShapeLimit.feedForward).contains(width) else {
      throw .content(
        file: reader.path, line: 0, what: "experts: expected a valid width, found \(width)")
    }
  }
}

/// Which layers attend and which are recurrent, by the names of their tensors.
private struct LayerSizes {
  private(set) var attending: Set<Int> = []
  private(set) var recurrent: Set<Int> = []

  init(_ tensors: [String: [Int]]) {
    var concluding: Set<Int> = []
    for name in tensors.keys {
      guard let layer = TensorName.layer(of: name) else { continue }
      let part = name.dropFirst("blk.\(layer).".count)
      if Self.attentionParts.contains(where: part.hasPrefix) { attending.insert(layer) }
      if TensorName.isOfRecurrence(name) { recurrent.insert(layer) }
      if part.hasPrefix("attn_output.") { concluding.insert(layer) }
    }
    // What recurrent layers make out of queries, keys and values goes elsewhere (Qwen3-Next).
    attending.subtract(recurrent.subtracting(concluding))
  }

  private static let attentionParts = [
    "attn_q.", "attn_k.", "attn_qkv.", "attn_kv.", "attn_kv_a_mqa.", "attn_k_b.",
  ]
}
