// SPDX-License-Identifier: MIT
internal import GGUF

extension RWKV {
  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, centered: true, needsHeads: false)
    let period = try model.integer("rescale_every_n_layers", default: 0)
    var carried = CarriedColumns()
    let firstValues = model.architecture == "rwkv7" ? carried.slot(sizes.width) : nil
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      let time = try TimeMixReader(model: model, sizes: sizes, layer: layer).graph(firstValues)
      var channel = LayerStep(
        norm: try norm(model, "blk.\(layer).attn_norm_2", sizes.width),
        .channelMix(try channelMix(model, sizes, layer)))
      if period > 0, (layer + 1) % period == 0 { channel.sumScale = 0.5 }
      return LayerGraph(steps: [
        LayerStep(
          norm: try norm(model, "blk.\(layer).attn_norm", sizes.width), .timeMix(time)),
        channel,
      ])
    }
    var graph = try model.graph(sizes, tied: false, layers: layers)
    graph.outputNorm = try norm(model, "output_norm", sizes.width)
    graph.start.norm = try norm(model, "token_embd_norm", sizes.width)
    graph.carried = carried
    return graph
  }

  /// A norm that has summands, too.
  fileprivate static func norm(
    _ model: ModelReader, _ name: String, _ width: Int
  ) throws(QuantError) -> Norm {
    Norm(
      weight: try model.tensor("\(name).weight", [width]),
      bias: try model.tensor("\(name).bias", [width]), isCentered: true)
  }

  private static func channelMix(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> ChannelMixGraph {
    let (prefix, inner) = ("blk.\(layer).channel_mix_", sizes.feedForward[layer])
    let receptance =
      model.architecture == "rwkv6"
      ? ChannelMixGraph.Receptance(
        share: try model.tensor("\(prefix)lerp_r.weight", [sizes.width]),
        linear: try model.linear("\(prefix)receptance", sizes.width, sizes.width)) : nil
    return ChannelMixGraph(
      share: try model.tensor("\(prefix)lerp_k.weight", [sizes.width]),
      key: try model.linear("\(prefix)key", sizes.width, inner),
      value: try model.linear("\(prefix)value", inner, sizes.width), receptance: receptance)
  }
}

/// Reads the time mixing of a layer.
private struct TimeMixReader {
  let model: ModelReader
  let width: Int
  let layer: Int
  let headSize: Int
  private var prefix: String { "blk.\(layer).time_mix_" }

  init(model: ModelReader, sizes: ModelSizes, layer: Int) throws(QuantError) {
    self.model = model
    self.layer = layer
    width = sizes.width
    headSize = try model.integer("wkv.head_size", in: 1...65_536)
    guard width % headSize == 0 else {
      throw .content(
        file: model.path, line: 0,
        what: "\(model.architecture).wkv.head_size: expected a divisor of \(width), found"
          + " \(headSize)")
    }
  }

  /// Keeps the first layer's values in a slot, or reads them there.
  func graph(_ firstValues: CarriedSlot?) throws(QuantError) -> TimeMixGraph {
    let version: TimeMixGraph.Version
    let parts: [String]
    if let firstValues {
      let seventh = try seventh(firstValues)
      version = .seventh(seventh)
      parts = ["r", "w", "k", "v", "a"] + (seventh.gate == nil ? [] : ["g"])
    } else {
      version = .sixth(try sixth())
      parts = ["w", "k", "v", "r", "g"]
    }
    return TimeMixGraph(
      version: version, shares: try shares(parts), receptance: try square("receptance"),
      key: try square("key"), value: try square("value"), output: try square("output"),
      headSize: headSize, norm: try norm())
  }

  private func norm() throws(QuantError) -> Norm {
    var norm = try RWKV.norm(model, "\(prefix)ln", width)
    norm.epsilon = 64e-5
    return norm
  }

  private func square(_ name: String) throws(QuantError) -> Linear {
    try model.linear("\(prefix)\(name)", width, width)
  }

  private func vector(_ name: String) throws(QuantError) -> TensorInfo {
    try model.tensor("\(prefix)\(name).weight", [width])
  }

  /// Shares of the previous token: together, or one by one.
  private func shares(_ parts: [String]) throws(QuantError) -> [TensorInfo] {
    let fused = "\(prefix)lerp_fused.weight"
    guard !model.source.contains(fused), model.architecture == "rwkv6" else {
      return [try model.tensor(fused, [width, 1, 1, parts.count])]
    }
    return try parts.map { part throws(QuantError) in try vector("lerp_\(part)") }
  }

  private func sixth() throws(QuantError) -> TimeMixGraph.Sixth {
    let narrow = try model.integer("time_mix_extra_dim", in: 1...(1 << 20))
    let decay = try model.integer("time_decay_extra_dim", in: 1...(1 << 20))
    return TimeMixGraph.Sixth(
      share: try vector("lerp_x"), narrow: try model.linear("\(prefix)w1", width, 5 * narrow),
      wide: Linear(
        tensor: try model.tensor("\(prefix)w2.weight", [narrow, width, 5]), outputs: width),
      decay: TimeMixGraph.LowRank(
        base: try vector("decay"), down: try model.linear("\(prefix)decay_w1", width, decay),
        up: try model.linear("\(prefix)decay_w2", decay, width)),
      bonus: try model.tensor("\(prefix)first.weight", [headSize, width / headSize]),
      gate: try square("gate"))
  }

  private func seventh(_ firstValues: CarriedSlot) throws(QuantError) -> TimeMixGraph.Seventh {
    let key = "attention.gate_lora_rank"
    let gate = try model.integer(key, default: 0, in: 0...(1 << 20))
    return TimeMixGraph.Seventh(
      decay: try lowRank("w", "attention.decay_lora_rank"),
      rate: try lowRank("a", "attention.iclr_lora_rank"),
      value: layer == 0
        ? nil : try lowRank("v", "attention.value_residual_mix_lora_rank"),
      gate: gate > 0 ? try lowRank("g", key, hasBase: false) : nil, firstValues: firstValues,
      keyScale: try vector("k_k"), rateScale: try vector("k_a"), own: try vector("r_k"))
  }

  private func lowRank(
    _ name: String, _ key: String, hasBase: Bool = true
  ) throws(QuantError) -> TimeMixGraph.LowRank {
    let rank = try model.integer(key, in: 1...(1 << 20))
    return TimeMixGraph.LowRank(
      base: hasBase ? try vector("\(name)0") : nil,
      down: try model.linear("\(prefix)\(name)1", width, rank),
      up: try model.linear("\(prefix)\(name)2", rank, width))
  }
}
