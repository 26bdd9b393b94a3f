// SPDX-License-Identifier: MIT
internal import GGUF

/// The sizes that nearly every architecture has, under the same keys.
struct ModelSizes {
  let width: Int
  /// Layers of the ordinary forward pass.
  let layers: Int
  /// Layers that are described: those, and those that predict further tokens where they are asked for.
  let described: Int
  let feedForward: [Int]
  let heads: [Int]
  let keyValueHeads: [Int]
  var keySize: Int
  var valueSize: Int
  let vocabulary: Int
  let epsilon: Float
  /// Whether norms take the mean off (LayerNorm).
  let isCentered: Bool
  let embedding: TensorInfo
  let experts: Int
  /// Experts that a token goes to, for each layer.
  let usedExperts: [Int]

  /// Reads them.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - centered: Whether its norms are LayerNorms, whose epsilon has a key of its own.
  ///   - needsHeads: Whether there must be a number of heads, which layers without attention may have as
  ///     zero.
  ///   - hasLayersAhead: Whether the layers that `nextn_predict_layers` counts are left out.
  ///   - epsilon: The epsilon where its usual key is missing.
  /// - Throws: `QuantError.content` for keys that are missing or make no sense.
  init(
    _ model: ModelReader, centered: Bool = false, needsHeads: Bool = true,
    hasLayersAhead: Bool = true, epsilon: Float? = nil
  ) throws(QuantError) {
    width = try model.integer("embedding_length", in: 1...(1 << 20))
    let blocks = try model.integer("block_count", in: 1...65_535)
    let extra = try model.integer("nextn_predict_layers", default: 0, in: 0...(blocks - 1))
    layers = hasLayersAhead ? blocks - extra : blocks
    described = model.ahead == nil ? layers : blocks
    feedForward = try model.integers("feed_forward_length", layers: described, default: 0)
    heads = try Self.heads(model, described, needed: needsHeads)
    keyValueHeads =
      model.has("attention.head_count_kv")
      ? try model.integers("attention.head_count_kv", layers: described, in: 0...65_535) : heads
    for (all, shared) in zip(heads, keyValueHeads) where shared > 0 && all % shared != 0 {
      throw .unsupported(
        "\(model.source.path): expected a number of heads that \(shared) key and value heads divide,"
          + " found \(all)")
    }
    // Where heads outnumber the width, the key must say: a head of nothing makes no sense.
    let most = heads.first { $0 > 0 } ?? width
    let size = width >= most ? width / most : nil
    keySize = try model.integer("attention.key_length", default: size, in: 1...65_535)
    valueSize = try model.integer("attention.value_length", default: size, in: 1...65_535)
    isCentered = centered
    self.epsilon = try model.number(
      "attention.layer_norm_\(centered ? "" : "rms_")epsilon", default: epsilon)
    experts = try model.integer("expert_count", default: 0, in: 0...65_535)
    usedExperts = try model.integers(
      "expert_used_count", layers: described, default: 0, in: 0...experts)
    embedding = try Self.embedding(model, width)
    vocabulary = embedding.rowCount
  }

  /// Heads of each layer: none only where a list says so, or the model needs none.
  private static func heads(
    _ model: ModelReader, _ layers: Int, needed: Bool
  ) throws(QuantError) -> [Int] {
    let key = "attention.head_count"
    let least = needed && model.value(key)?.elements == nil ? 1 : 0
    return try model.integers(
      key, layers: layers, default: needed ? nil : 0, in: least...65_535)
  }

  private static func embedding(_ model: ModelReader, _ width: Int) throws(QuantError) -> TensorInfo
  {
    let name = "token_embd.weight"
    guard model.source.contains(name) else { return try model.tensor(name, [width, 0]) }
    let tensor = try QuantError.wrapping { () throws(FileError) in try model.source.tensor(name) }
    return try model.tensor(name, [width, tensor.rowCount])
  }
}

extension ModelReader {
  /// The output matrix; where the file has none, the embeddings, if that is allowed.
  func output(_ sizes: ModelSizes, tied: Bool = true) throws(QuantError) -> Linear {
    guard tied, !source.contains("output.weight") else {
      return try linear("output", sizes.width, sizes.vocabulary)
    }
    return Linear(
      tensor: sizes.embedding, outputs: sizes.vocabulary,
      bias: try optional("output.bias", [sizes.vocabulary]))
  }

  /// The model around its layers.
  func graph(
    _ sizes: ModelSizes, tied: Bool = true, outputNorm: String = "output_norm",
    layers: [LayerGraph]
  ) throws(QuantError) -> ModelGraph {
    var graph = ModelGraph(
      width: sizes.width, vocabulary: sizes.vocabulary, epsilon: sizes.epsilon,
      embedding: sizes.embedding, layers: Array(layers.prefix(sizes.layers)),
      outputNorm: try norm(outputNorm, sizes), output: try output(sizes, tied: tied))
    if let ahead {
      graph.ahead = try self.ahead(
        Array(layers.dropFirst(sizes.layers)), sizes, ahead, outputNorm: graph.outputNorm)
    }
    return graph
  }

  /// Layers made one after the other, those that predict further tokens at the end if they are asked for.
  func layers(
    _ sizes: ModelSizes, _ make: (Int) throws(QuantError) -> LayerGraph
  ) throws(QuantError) -> [LayerGraph] {
    var layers: [LayerGraph] = []
    for index in 0..<sizes.described { layers.append(try make(index)) }
    return layers
  }
}
