// SPDX-License-Identifier: MIT
internal import QuantModels

/// Hybrids that are not held to llama.cpp, so that their computation is a bound: Falcon H1 (attention and
/// Mamba 2 beside each other in every layer), Mamba 2, Jamba, and those that nobody described. Their tensors
/// tell what layers have.
enum Hybrid: MemoryFamily {
  static let names = ["falcon-h1", "jamba", "mamba2"]

  static func outputNorm(_ model: MemoryModel) -> String {
    model.contains("output_norm.weight") ? "output_norm" : LFM2.outputNorm(model)
  }

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    guard reader.architecture == "jamba" else { return }
    for layer in layers.indices { layers[layer].attention?.isRotated = false }
  }

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    let memory = model.shape.layers[layer]
    var names = ["attn_norm.weight"]
    if let attention = memory.attention {
      guard !attention.isLatent else { return nil }
      names += model.attentionTensors(layer)
    }
    if memory.recurrence != nil {
      guard let mixer = model.mixer(layer) else { return nil }
      names += mixer.tensors
    }
    return names + (model.hasNetwork(layer) ? model.feedForwardTensors(layer) : [])
  }
}
