// SPDX-License-Identifier: MIT
internal import QuantModels

/// Hunyuan 4 and dots.note: latent attention, of which layers without a window see rows that an indexer
/// chose. They are not held to llama.cpp: layers that share an indexer are counted as if each had one.
enum IndexedLatent: MemoryFamily {
  static let names = ["hy_v4", "dots3note"]

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    let rows = try reader.integer(
      "attention.indexer.top_k", default: 0, in: 0...ShapeLimit.context)
    guard rows > 0 else { return }
    let key = try reader.integer("attention.indexer.key_length", in: 1...ShapeLimit.headSize)
    for layer in layers.indices where layers[layer].attention?.isSliding == false {
      layers[layer].caches = [LayerMemory.Cache(width: key, rows: .context)]
    }
  }
}
