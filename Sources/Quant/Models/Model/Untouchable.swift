// SPDX-License-Identifier: MIT
package import GGUF

/// Tensors that stay as they are whatever the preset: too small to matter, or too easily harmed.
package enum Untouchable {
  /// Parts of names: norms, routers, convolutions and the small matrices of recurrent layers,
  /// positions, and what belongs to images and sound.
  private static let parts = [
    "_norm.weight", "ffn_gate_inp.weight", "ffn_gate_tid2eid.weight", "altup", "laurel",
    "per_layer_model_proj", "ssm_conv1d", "shortconv.conv.weight", "indexer.k_proj.weight",
    "indexer.q_proj.weight", "time_mix_first.weight", "time_mix_w0.weight", "time_mix_w1.weight",
    "time_mix_w2.weight", "time_mix_v0.weight", "time_mix_v1.weight", "time_mix_v2.weight",
    "time_mix_a0.weight", "time_mix_a1.weight", "time_mix_a2.weight", "time_mix_g1.weight",
    "time_mix_g2.weight", "time_mix_decay_w1.weight", "time_mix_decay_w2.weight",
    "time_mix_lerp_fused.weight", "attn_rel_b.weight", ".position_embd", "sam.pos_embd",
    "sam.neck.", "sam.net_", ".rel_pos", ".patch_embd", ".patch_merger", "a.rvq.codebook",
    "mm.a.code_embd",
  ]
  private static let names: Set<String> = ["position_embd.weight", "token_types.weight"]
  private static let plainTypes: Set<TensorType> = [.I8, .I16, .I32, .I64, .F64]

  /// Whether a tensor is never quantized: vectors, whole numbers, and the names above.
  ///
  /// The matrices of an adapter are judged by the tensor that they change.
  package static func contains(_ tensor: TensorDescription) -> Bool {
    let name = TensorName.adapted(by: tensor.name)
    // Dimensions of 1 at the end do not make a vector a matrix.
    let rank = (tensor.dimensions.lastIndex { $0 > 1 } ?? 0) + 1
    return rank < 2 || !name.hasSuffix("weight") || names.contains(name)
      || plainTypes.contains(tensor.type) || parts.contains { name.holds($0) }
  }
}
