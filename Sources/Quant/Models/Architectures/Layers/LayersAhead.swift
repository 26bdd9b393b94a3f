// SPDX-License-Identifier: MIT
internal import GGUF

/// How an architecture's layers predict further tokens (MTP), beyond what its layers are.
package struct AheadForm: Sendable {
  /// What they take beside the following token.
  var source = AheadSource.normed
  /// Whether the norm before their output matrix takes the mean off.
  var isHeadCentered = false

  /// Describes a form.
  init(_ source: AheadSource = .normed, isHeadCentered: Bool = false) {
    (self.source, self.isHeadCentered) = (source, isHeadCentered)
  }

  /// That of a model which must have such layers.
  ///
  /// Throws `QuantError.unsupported` for one that has none, or an architecture whose layers are not known.
  init(
    of source: any ModelSource, _ architecture: any EvaluableArchitecture.Type
  ) throws(QuantError) {
    let keys = KeyReader(source.metadata, path: source.path)
    let blocks = try keys.integer("block_count", in: 1...65_535)
    let count = try keys.integer("nextn_predict_layers", default: 0, in: 0...(blocks - 1))
    guard count > 0, source.contains("blk.\(blocks - 1).nextn.eh_proj.weight") else {
      throw .unsupported(
        "\(source.path): expected layers that predict further tokens (MTP), found none")
    }
    guard let form = architecture.ahead(keys.architecture) else {
      throw .unsupported(
        "\(source.path): it is not known how the MTP layers of the architecture"
          + " \"\(keys.architecture)\" are computed")
    }
    self = form
  }
}

extension ModelReader {
  /// What is around layers that predict further tokens, which follow the others in number.
  ///
  /// - Parameters:
  ///   - layers: The layers themselves.
  ///   - sizes: The model's.
  ///   - form: What they take.
  ///   - outputNorm: The model's, which stands before their output matrix if they have none of their own.
  ///   - streams: Streams of a state.
  /// - Returns: The layers with what is around them.
  /// - Throws: `QuantError` for tensors that are missing or do not fit.
  func ahead(
    _ layers: [LayerGraph], _ sizes: ModelSizes, _ form: AheadForm, outputNorm: Norm?,
    streams: Int = 1
  ) throws(QuantError) -> [AheadGraph] {
    let source = form.source == .joined ? streams * sizes.width : sizes.width
    var graphs: [AheadGraph] = []
    for (index, layer) in layers.enumerated() {
      let block = "blk.\(sizes.layers + index)"
      let (prefix, rows) = ("\(block).nextn.", [sizes.width, sizes.vocabulary])
      let hasOutput = self.source.contains("\(prefix)shared_head_head.weight")
      graphs.append(
        AheadGraph(
          source: form.source,
          embedding: try optional("\(prefix)embed_tokens.weight", rows) ?? sizes.embedding,
          embeddingNorm: try norm("\(prefix)enorm", sizes),
          sourceNorm: try norm("\(prefix)hnorm", source, centered: sizes.isCentered),
          projection: try linear("\(prefix)eh_proj", 2 * sizes.width, sizes.width), layer: layer,
          headNorm: try headNorm(block, sizes, form) ?? outputNorm,
          output: hasOutput
            ? try linear("\(prefix)shared_head_head", sizes.width, sizes.vocabulary) : nil))
    }
    return graphs
  }

  /// The norm before a layer's output matrix, under one of its names.
  private func headNorm(
    _ block: String, _ sizes: ModelSizes, _ form: AheadForm
  ) throws(QuantError) -> Norm? {
    let isCentered = sizes.isCentered || form.isHeadCentered
    for name in ["nextn.shared_head_norm", "layer_output_norm"] {
      let norm = try optionalNorm("\(block).\(name)", sizes.width, centered: isCentered)
      if let norm { return norm }
    }
    return nil
  }
}
