// SPDX-License-Identifier: MIT

extension HeaderBuilder {
  /// Adds a feed-forward network, whose gate may be fused with the product beside it.
  package mutating func network(
    _ inner: Int? = nil, suffix: String = "", gated: Bool = true, fused: Bool = false,
    bias: Bool = false
  ) {
    let inner = inner ?? feedForward
    if fused {
      linear("ffn_up\(suffix)", width, 2 * inner, bias: bias)
      return linear("ffn_down\(suffix)", inner, width, bias: bias)
    }
    if gated { linear("ffn_gate\(suffix)", width, inner, bias: bias) }
    linear("ffn_up\(suffix)", width, inner, bias: bias)
    linear("ffn_down\(suffix)", inner, width, bias: bias)
  }

  /// Adds a router and its experts; a bias may take part in choosing them.
  package mutating func mixture(
    _ inner: Int, count: Int? = nil, choiceBias: Bool = false, gated: Bool = true
  ) {
    let count = count ?? experts
    linear("ffn_gate_inp", width, count)
    if choiceBias { tensor("exp_probs_b.bias", count) }
    if gated { tensor("ffn_gate_exps.weight", width, inner, count) }
    tensor("ffn_up_exps.weight", width, inner, count)
    tensor("ffn_down_exps.weight", inner, width, count)
  }

  /// Adds the network that every token uses beside the chosen experts; none of width zero.
  package mutating func sharedNetwork(_ inner: Int, router: Bool = false, gated: Bool = true) {
    guard inner > 0 else { return }
    network(inner, suffix: "_shexp", gated: gated)
    if router { linear("ffn_gate_inp_shexp", width, 1) }
  }

  /// Adds what turns the last layer's numbers and a token into the input of a layer that predicts ahead;
  /// it may have an embedding and an output of its own.
  package mutating func aheadParts(ownHead heads: Bool = false, headNorm: Bool = true) {
    linear("nextn.eh_proj", 2 * width, width)
    norm("nextn.enorm")
    norm("nextn.hnorm")
    if headNorm { norm("nextn.shared_head_norm") }
    guard heads else { return }
    tensor("nextn.embed_tokens.weight", width, vocabulary)
    tensor("nextn.shared_head_head.weight", width, vocabulary)
  }
}
