// SPDX-License-Identifier: MIT

extension Gemma4: ReplayedFamily {
  static func build(_ builder: inout GraphBuilder) {
    var current = builder.embedding()
    let embeddings = builder.layerEmbeddings(current)
    for layer in 0..<builder.shape.trunkCount {
      current = builder.fourthLayer(layer, current, embeddings)
    }
    current = builder.norm(current, "output_norm", layer: nil)
    // Draft models read the normed states of all tokens.
    builder.graph.keep(current)
    builder.addLogits(builder.outputRows(current))
  }
}

extension GraphBuilder {
  fileprivate mutating func fourthLayer(_ layer: Int, _ input: Int, _ embeddings: Int?) -> Int {
    guard let memory = shape.layers[layer].attention else { return input }
    let names = "blk.\(layer)."
    let normed = norm(input, names + "attn_norm", layer: layer)
    var current = valueNormedAttention(layer, memory, normed, byFactors: !memory.isSliding)
    current = norm(current, names + "post_attention_norm", layer: layer)
    let sum = elementwise(current, input)
    current = model.hasExperts(layer) ? mixtureBesideNetwork(layer, sum) : network(layer, sum)
    current = elementwise(norm(current, names + "post_ffw_norm", layer: nil), sum)
    if let embeddings { current = elementwise(current, ownEmbedding(layer, embeddings, current)) }
    guard model.contains(names + "layer_output_scale.weight") else { return current }
    return elementwise(current, weight(names + "layer_output_scale.weight"))
  }

  private mutating func network(_ layer: Int, _ input: Int) -> Int {
    let names = "blk.\(layer).ffn_"
    let normed = norm(input, names + "norm", layer: layer)
    return gated(names, "", normed, tokens, width(names + "up.weight"))
  }

  /// Experts, chosen by a norm of their own, and the network that all tokens go to.
  private mutating func mixtureBesideNetwork(_ layer: Int, _ input: Int) -> Int {
    let names = "blk.\(layer)."
    let plain = elementwise(elementwise(input))
    let scaled = elementwise(plain, weight(names + "ffn_gate_inp.scale"))
    let (chosen, weights) = routed(layer, scaled, tokens)
    let normed = norm(input, names + "pre_ffw_norm_2", layer: layer)
    let rowsOfOne = graph.view(normed, GraphShape(shape.width, 1, tokens))
    let weighted = elementwise(expertOutputs(layer, rowsOfOne, chosen, tokens), weights)
    graph.expand(weighted)
    let experts = sum(weighted, GraphShape(shape.width, tokens))
    let shared = norm(network(layer, input), names + "post_ffw_norm_1", layer: layer)
    return elementwise(shared, norm(experts, names + "post_ffw_norm_2", layer: layer))
  }
}
