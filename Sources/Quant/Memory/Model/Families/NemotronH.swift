// SPDX-License-Identifier: MIT
internal import QuantModels

/// Nemotron H: every layer is either a state space, or attention without positions, or a feed-forward
/// network with squared ReLU, plain or of experts. The dense models have the same operations.
enum NemotronH: MemoryFamily {
  static let names = ["nemotron_h", "nemotron_h_moe"]

  static func computation(_: String) -> ComputationTraits? {
    var traits = ComputationTraits(.standard)
    traits.gating = .sigmoid
    traits.readsRouting = true
    traits.choosesRowsAfterNorm = true
    return traits
  }

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    let widths = try reader.integers(
      "feed_forward_length", layers: layers.count, default: 0, in: 0...ShapeLimit.feedForward)
    for layer in layers.indices {
      layers[layer].attention?.isRotated = false
      if layers[layer].attention != nil { layers[layer].recurrence = nil }
      if widths[layer] > 0 { layers[layer] = LayerMemory() }
    }
  }

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    let memory = model.shape.layers[layer]
    let isNetwork = memory.recurrence == nil && memory.attention == nil
    let own = isNetwork ? model.feedForwardTensors(layer) : model.tensorsOfMamba2OrAttention(layer)
    return own.map { ["attn_norm.weight"] + $0 }
  }
}
