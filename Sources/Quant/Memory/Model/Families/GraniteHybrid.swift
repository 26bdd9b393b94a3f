// SPDX-License-Identifier: MIT
internal import QuantModels

/// Granite 4: a state space or attention, then a feed-forward network or experts in every layer; factors
/// on the embedding and on what layers add.
enum GraniteHybrid: MemoryFamily {
  static let names = ["granitehybrid"]

  static func computation(_: String) -> ComputationTraits? {
    var traits = ComputationTraits(.standard)
    traits.scalesEmbedding = true
    return traits
  }

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    // The key stands for whether there are positions at all.
    let isRotated = try reader.flag("rope.scaling.finetuned", default: true)
    for layer in layers.indices where layers[layer].attention != nil {
      layers[layer].attention?.isRotated = isRotated
      layers[layer].recurrence = nil
    }
  }

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    model.tensorsOfMamba2OrAttention(layer).map {
      ["attn_norm.weight", "ffn_norm.weight"] + $0 + model.feedForwardTensors(layer)
    }
  }
}
