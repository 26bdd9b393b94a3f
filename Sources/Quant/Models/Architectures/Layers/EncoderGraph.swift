// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelReader {
  /// The model around an encoder's layers: what it gives are states.
  func encoder(_ sizes: ModelSizes, layers: [LayerGraph], outputNorm: Norm?) -> ModelGraph {
    var graph = ModelGraph(
      width: sizes.width, vocabulary: sizes.vocabulary, epsilon: sizes.epsilon,
      embedding: sizes.embedding, layers: layers, outputNorm: outputNorm,
      output: Linear(tensor: sizes.embedding, outputs: sizes.vocabulary))
    graph.isEncoder = true
    return graph
  }

  /// Attention to all positions.
  func attentionBothWays(
    _ sizes: ModelSizes, layer: Int, _ pairing: Rotation.Pairing?
  ) throws(QuantError) -> AttentionGraph {
    var attention = try attention(sizes, layer: layer, pairing ?? .halves)
    attention.isCausal = false
    if pairing == nil { attention.rotation = nil }
    return attention
  }

  /// A matrix of rows of the model's width, as many as there are; `nil` if the file has none.
  func rows(_ name: String, _ sizes: ModelSizes) throws(QuantError) -> TensorInfo? {
    guard source.contains(name) else { return nil }
    let tensor = try QuantError.wrapping { () throws(FileError) in try source.tensor(name) }
    return try self.tensor(name, [sizes.width, tensor.rowCount])
  }
}
