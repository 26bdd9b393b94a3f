// SPDX-License-Identifier: MIT
internal import QuantModels

/// DeepSeek V4: layers that pass on several streams of numbers (hyper-connections), a cache of the latest
/// rows, and compressed rows of those before them.
enum DeepSeek4: MemoryFamily {
  static let names = ["deepseek4"]

  static let hasStreamPerSequence = true

  /// Files without these layers may keep their key.
  static func hasDrafts(from layer: Int, _ tensors: [String: [Int]]) -> Bool {
    tensors["blk.\(layer).nextn.eh_proj.weight"] != nil
  }

  static func computation(_: String) -> ComputationTraits? { ComputationTraits(.latent) }

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    let key = try reader.integer(
      "attention.indexer.key_length", default: 0, in: 0...ShapeLimit.headSize)
    let ratios = try reader.integers(
      "attention.compress_ratios", layers: layers.count, default: 0, in: 0...mostTokens)
    for layer in layers.indices {
      guard let width = layers[layer].attention?.keySize else { continue }
      // One row serves as key and value of all heads.
      layers[layer].attention?.isLatent = true
      layers[layer].caches = caches(ratio: ratios[layer], width: width, key: key)
    }
  }

  /// More than any compressor makes one row of.
  private static let mostTokens = 4096

  /// The compressed rows of a layer and, where these overlap, their keys of the indexer, each with the
  /// states of its compressor.
  private static func caches(ratio: Int, width: Int, key: Int) -> [LayerMemory.Cache] {
    guard ratio > 0 else { return [] }
    let overlap = ratio == Compressor.overlapping ? 2 : 1
    return (overlap > 1 && key > 0 ? [width, key] : [width]).flatMap { width in
      let state = LayerMemory.Cache(width: overlap * width, rows: .fixed(overlap * ratio))
      return [LayerMemory.Cache(width: width, rows: .compressed(ratio)), state, state]
    }
  }

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    let own = [
      "attn_norm", "attn_q_a", "attn_q_a_norm", "attn_q_b", "attn_kv", "attn_kv_a_norm",
      "attn_output_a", "attn_output_b", "ffn_gate_inp", "ffn_up_exps", "ffn_down_exps",
    ]
    let connections = ["attn", "ffn"].flatMap { block in
      ["fn", "base", "scale"].map { "hc_\(block)_\($0)" }
    }
    let compressors = Compressor.all(model, layer).flatMap { compressor in
      ["kv", "gate", "ape", "norm"].map { compressor.prefix + "_" + $0 }
    }
    let indexer = compressors.count > 4 ? ["indexer.attn_q_b", "indexer.proj"] : []
    return (own + connections + compressors + indexer).map { $0 + ".weight" }
  }

  static func commonTensors(_: MemoryModel) -> [String] {
    ["fn", "base", "scale"].map { "output_hc_\($0).weight" }
  }
}

/// What makes one row of several tokens' rows.
struct Compressor {
  /// The names of its tensors, without `blk.N.`.
  let prefix: String
  /// Tokens of a row.
  let ratio: Int
  /// Numbers of a row.
  let width: Int

  /// Rows of so many tokens overlap with the row before them.
  static let overlapping = 4

  var overlaps: Bool { ratio == Self.overlapping }
  /// How many numbers the state of a token has for each number of a row.
  var factor: Int { overlaps ? 2 : 1 }

  /// Rows of a stream of its cache.
  func cells(_ caches: CacheEstimate) -> Int {
    caches.rows(LayerMemory.Cache(width: width, rows: .compressed(ratio)))
  }

  /// Its name among inputs, which layers of a kind share.
  var kind: String { "\(prefix) \(ratio)" }

  /// Those of a layer: of keys and values first, then of the indexer's keys.
  static func all(_ model: MemoryModel, _ layer: Int) -> [Compressor] {
    let rows = model.shape.layers[layer].caches.compactMap { cache -> (Int, Int)? in
      if case .compressed(let ratio) = cache.rows { (ratio, cache.width) } else { nil }
    }
    return zip(["attn_compressor", "indexer_compressor"], rows).map { prefix, row in
      Compressor(prefix: prefix, ratio: row.0, width: row.1)
    }
  }
}
