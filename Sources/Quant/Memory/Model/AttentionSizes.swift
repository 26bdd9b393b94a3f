// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Sizes of attention in every layer.
struct AttentionSizes {
  let window: Int
  let latentRank: Int
  let rotarySize: Int
  let headKeySize: Int
  let headValueSize: Int
  /// Layers at the end that predict tokens ahead.
  let draftLayers: Int
  private let layers: [LayerMemory.Attention]

  init(
    _ reader: KeyReader, like architecture: String, layers count: Int, width: Int,
    _ tensors: [String: [Int]]
  ) throws(QuantError) {
    let attends = tensors.keys.contains { $0.holds(".attn_") && !$0.holds("attn_norm") }
    let heads = try reader.integers(
      "attention.head_count", layers: count, default: attends ? nil : 0, in: 0...ShapeLimit.heads)
    let shared =
      reader.has("attention.head_count_kv")
      ? try reader.integers(
        "attention.head_count_kv", layers: count, in: 0...ShapeLimit.heads) : heads
    let most = heads.max() ?? 0
    if attends { try Self.check(reader, heads, shared) }
    let size = most > 0 && width >= most ? width / most : nil
    let limit = 1...ShapeLimit.headSize
    let key = try reader.integer(
      "attention.key_length", default: attends ? size : 1, in: limit)
    let value = try reader.integer(
      "attention.value_length", default: attends ? size : 1, in: limit)
    let slidingKey = try reader.integer("attention.key_length_swa", default: key, in: limit)
    let slidingValue = try reader.integer("attention.value_length_swa", default: value, in: limit)
    latentRank = try reader.integer("attention.kv_lora_rank", default: 0, in: 0...ShapeLimit.width)
    rotarySize = try reader.integer(
      "rope.dimension_count", default: key, in: 0...ShapeLimit.headSize)
    let isLatent = reader.has("attention.key_length_mla")
    headKeySize = try reader.integer("attention.key_length_mla", default: key, in: limit)
    headValueSize = try reader.integer("attention.value_length_mla", default: value, in: limit)
    guard latentRank == 0 || rotarySize < headKeySize else {
      throw .content(
        file: reader.path, line: 0,
        what:
          "rope.dimension_count: expected less than \(headKeySize), the numbers of a head, found"
          + " \(rotarySize)")
    }
    let sliding = try SlidingLayers(reader, like: architecture, layers: count)
    window = sliding.window
    let drafts = try reader.integer("nextn_predict_layers", default: 0, in: 0...(count - 1))
    let family = MemoryFamilies.named(architecture)
    draftLayers = family?.hasDrafts(from: count - drafts, tensors) ?? true ? drafts : 0
    let sharing = try reader.integer("attention.shared_kv_layers", default: 0, in: 0...count)
    let own = max(0, count - draftLayers - sharing)
    layers = (0..<count).map { layer in
      let slides = sliding.isSliding[layer]
      var attention = LayerMemory.Attention(
        heads: heads[layer], keyValueHeads: isLatent ? min(1, shared[layer]) : shared[layer],
        keySize: slides ? slidingKey : key, valueSize: slides ? slidingValue : value,
        isLatent: isLatent, isSliding: slides)
      // Layers that share one read the cache of the last layer of their kind that has one.
      if layer >= own { attention.sharedLayer = (0..<own).last { sliding.isSliding[$0] == slides } }
      return attention
    }
    try Self.checkWidths(reader, layers)
  }

  /// What a layer caches; `nil` for one whose heads number zero.
  func layer(_ index: Int) -> LayerMemory.Attention? {
    layers[index].keyValueHeads > 0 ? layers[index] : nil
  }

  private static func check(
    _ reader: KeyReader, _ heads: [Int], _ shared: [Int]
  ) throws(QuantError) {
    for (name, counts) in [("head_count", heads), ("head_count_kv", shared)]
    where !counts.contains(where: { $0 > 0 }) {
      throw .content(
        file: reader.path, line: 0,
        what: "attention.\(name): expected a number of heads, as there are tensors of attention,"
          + " found 0")
    }
    for (all, few) in zip(heads, shared) where few > 0 && all % few != 0 {
      throw .content(
        file: reader.path, line: 0,
        what: "attention.head_count: expected a number of heads that \(few) key and value heads"
          + " divide, found \(all)")
    }
  }

  /// Products of heads and their sizes must stay within what arithmetic here allows.
  private static func checkWidths(
    _ reader: KeyReader, _ layers: [LayerMemory.Attention]
  ) throws(QuantError) {
    let widest = layers.map { $0.heads * max($0.keySize, $0.valueSize) }.max() ?? 0
    let cached = layers.map { max($0.keyWidth, $0.valueWidth) }.max() ?? 0
    guard max(widest, cached) <= ShapeLimit.cacheWidth else {
      throw .content(
        file: reader.path, line: 0,
        what: "attention.head_count: expected heads of at most \(ShapeLimit.cacheWidth) numbers"
          + " together, found \(max(widest, cached))")
    }
  }
}

/// Which layers see only a window of the latest tokens.
private struct SlidingLayers {
  let window: Int
  let isSliding: [Bool]

  init(_ reader: KeyReader, like architecture: String, layers: Int) throws(QuantError) {
    let traits = ArchitectureRegistry.memory(architecture)
    var stated = try reader.integer(
      "attention.sliding_window", default: traits.defaultWindow, in: 0...ShapeLimit.context)
    if stated > 0 && traits.fixedWindow > 0 { stated = traits.fixedWindow }
    let drafts = try reader.integer("nextn_predict_layers", default: 0, in: 0...(layers - 1))
    if ![0, layers - drafts].contains(traits.layersWithWindows) { stated = 0 }
    let pattern = reader.value("attention.sliding_window_pattern")
    let period = traits.slidingPeriod
    if let array = pattern?.elements, stated > 0 {
      let flags = array.values(layers).map { $0.flag ?? ($0.integer.map { $0 != 0 } ?? false) }
      isSliding = (0..<layers).map { $0 < flags.count && flags[$0] }
    } else {
      let every = pattern?.integer ?? period
      let full = traits.firstIsFull ? 0 : every - 1
      isSliding = (0..<layers).map {
        stated > 0 && (traits.slidesEverywhere || every > 1 && $0 % every != full)
      }
    }
    // A window that no layer is known to have leaves the cache whole: too much rather than too little.
    window = isSliding.contains(true) ? stated : 0
  }
}
