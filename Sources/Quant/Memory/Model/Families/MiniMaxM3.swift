// SPDX-License-Identifier: MIT
internal import QuantModels

/// MiniMax M3: behind the dense layers, attention to blocks of tokens that an indexer chose. It is not held
/// to llama.cpp, whose cache for the indexer has room for values that it does not use.
enum MiniMaxM3: MemoryFamily {
  static let names = ["minimax-m3"]

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    let dense = try reader.integer(
      "leading_dense_block_count", default: 0, in: 0...ShapeLimit.layers)
    let key = try reader.integer("attention.indexer.key_length", in: 1...ShapeLimit.headSize)
    for layer in layers.indices where layer >= dense {
      guard let attention = layers[layer].attention else { continue }
      layers[layer].caches = LayerMemory.Cache.pair(key: key, value: attention.valueSize)
    }
  }
}

extension LayerMemory.Cache {
  /// Keys and values of one head, as an indexer has them whose cache is of the common form.
  static func pair(key: Int, value: Int) -> [LayerMemory.Cache] {
    var values = LayerMemory.Cache(width: value, rows: .context)
    values.isOfValues = true
    return [LayerMemory.Cache(width: key, rows: .context), values]
  }
}
