// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// T5: an encoder, and a decoder that caches what it attends to itself. What it attends to of the encoder
/// is computed anew for each batch.
enum T5: MemoryFamily {
  static let names = ["t5", "t5encoder"]

  static func output(_ name: String) -> ModelOutput { name == "t5" ? .logits : .unused }

  /// Scores have a bias by distance, which flash attention does not take.
  static var biasesScores: Bool { true }

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    let heads = try reader.integer("attention.head_count", in: 1...ShapeLimit.heads)
    let width = try reader.integer("embedding_length", in: 1...ShapeLimit.width)
    let key = try reader.integer(
      "attention.key_length", default: max(1, width / heads), in: 1...ShapeLimit.headSize)
    let value = try reader.integer(
      "attention.value_length", default: key, in: 1...ShapeLimit.headSize)
    for layer in layers.indices {
      layers[layer].attention = .init(
        heads: heads, keyValueHeads: heads, keySize: key, valueSize: value)
    }
  }
}
