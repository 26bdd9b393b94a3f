// SPDX-License-Identifier: MIT
internal import GGUF

/// Something that a model's layers get by their number, not by their tensors nor by a list with a
/// value for each of them.
///
/// Removing layers numbers those behind them anew, so that such a rule must give each layer what it gave
/// it before.
package struct LayerRule: Sendable {
  /// What it decides, as the subject of a sentence: `the sliding window`.
  package let what: String
  /// Layers after which it begins again; `nil` if it does not.
  package var period: Int?
  /// The key of a list that may say it instead, with true or false for each layer.
  package var listKey: String?
  private let value: @Sendable (_ layer: Int, _ count: Int) -> Int

  /// Makes a rule.
  ///
  /// - Parameters:
  ///   - what: What it decides.
  ///   - period: Layers after which it begins again.
  ///   - listKey: The key of a list that may say it instead, without the architecture's name.
  ///   - value: What it gives a layer of a model of so many.
  package init(
    _ what: String, period: Int? = nil, listKey: String? = nil,
    value: @escaping @Sendable (_ layer: Int, _ count: Int) -> Int
  ) {
    self.what = what
    self.period = period
    self.listKey = listKey
    self.value = value
  }

  /// What it gives a layer, counted from 0, of a model of `count`; layers that predict further tokens
  /// are not among them.
  package func value(layer: Int, of count: Int) -> Int { value(layer, count) }
}

extension LayerRule {
  /// One that sets every n-th layer apart, the last of each group; nothing for groups of one.
  package static func every(
    _ period: Int, _ what: String, listKey: String? = nil
  ) -> [LayerRule] {
    guard period > 1 else { return [] }
    return [
      LayerRule(what, period: period, listKey: listKey) { layer, _ in
        (layer + 1) % period == 0 ? 0 : 1
      }
    ]
  }

  /// One that is different in models of exactly so many layers, which is how programs tell them.
  package static func count(_ special: Int, _ what: String) -> LayerRule {
    LayerRule(what) { _, count in count == special ? 1 : 0 }
  }

  /// One that sets the first layers apart.
  package static func first(_ number: Int, _ what: String) -> LayerRule {
    LayerRule(what) { layer, _ in layer < number ? layer + 1 : 0 }
  }
}

extension KeyReading {
  /// Which layers see a window and which see everything, where the file has no list of them.
  ///
  /// - Parameters:
  ///   - period: One of so many sees everything, unless a key says otherwise.
  ///   - size: The size of the window where the file does not say; 0 for none.
  ///   - firstIsFull: Whether it is the first of each group, not the last.
  /// - Returns: The rule; none where all layers see the same, or a list tells them apart.
  /// - Throws: `QuantError.content` for keys that make no sense.
  package func windowRules(
    period: Int, size: Int = 0, firstIsFull: Bool = false
  ) throws(QuantError) -> [LayerRule] {
    let key = "attention.sliding_window_pattern"
    guard value(key)?.elements == nil,
      try integer("attention.sliding_window", default: size) > 0
    else { return [] }
    let period = try integer(key, default: period)
    guard period > 1 else { return [] }
    return [
      LayerRule("the sliding window", period: period, listKey: key) { layer, _ in
        (firstIsFull ? layer : layer + 1) % period == 0 ? 0 : 1
      }
    ]
  }

  /// Which layers are recurrent, where the file has no list of them: all but one of so many.
  package func recurrenceRules(period: Int) throws(QuantError) -> [LayerRule] {
    let key = "attention.recurrent_layers"
    return has(key) ? [] : LayerRule.every(period, "the recurrence", listKey: key)
  }

  /// Rules that keys state, whatever the architecture.
  ///
  /// Throws `QuantError.content` for keys that make no sense.
  package func keyedLayerRules() throws(QuantError) -> [LayerRule] {
    let network = "the kind of feed-forward network"
    var rules = try recurrenceRules(period: integer("full_attention_interval", default: 0))
    rules += LayerRule.every(try integer("interleave_moe_layer_step", default: 0), network)
    let sparse = try integer("moe_every_n_layers", default: 0)
    if sparse > 1 {
      rules.append(LayerRule(network, period: sparse) { layer, _ in layer % sparse == 1 ? 1 : 0 })
    }
    for (key, what) in [
      ("rescale_every_n_layers", "the scale of weights"), ("attn_res.block_size", "the residual"),
    ] {
      let size = try integer(key, default: 0)
      if size > 0 { rules.append(LayerRule(what) { layer, _ in layer / size }) }
    }
    let stacked = try integer("n_deepstack_layers", default: 0)
    if stacked > 0 { rules.append(.first(stacked, "what comes from images")) }
    return rules
  }

  /// The keys that `keyedLayerRules` reads.
  package static var keysOfLayerRules: Set<String> {
    [
      "full_attention_interval", "interleave_moe_layer_step", "moe_every_n_layers",
      "rescale_every_n_layers", "attn_res.block_size", "n_deepstack_layers",
      "attention.sliding_window_pattern",
    ]
  }
}
