// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// The memory of a model's own layers that predict further tokens (MTP, NextN), where a program drafts
/// with them.
struct DraftLayersMemory {
  let items: [BesideModel.Item]

  /// Weights are exact. The cache is taken for that of the last layer that attends, and the buffers for
  /// those of the whole model, which are no smaller.
  ///
  /// Throws `QuantError.content` if the file has no such layers.
  init(
    _ model: MemoryModel, _ options: ContextOptions, _ placement: DevicePlacement
  ) throws(QuantError) {
    let weights = zip(model.tensors, placement.tensors).filter { !model.isLoaded($0.0) }
    guard !weights.isEmpty else {
      throw .content(
        file: model.name, line: 0,
        what: "expected layers that predict further tokens (MTP), found none")
    }
    let estimate = MemoryEstimate(model, placement: placement, options: options)
    var items = Self.items(
      .draftWeights, .exact,
      weights.map { tensor, device in
        (
          device,
          MemoryEstimate.bytes(
            of: tensor, on: device, options.rules, isPinned: placement.rule.gpuCount > 0)
        )
      })
    items += Self.items(.draftCache, .bound, Self.caches(model, options, placement))
    items += Self.items(
      .draftCompute, .bound,
      (estimate.gpus + [estimate.host]).map { ($0.device, $0.compute + $0.output) })
    self.items = items
  }

  private static func caches(
    _ model: MemoryModel, _ options: ContextOptions, _ placement: DevicePlacement
  ) -> [(MemoryDevice, Int)] {
    let shape = model.shape
    guard let last = shape.layers.lastIndex(where: { $0.attention != nil }) else { return [] }
    let cache = CacheEstimate(shape: shape, options: options)
    return (shape.trunkCount..<shape.layerCount).map { layer in
      let device = options.offloadsCache ? placement.layers[layer] : .host
      return (device, cache.bytes(layer: last, isOnGPU: device != .host))
    }
  }

  /// One item for each device.
  private static func items(
    _ kind: BesideModel.Item.Kind, _ method: EstimateMethod, _ parts: [(MemoryDevice, Int)]
  ) -> [BesideModel.Item] {
    let sums = Dictionary(grouping: parts) { $0.0 }.mapValues { $0.map(\.1).clampedSum { $0 } }
    return sums.map {
      .init(kind: kind, file: nil, device: $0, bytes: $1, method: method)
    }.sorted { $0.device.name > $1.device.name }
  }
}
