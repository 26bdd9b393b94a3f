// SPDX-License-Identifier: MIT
internal import GGUF

/// The sizes that nearly every architecture has, under the same keys.
struct ModelSizes {
  let width: Int
  /// Layers of the ordinary forward pass.
  let layers: Int
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
    feedForward = try model.integers("feed_forward_length", layers: layers, default: 0)
    heads = try model.integers(
      "attention.head_count", layers: layers, default: needsHeads ? nil : 0, in: 0...65_535)
    keyValueHeads =
      model.has("attention.head_count_kv")
      ? try model.integers("attention.head_count_kv", layers: layers, in: 0...65_535) : heads
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
      "expert_used_count", layers: layers, default: 0, in: 0...experts)
    embedding = try Self.embedding(model, width)
    vocabulary = embedding.rowCount
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
    ModelGraph(
      width: sizes.width, vocabulary: sizes.vocabulary, epsilon: sizes.epsilon,
      embedding: sizes.embedding, layers: layers,
      outputNorm: try norm(outputNorm, sizes), output: try output(sizes, tied: tied))
  }

  /// Layers made one after the other.
  func layers(
    _ sizes: ModelSizes, _ make: (Int) throws(QuantError) -> LayerGraph
  ) throws(QuantError) -> [LayerGraph] {
    var layers: [LayerGraph] = []
    for index in 0..<sizes.layers { layers.append(try make(index)) }
    return layers
  }
}
