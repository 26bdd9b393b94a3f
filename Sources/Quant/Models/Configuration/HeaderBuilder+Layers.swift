// SPDX-License-Identifier: MIT

/// What the layers of a plain transformer have.
package struct LayerForm {
  /// Norms of query and key heads.
  package var norms = HeadNorms.none
  /// Whether queries, keys and values have a bias.
  package var bias = false
  /// Whether the output of attention has a bias.
  package var outputBias = false
  /// Whether queries, keys and values are one product.
  package var isFused = false
  /// Whether norms have a bias.
  package var normBias = false
  /// Whether there is a norm in front of the feed-forward network.
  package var hasNetworkNorm = true
  /// Whether the feed-forward network has a gate.
  package var isGated = true
  /// Whether the feed-forward network has biases.
  package var networkBias = false

  package init() {}
}

extension HeaderBuilder {
  /// Adds the embedding and the layers of a plain transformer.
  package mutating func plainLayers(_ form: LayerForm) throws(QuantError) {
    embedding()
    try eachLayer { header, _ in header.plainLayer(form) }
  }

  /// Adds one layer of a plain transformer.
  package mutating func plainLayer(_ form: LayerForm) {
    norm("attn_norm", bias: form.normBias)
    if form.isFused {
      fusedAttention(bias: form.bias, outputBias: form.outputBias)
      headNorms(form.norms)
    } else {
      attention(form.norms, bias: form.bias, outputBias: form.outputBias)
    }
    if form.hasNetworkNorm { norm("ffn_norm", bias: form.normBias) }
    network(gated: form.isGated, bias: form.networkBias)
  }

  /// Adds the last norm of a model whose output always is the embedding.
  package mutating func tiedOutput(normBias: Bool = false) {
    _ = config.has("tie_word_embeddings")
    norm("output_norm", bias: normBias)
  }

  /// How many layers at the beginning have no experts: by a number, or by a list of all layers' kinds.
  ///
  /// Throws `QuantError.content` for a list with such layers elsewhere, too.
  package func leadingDenseLayers() throws(QuantError) -> Int {
    let stated = try config.optional(
      "first_k_dense_replace", "first_last_k_dense_replace", "num_dense_layers")
    guard let kinds = config.texts("mlp_layer_types") else { return stated ?? 0 }
    let first = kinds.firstIndex { $0 != "dense" } ?? kinds.count
    guard !kinds[first...].contains("dense") else {
      throw config.refused("mlp_layer_types: expected dense layers before all others")
    }
    return first
  }
}
