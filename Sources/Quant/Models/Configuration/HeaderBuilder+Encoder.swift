// SPDX-License-Identifier: MIT

extension HeaderBuilder {
  /// Adds the embeddings of an encoder: tokens, positions and kinds of token, and their norm.
  package mutating func encoderEmbedding(positions: Int? = nil, normBias: Bool = true)
    throws(QuantError)
  {
    embedding()
    if let positions { tensor("position_embd.weight", width, positions) }
    let types = try config.integer("type_vocab_size", default: 0)
    if types > 0 { tensor("token_types.weight", width, types) }
    norm("token_embd_norm", bias: normBias)
  }

  /// Adds the layer that classifies, if the classes of the configuration say so.
  ///
  /// - Parameter hasDense: Whether a product stands before the last one.
  package mutating func classifier(hasDense: Bool) {
    guard config.classes.contains(where: { $0.hasSuffix("ForSequenceClassification") }) else {
      return
    }
    let labels = config.object("id2label")?.count ?? 2
    if hasDense { linear("cls", width, width, bias: true) }
    linear("cls.output", width, labels, bias: true)
  }
}
