// SPDX-License-Identifier: MIT
internal import QuantModels

/// The experimental Qwen 4: layers as those of Qwen 3.5, an indexer where they attend, and the last tokens
/// of a convolution where embeddings of several tokens are added. It is not held to llama.cpp, whose cache
/// for the indexer has room for values that it does not use.
enum Qwen4Exp: MemoryFamily {
  static let names = ["qwen4exp"]

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    try GatedDeltaNet.adjust(&layers, reader, tensors)
    let key = try reader.integer(
      "attention.indexer.key_length", default: 0, in: 0...ShapeLimit.headSize)
    // The convolution passes over so many tokens between two that it sees.
    let step = try reader.integer("ple.ngram_size", default: 1, in: 1...64)
    for layer in layers.indices {
      if let attention = layers[layer].attention, key > 0 {
        layers[layer].caches = LayerMemory.Cache.pair(key: key, value: attention.valueSize)
      }
      guard let shape = tensors["blk.\(layer).ple_conv1d.weight"], shape.count > 1,
        (1...64).contains(shape[0]), (1...ShapeLimit.cacheWidth).contains(shape[1])
      else { continue }
      let rows = (shape[0] - 1) * step
      layers[layer].caches.append(LayerMemory.Cache(width: shape[1], rows: .fixed(rows)))
    }
  }
}
