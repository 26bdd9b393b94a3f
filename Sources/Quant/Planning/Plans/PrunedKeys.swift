// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// The keys that count layers, list something of each, or say what a layer gets by its number, when
/// layers are left out.
struct PrunedKeys {
  /// The keys of lists added where a layer's number used to say it; without the architecture's name.
  let addedLists: [String]
  private let pruned: Set<Int>
  private let layerCount: Int
  private let changes: [(key: String, value: MetadataValue)]

  /// Throws `QuantError.setting` where something cannot be carried along.
  init(
    _ pruned: Set<Int>, of source: any ModelSource, layerCount: Int
  ) throws(QuantError) {
    let reader = KeyReader(source.metadata, path: source.path)
    let ahead = try reader.integer("nextn_predict_layers", default: 0, in: 0...layerCount - 1)
    let layers = KeptLayers(pruned, count: layerCount, ahead: ahead)
    guard !layers.plain.isEmpty else {
      throw .setting(.prunedLayers, what: "only layers that predict further tokens would be left")
    }
    let lists = try Self.rules(reader, layers)
    self.pruned = pruned
    self.layerCount = layerCount
    addedLists = lists.map(\.key)
    try Self.refuseUnknownNumbers(reader)
    let prefix = reader.architecture + "."
    changes =
      try Self.counts(reader, layers) + Self.lists(source.metadata, prefix, layers)
      + lists.map { (prefix + $0.key, $0.value) }
  }

  /// The metadata after the change.
  func metadata(_ source: Metadata) -> Metadata {
    var result = source
    for change in changes { result[change.key] = change.value }
    return result
  }
}

/// The layers that are left, under the numbers they had.
private struct KeptLayers {
  let pruned: Set<Int>
  /// All layers that there were.
  let count: Int
  /// Those of the ordinary pass that there were; the others predict further tokens.
  let plainCount: Int
  /// Those of the ordinary pass that are left.
  let plain: [Int]
  /// Those that are left.
  let all: [Int]

  init(_ pruned: Set<Int>, count: Int, ahead: Int) {
    self.pruned = pruned
    self.count = count
    plainCount = count - ahead
    all = (0..<count).filter { !pruned.contains($0) }
    plain = all.filter { [plainCount] layer in layer < plainCount }
  }

  /// How many of the first `number` layers are left.
  func left(ofFirst number: Int) -> Int { number - pruned.count { $0 < number } }
}

// MARK: - Counts

extension PrunedKeys {
  private static func counts(
    _ reader: KeyReader, _ layers: KeptLayers
  ) throws(QuantError) -> [(key: String, value: MetadataValue)] {
    var counts = [("block_count", layers.all.count)]
    if reader.has("nextn_predict_layers") {
      counts.append(("nextn_predict_layers", layers.all.count - layers.plain.count))
    }
    for key in firstLayers {
      let first = try reader.integer(key, default: 0, in: 0...layers.count)
      if first > 0 { counts.append((key, layers.left(ofFirst: first))) }
    }
    return counts.map { ("\(reader.architecture).\($0.0)", .uint32(UInt32($0.1))) }
  }

  /// Keys that count the first layers, which are of another kind.
  private static let firstLayers = ["leading_dense_block_count", "hash_layer_count"]
  private static let known: Set<String> = [
    "block_count", "nextn_predict_layers", "ssm.time_step_rank",
    "embedding_length_per_layer_input",
  ]
  private static let words = [
    "layer", "interval", "period", "pattern", "every", "step", "block_co",
  ]

  /// Refuses keys that, by their name, have to do with numbers of layers in a way that is not known.
  private static func refuseUnknownNumbers(_ reader: KeyReader) throws(QuantError) {
    let prefix = reader.architecture + "."
    for entry in reader.metadata.entries where entry.key.hasPrefix(prefix) {
      let name = entry.key.dropFirst(prefix.count)
      guard entry.value.integer ?? 0 > 0, !name.contains("layer_norm"),
        words.contains(where: name.contains), !known.contains(String(name)),
        !firstLayers.contains(String(name)),
        !KeyReader.keysOfLayerRules.contains(String(name))
      else { continue }
      throw .setting(
        .prunedLayers,
        what: "it is not known what becomes of the key \(entry.key) when layers are left out")
    }
  }
}

// MARK: - Rules

