// SPDX-License-Identifier: MIT
internal import QuantModels

/// Gemma 4: heads of two sizes, norms of values, values that are keys where a layer has no product for
/// them, a feed-forward network beside the experts; the small ones have embeddings of every layer, and
/// their last layers read the caches of earlier ones.
enum Gemma4: MemoryFamily {
  static let names = ["gemma4"]
  static let holdsTiedOutputTwice = true

  /// Only layers without a window turn by factors.
  static func holdsFactors(_ layer: LayerMemory) -> Bool { layer.attention?.isSliding == false }

  static func computation(_: String) -> ComputationTraits? {
    var computation = ComputationTraits(.standard)
    computation.storesKeysFirst = true
    computation.scalesEmbedding = true
    return computation
  }

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    guard let attention = model.shape.layers[layer].attention else { return nil }
    var names = ["attn_q", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]
    if attention.sharedLayer == nil { names.append("attn_k") }
    if model.contains("per_layer_token_embd.weight") { names += ["inp_gate", "proj"] }
    if model.hasExperts(layer) { names.append("ffn_down_exps") }
    let suffixed = names.map { $0 + ".weight" }
    return model.hasExperts(layer) ? suffixed + ["ffn_gate_inp.scale"] : suffixed
  }

  static func commonTensors(_ model: MemoryModel) -> [String] {
    let names = MemoryModel.layerEmbeddingTensors
    return names.contains(where: model.contains) ? names : []
  }
}
