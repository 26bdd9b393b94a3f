// SPDX-License-Identifier: MIT
internal import QuantModels

/// Gemma 3n: several streams of states that every layer predicts and corrects, embeddings of every layer,
/// and last layers that read the caches of earlier ones.
enum Gemma3n: MemoryFamily {
  static let names = ["gemma3n"]
  static let holdsTiedOutputTwice = true
  /// Layers at the start that have caches: fixed in llama.cpp.
  private static let cachedLayers = 20

  static func computation(_: String) -> ComputationTraits? {
    var computation = ComputationTraits(.standard)
    computation.storesKeysFirst = true
    computation.scalesEmbedding = true
    return computation
  }

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    let own = layers.prefix(cachedLayers).map(\.attention?.isSliding)
    for layer in layers.indices {
      let slides = layers[layer].attention?.isSliding
      layers[layer].attention?.sharedLayer =
        layer < cachedLayers ? nil : own.lastIndex { $0 == slides }
    }
  }

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    [
      "attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down", "inp_gate",
      "proj", "altup_router", "altup_predict_coef", "altup_correct_coef", "altup_correct_scale",
      "laurel_l", "laurel_r",
    ].map { $0 + ".weight" }
  }

  static func commonTensors(_ model: MemoryModel) -> [String] {
    MemoryModel.layerEmbeddingTensors + ["altup_proj.weight", "altup_unembd_proj.weight"]
  }
}