extension PrunedKeys {
  /// Lists that say what layers used to get by their number, where they would get something else now.
  private static func rules(
    _ reader: KeyReader, _ layers: KeptLayers
  ) throws(QuantError) -> [(key: String, value: MetadataValue)] {
    guard let rules = try ArchitectureRegistry.layerRules(reader) else {
      throw .setting(
        .prunedLayers,
        what:
          "it is not known what layers of the architecture \"\(reader.architecture)\" get by their"
          + " number, so that none can be left out")
    }
    var lists: [(key: String, value: MetadataValue)] = []
    for rule in rules {
      guard let moved = moved(rule, layers) else { continue }
      guard let key = rule.listKey else { throw refusal(rule, moved, layers) }
      let values = layers.all.map { layer in
        MetadataValue.bool(
          layer < layers.plainCount && rule.value(layer: layer, of: layers.plainCount) != 0)
      }
      lists.append((key, .array(MetadataArray(elementType: .bool, values))))
    }
    return lists
  }

  /// The first layer that a rule would give something else; `nil` if there is none.
  private static func moved(_ rule: LayerRule, _ layers: KeptLayers) -> (from: Int, to: Int)? {
    for (number, layer) in layers.plain.enumerated()
    where rule.value(layer: layer, of: layers.plainCount)
      != rule.value(layer: number, of: layers.plain.count)
    {
      return (layer, number)
    }
    return nil
  }

  private static func refusal(
    _ rule: LayerRule, _ moved: (from: Int, to: Int), _ layers: KeptLayers
  ) -> QuantError {
    let (old, new) = (layers.plainCount, layers.plain.count)
    let isByCount =
      rule.value(layer: moved.from, of: old) != rule.value(layer: moved.from, of: new)
    let change =
      isByCount
      ? "\(rule.what) depends on the number of layers, which would be \(new) and not \(old)"
      : "\(rule.what) depends on a layer's number, and layer \(moved.from) would become layer"
        + " \(moved.to)"
    let hint = rule.period.map { "; leave out whole groups of \($0) layers" } ?? ""
    return .setting(.prunedLayers, what: change + hint)
  }
}

// MARK: - Lists

extension PrunedKeys {
  /// Lists with a value for each layer, by the names that programs read them under.
  private static let layerLists: Set<String> = [
    "attention.head_count", "attention.head_count_kv", "attention.key_length",
    "attention.value_length", "attention.sliding_window", "attention.sliding_window_pattern",
    "attention.recurrent_layers", "attention.rope_pattern", "attention.compress_ratios",
    "attention.indexer.types", "feed_forward_length", "expert_count", "expert_used_count",
    "expert_feed_forward_length", "rope.dimension_count", "rope.freq_base", "swiglu_clamp_exp",
    "swiglu_clamp_shexp",
  ]
  /// Lists of something else, which may happen to be as long.
  private static let otherLists: Set<String> = [
    "rope.dimension_sections", "rope.mrope_section", "classifier.output_labels",
  ]
  /// Lists with a value for each layer that do not bear the architecture's name.
  private static let bareLists: Set<String> = [
    "xielu.alpha_n", "xielu.alpha_p", "xielu.beta", "xielu.eps",
  ]

  private static func lists(
    _ metadata: Metadata, _ prefix: String, _ layers: KeptLayers
  ) throws(QuantError) -> [(key: String, value: MetadataValue)] {
    var lists: [(key: String, value: MetadataValue)] = []
    for entry in metadata.entries {
      guard let array = entry.value.elements,
        try isOfLayers(entry.key, prefix, array, layers)
      else { continue }
      let left = array.values().enumerated().filter { !layers.pruned.contains($0.offset) }
      lists.append(
        (entry.key, .array(MetadataArray(elementType: array.elementType, left.map(\.element)))))
    }
    return lists
  }

  /// Whether a list has a value for each layer. Throws if it should and has not, or if nobody knows.
  private static func isOfLayers(
    _ key: String, _ prefix: String, _ array: MetadataArray, _ layers: KeptLayers
  ) throws(QuantError) -> Bool {
    let name = key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : nil
    let isKnown = name.map(layerLists.contains) ?? bareLists.contains(key)
    let isAsLong = array.count == layers.count || array.count == layers.plainCount
    if isKnown {
      guard isAsLong || array.count < 2 else {
        throw .setting(
          .prunedLayers,
          what: "\(key): expected \(layers.count) values, one for each layer, found \(array.count)")
      }
      return isAsLong
    }
    guard let name, isAsLong, !otherLists.contains(name), array.elementType != .string else {
      return false
    }
    throw .setting(
      .prunedLayers,
      what:
        "it is not known whether the \(array.count) values of the key \(key) are one for each layer"
    )
  }
}
