// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// DeepSeek V3.2 and GLM 5: DeepSeek's compressed attention, which sees only rows of the context that an
/// indexer chose.
enum DeepSeek32: MemoryFamily {
  static let names = ["deepseek32", "glm-dsa"]

  static let loadedOfDrafts: Set<String> = ["exp_probs_b.bias"]

  static func computation(_: String) -> ComputationTraits? { ComputationTraits(.latent) }

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    let key = try reader.integer("attention.indexer.key_length", in: 1...ShapeLimit.headSize)
    let hasIndexer = try indexers(reader, layers.count)
    for layer in layers.indices where layers[layer].attention != nil && hasIndexer[layer] {
      layers[layer].caches = [LayerMemory.Cache(width: key, rows: .context)]
    }
  }

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    let attention = ["q_a", "q_a_norm", "q_b", "kv_a_mqa", "kv_a_norm", "k_b", "v_b", "output"]
    let network =
      model.hasExperts(layer)
      ? ["ffn_gate_inp", "ffn_up_exps", "ffn_down_exps"] : ["ffn_up", "ffn_down"]
    let hasIndexer = !model.shape.layers[layer].caches.isEmpty
    let indexer = hasIndexer ? ["attn_k", "k_norm", "attn_q_b", "proj"] : []
    let names = attention.map { "attn_" + $0 } + network + indexer.map { "indexer." + $0 }
    return names.map { $0 + ".weight" }
  }

  /// Which layers have an indexer of their own; the others see what the one before them chose.
  static func indexers(_ reader: KeyReader, _ count: Int) throws(QuantError) -> [Bool] {
    if let stated = reader.value("attention.indexer.types")?.elements {
      let types = stated.values(count).map { $0.flag ?? ($0.integer != 0) }
      return (0..<count).map { $0 >= types.count || types[$0] }
    }
    if let all = reader.value("attention.indexer.types")?.integer {
      return Array(repeating: all != 0, count: count)
    }
    let context = try reader.integer("context_length", default: 0, in: 0...ShapeLimit.context)
    // Files of GLM 5.2 do not say it: it is known by its context.
    let isShared = reader.architecture == "glm-dsa" && context >= longContext
    return (0..<count).map { !isShared || $0 < 2 || ($0 - 2) % 4 == 0 }
  }

  private static let longContext = 1 << 20
}
