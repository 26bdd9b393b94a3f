// SPDX-License-Identifier: MIT

/// How a `config.json` of Hugging Face maps onto an architecture: what its keys leave open.
package struct HuggingFaceMapping: Sendable {
  /// Values of `model_type` that stand for the architecture, besides its own name.
  package var modelTypes: [String] = []
  /// How other model types begin that share this mapping under names of their own.
  package var family: String?
  /// Whether the output uses the embedding's weights, if `tie_word_embeddings` is missing.
  package var isTied = false
  /// Whether queries and keys are normed.
  package var normsQueries = false
  /// Whether queries, keys and values have a bias, if `attention_bias` is missing.
  package var hasBias = false
  /// Whether there are norms behind attention and network, too.
  package var hasPostNorms = false
  /// Whether attention has sinks, and experts and routers a bias.
  package var hasSinks = false
}
