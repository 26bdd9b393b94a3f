// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// Leaves layers out and numbers the others anew.
///
/// What follows from a layer's number is carried along, or the layers cannot be left out.
struct LayerPruning {
  private let pruned: Set<Int>
  private let layerCount: Int
  private let keys: PrunedKeys?
  /// The keys of lists that had to be added, as no other key says what they say; without the architecture.
  var addedLists: [String] { keys?.addedLists ?? [] }

  /// Throws `QuantError.setting` if the layers are not all of the model's, if none would be left, or if
  /// what depends on their number cannot be carried along; `.content` for keys that make no sense.
  init(
    _ pruned: Set<Int>, of source: any ModelSource, _ facts: ModelFacts
  ) throws(QuantError) {
    self.pruned = pruned
    layerCount = facts.layerCount
    guard !pruned.isEmpty else {
      keys = nil
      return
    }
    try Self.check(pruned, layerCount)
    try Self.checkTensors(source)
    keys = try PrunedKeys(pruned, of: source, layerCount: layerCount)
  }

  private static func check(_ pruned: Set<Int>, _ layerCount: Int) throws(QuantError) {
    guard layerCount > 0 else {
      throw .setting(
        .prunedLayers,
        what: "expected a model that says how many layers it has (block_count), found none")
    }
    if let layer = pruned.filter({ $0 < 0 || $0 >= layerCount }).min() {
      throw .setting(
        .prunedLayers,
        what: layerCount > 0
          ? "expected layers from 0 to \(layerCount - 1), found \(layer)"
          : "this model has no layers to leave out, found \(layer)")
    }
    guard pruned.count < layerCount else {
      throw .setting(.prunedLayers, what: "none of the \(layerCount) layers would be left")
    }
  }

  /// Refuses tensors that belong to layers in another way than by `blk.N.`.
  private static func checkTensors(_ source: any ModelSource) throws(QuantError) {
    let names = source.tensors.lazy.map(\.name)
    if let name = names.first(where: { LayeredName($0).stack.hasSuffix(".blk") }) {
      throw .setting(
        .prunedLayers,
        what:
          "the model has several stacks of layers (\"\(name)\"), and a number does not say which"
          + " stack is meant")
    }
    if let name = names.first(where: { $0.hasPrefix("per_layer_") }) {
      throw .setting(
        .prunedLayers,
        what: "\"\(name)\" holds columns of every layer, which cannot be taken out of it")
    }
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

  /// Metadata in which counts, lists and patterns follow the layers left out.
  func metadata(_ source: Metadata) -> Metadata { keys?.metadata(source) ?? source }
}
