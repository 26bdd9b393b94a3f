// SPDX-License-Identifier: MIT

/// What a tensor does in a model, as far as choosing its type needs to know.
public enum TensorRole: String, Sendable, CaseIterable {
  case tokenEmbedding = "token_embd"
  case output
  case attentionQ = "attn_q"
  case attentionK = "attn_k"
  case attentionV = "attn_v"
  case attentionQKV = "attn_qkv"
  case attentionKVB = "attn_kv_b"
  case attentionOutput = "attn_output"
  case feedForwardUp = "ffn_up"
  case feedForwardGate = "ffn_gate"
  case feedForwardDown = "ffn_down"
  case other

  /// Reads the role off a name such as `blk.3.ffn_down_exps.weight`.
  public init(tensorName name: String) {
    let name = TensorName.adapted(by: name)
    switch name {
    case "output.weight": self = .output
    case "token_embd.weight", "per_layer_token_embd.weight": self = .tokenEmbedding
    default:
      self = Self.parts.first { name.holds($0.text) }?.role ?? .other
    }
  }

  /// In this order: `attn_q` must not be looked for before `attn_qkv`.
  private static let parts: [(text: String, role: TensorRole)] = [
    ("attn_qkv.weight", .attentionQKV), ("attn_kv_b.weight", .attentionKVB),
    ("attn_v.weight", .attentionV), ("attn_k.weight", .attentionK),
    ("attn_q.weight", .attentionQ), ("attn_output.weight", .attentionOutput),
    ("ffn_up", .feedForwardUp), ("ffn_gate", .feedForwardGate), ("ffn_down", .feedForwardDown),
  ]

  /// Tensors that carry the values of attention: small, and worth more bits.
  package var carriesValues: Bool {
    self == .attentionV || self == .attentionQKV || self == .attentionKVB
  }
}

/// Names of tensors taken apart.
public enum TensorName {
  /// The layer of a tensor named `blk.N.…`; `nil` for tensors outside the layers.
  public static func layer(of name: String) -> Int? {
    guard name.hasPrefix("blk.") else { return nil }
    let rest = name.dropFirst("blk.".count)
    return rest.firstIndex(of: ".").flatMap { number(rest[..<$0]) }
  }

  /// Whether a tensor tells that its layer is recurrent: that it keeps a state from token to token.
  package static func isOfRecurrence(_ name: String) -> Bool {
    guard let layer = Self.layer(of: name) else { return false }
    let part = name.dropFirst("blk.\(layer).".count)
    return ["ssm_", "time_mix_", "shortconv."].contains(where: part.hasPrefix)
  }

  /// The tensor that a matrix of a LoRA adapter changes, as `blk.3.attn_q.weight` for
  /// `blk.3.attn_q.weight.lora_a`; any other name as it is.
  package static func adapted(by name: String) -> String {
    for suffix in [".lora_a", ".lora_b"] where name.hasSuffix(suffix) {
      return String(name.dropLast(suffix.count))
    }
    return name
  }

  /// The number of a layer or expert as names have it; `nil` for one that is written otherwise (007, +3):
  /// the tensor would not be found again under the name made from the number.
  package static func number(_ text: Substring) -> Int? {
    Int(text).flatMap { $0 >= 0 && String($0) == text ? $0 : nil }
  }

  /// The same tensor of another layer.
  package static func replacingLayer(of name: String, with layer: Int) -> String {
    guard let old = Self.layer(of: name) else { return name }
    return "blk.\(layer)." + name.dropFirst("blk.\(old).".count)
  }
}
