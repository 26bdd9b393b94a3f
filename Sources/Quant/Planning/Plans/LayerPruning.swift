// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// Leaves layers out and numbers the others anew.
struct LayerPruning {
  private let pruned: Set<Int>

  init(_ pruned: Set<Int>, layerCount: Int) throws(QuantError) {
    if let layer = pruned.filter({ $0 < 0 || $0 >= layerCount }).min() {
      throw .setting(
        .prunedLayers, what: "expected layers from 0 to \(layerCount - 1), found \(layer)")
    }
    guard pruned.isEmpty || pruned.count < layerCount else {
      throw .setting(.prunedLayers, what: "none of the \(layerCount) layers would be left")
    }
    self.pruned = pruned
  }

  /// The tensors that stay, under their new names.
  func kept(_ tensors: [TensorInfo]) -> [TensorOutline] {
    tensors.enumerated().compactMap { index, tensor in
      var outline = TensorOutline(whole: tensor, index: index)
      guard !pruned.isEmpty, let layer = TensorName.layer(of: tensor.name) else { return outline }
      guard !pruned.contains(layer) else { return nil }
      let number = layer - pruned.count { $0 < layer }
      outline.description.name = TensorName.replacingLayer(of: tensor.name, with: number)
      return outline
    }
  }
}
