// SPDX-License-Identifier: MIT
internal import GGUF

/// The indexers of a model: which layers have one, and what they choose.
struct IndexerPlan {
  /// Index heads.
  let heads: Int
  /// Numbers of an index query or key.
  let size: Int
  let choice: KeyChoice
  /// Numbers that tell a choice.
  private let columns: Int
  /// Which layers choose by themselves.
  private let owns: [Bool]
  /// Where choices are kept for the others.
  private let slot: CarriedSlot?

  /// Reads what the keys say.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - sizes: Its sizes.
  ///   - carried: Takes a slot for choices that later layers read.
  ///   - chooses: Layers whose attention sees a choice.
  ///   - owns: Which layers have an indexer, where no key says it.
  ///   - choice: What they choose, from the key of how many.
  /// - Throws: `QuantError.content` for keys that are missing or make no sense.
  init(
    _ model: ModelReader, _ sizes: ModelSizes, _ carried: inout CarriedColumns,
    chooses: [Bool]? = nil, owns: [Bool]? = nil, choice: (Int) -> KeyChoice = { .keys($0) }
  ) throws(QuantError) {
    let prefix = "attention.indexer."
    heads = try model.integer("\(prefix)head_count", in: 1...65_535)
    size = try model.integer("\(prefix)key_length", in: 1...65_535)
    self.choice = choice(try model.integer("\(prefix)top_k", in: 1...(1 << 24)))
    let stated = try model.layerFlags("\(prefix)types", sizes) ?? owns
    let chooses = chooses ?? Array(repeating: true, count: sizes.described)
    let all = zip(stated ?? chooses, chooses).map { $0 && $1 }
    self.owns = all
    guard let first = chooses.firstIndex(of: true), !all[first] else {
      let isKept = zip(all, chooses).contains { !$0 && $1 }
      let isWhole = self.choice.isWhole(length: model.contextLength)
      columns = isWhole ? 0 : KeySelection.columns(keys: model.contextLength)
      slot = isKept && !isWhole ? carried.slot(columns) : nil
      return
    }
    throw .content(
      file: model.source.path, line: 0,
      what: "\(model.architecture).\(prefix)types: expected an indexer in layer \(first), before"
        + " which none chooses, found 0")
  }

  /// What a layer sees: its own indexer's choice, or an earlier one's.
  func selection(
    layer: Int, _ indexer: () throws(QuantError) -> IndexerGraph
  ) throws(QuantError) -> KeySelection {
    KeySelection(
      choice: choice, indexer: owns[layer] ? try indexer() : nil, slot: slot, columns: columns)
  }
}

extension ModelReader {
  /// The lightning indexer of a layer with latent attention.
  ///
  /// - Parameters:
  ///   - plan: The model's indexers.
  ///   - sizes: The model's sizes.
  ///   - layer: Which layer.
  ///   - rank: Numbers of the vector that queries go through.
  ///   - rotation: The rotation of its queries and keys, if there is one.
  ///   - rotatesLast: Whether that turns the last numbers instead of the first.
  ///   - epsilon: Of the norm of its keys.
  /// - Returns: The indexer.
  /// - Throws: `QuantError` for keys and tensors that are missing or do not fit.
  func lightningIndexer(
    _ plan: IndexerPlan, _ sizes: ModelSizes, layer: Int, rank: Int, _ rotation: Rotation?,
    rotatesLast: Bool = false, epsilon: Float
  ) throws(QuantError) -> IndexerGraph {
    let turned = rotation?.dimensions ?? 0
    guard rank > 0, turned <= plan.size else {
      throw .content(
        file: source.path, line: 0,
        what: rank > 0
          ? "\(architecture).attention.indexer.key_length: expected at least the \(turned) numbers"
            + " that are rotated, found \(plan.size)"
          : "\(architecture).attention.q_lora_rank: expected a positive number, found none")
    }
    let prefix = "blk.\(layer).indexer."
    var norm = Norm(
      weight: try tensor("\(prefix)k_norm.weight", [plan.size]),
      bias: try optional("\(prefix)k_norm.bias", [plan.size]), isCentered: true)
    norm.epsilon = epsilon
    return IndexerGraph(
      query: try linear("\(prefix)attn_q_b", rank, plan.heads * plan.size), queriesFromLatent: true,
      key: try linear("\(prefix)attn_k", sizes.width, plan.size), heads: plan.heads,
      size: plan.size, keyNorm: norm, rotation: rotation,
      rotatedFrom: rotatesLast ? plan.size - turned : 0,
      weights: try linear("\(prefix)proj", sizes.width, plan.heads))
  }

  /// Yes or no for each layer: one for all of them, or an array; `nil` without the key.
  func layerFlags(_ key: String, _ sizes: ModelSizes) throws(QuantError) -> [Bool]? {
    guard let value = value(key) else { return nil }
    guard let array = value.elements else {
      return Array(repeating: try flag(key, default: false), count: sizes.described)
    }
    let flags = array.values(sizes.described).compactMap { $0.flag ?? $0.integer.map { $0 != 0 } }
    guard flags.count == sizes.described else {
      throw .content(
        file: source.path, line: 0,
        what: "\(architecture).\(key): expected \(sizes.described) flags, found \(array.count)")
    }
    return flags
  }
}
