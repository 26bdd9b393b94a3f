// SPDX-License-Identifier: MIT

extension MemoryModel {
  /// Whether a layer has routed experts.
  func hasExperts(_ layer: Int) -> Bool {
    shape.usedExperts > 0 && contains("blk.\(layer).ffn_gate_inp.weight")
  }

  /// Whether queries are one product, not compressed.
  func hasPlainQueries(_ layer: Int) -> Bool { contains("blk.\(layer).attn_q.weight") }
}
