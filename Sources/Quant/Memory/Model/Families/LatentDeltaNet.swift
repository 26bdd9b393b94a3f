// SPDX-License-Identifier: MIT
internal import QuantModels

/// Kimi K3, Ling 3 and the successor of GLM 5: layers as those of Kimi Linear. They are not held to
/// llama.cpp.
enum LatentDeltaNet: MemoryFamily {
  static let names = ["bailingmoe3", "glm5-next", "kimi-k3"]

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    let isIndexed = reader.architecture == "glm5-next"
    let key =
      isIndexed
      ? try reader.integer("attention.indexer.key_length", in: 1...ShapeLimit.headSize) : 0
    for layer in layers.indices where layers[layer].attention != nil {
      layers[layer].recurrence = nil
      guard key > 0 else { continue }
      layers[layer].caches = [LayerMemory.Cache(width: partsOfKey * key, rows: .context)]
    }
  }

  /// An indexer of pools keeps a token's key, its weights in the pool, and the pool's key side by side.
  private static let partsOfKey = 3
}
