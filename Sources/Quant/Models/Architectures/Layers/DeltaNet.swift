// SPDX-License-Identifier: MIT
internal import GGUF

/// Sizes of the delta rules of a model.
private struct DeltaSizes {
  let taps: Int
  /// Numbers of a query, key or value.
  let size: Int
  let keyHeads: Int
  let valueHeads: Int
  /// Numbers that the convolution is over.
  var channels: Int { 2 * keyHeads * size + valueHeads * size }

  init(_ model: ModelReader) throws(QuantError) {
    taps = try model.integer("ssm.conv_kernel", in: 1...1024)
    size = try model.integer("ssm.state_size", in: 1...65_535)
    keyHeads = try model.integer("ssm.group_count", in: 1...65_535)
    valueHeads = try model.integer("ssm.time_step_rank", in: 1...65_535)
    let inner = try model.integer("ssm.inner_size")
    guard valueHeads % keyHeads == 0, inner == valueHeads * size else {
      throw .content(
        file: model.path, line: 0,
        what: "\(model.architecture).ssm.inner_size: expected \(valueHeads) heads of \(size)"
          + " numbers that \(keyHeads) key heads divide, found \(inner)")
    }
  }
}

extension ModelReader {
  /// A gated DeltaNet with the tensors that Qwen's have: decay of one number a head, gates with silu.
  ///
  /// - Parameters:
  ///   - sizes: The model's.
  ///   - layer: Which layer.
  ///   - sharesConsecutively: Whether consecutive value heads share a key head, instead of taking all of
  ///     them in turn.
  /// - Returns: The block.
  /// - Throws: `QuantError` for keys and tensors that are missing or do not fit.
  func gatedDeltaNet(
    _ sizes: ModelSizes, layer: Int, sharesConsecutively: Bool
  ) throws(QuantError) -> DeltaNetGraph {
    let (own, prefix) = (try DeltaSizes(self), "blk.\(layer).")
    let inner = own.valueHeads * own.size
    // Older files have one product for everything.
    let isGrouped = source.contains("\(prefix)ssm_in.weight")
    return DeltaNetGraph(
      input: try deltaInput(sizes, prefix, own), keyHeads: own.keyHeads,
      valueHeads: own.valueHeads, keySize: own.size, valueSize: own.size,
      sharesConsecutively: sharesConsecutively, controls: try controls(sizes, prefix, own),
      decay: DeltaNetGraph.Decay(
        bias: try tensor("\(prefix)ssm_dt.bias", [own.valueHeads]),
        factors: try headFactors("\(prefix)ssm_a", own.valueHeads), isPerEntry: false),
      norm: try norm("\(prefix)ssm_norm", own.size),
      gate: DeltaNetGraph.Gate(
        product: isGrouped ? nil : .direct(try linear("\(prefix)attn_gate", sizes.width, inner)),
        function: .silu),
      output: try linear("\(prefix)ssm_out", inner, sizes.width))
  }

  private func deltaInput(
    _ sizes: ModelSizes, _ prefix: String, _ own: DeltaSizes
  ) throws(QuantError) -> DeltaNetGraph.Input {
    let convolution = try convolution(
      "\(prefix)ssm_conv1d", taps: own.taps, channels: own.channels)
    guard source.contains("\(prefix)ssm_in.weight") else {
      return .fused(try linear("\(prefix)attn_qkv", sizes.width, own.channels), convolution)
    }
    let outputs = own.channels + own.valueHeads * own.size
    return .grouped(try linear("\(prefix)ssm_in", sizes.width, outputs), convolution)
  }

  private func controls(
    _ sizes: ModelSizes, _ prefix: String, _ own: DeltaSizes
  ) throws(QuantError) -> DeltaNetGraph.Controls {
    guard !source.contains("\(prefix)ssm_ba.weight") else {
      return .grouped(try linear("\(prefix)ssm_ba", sizes.width, 2 * own.valueHeads))
    }
    return .separate(
      step: try linear("\(prefix)ssm_beta", sizes.width, own.valueHeads),
      decay: .direct(try linear("\(prefix)ssm_alpha", sizes.width, own.valueHeads)))
  }

  /// A number for each head; some files have a dimension of one before it.
  func headFactors(_ name: String, _ heads: Int) throws(QuantError) -> TensorInfo {
    let isRow = (try? source.tensor(name))?.dimensions.first == 1
    return try tensor(name, isRow ? [1, heads] : [heads])
  }

  /// A short convolution with `taps` weights a channel, perhaps with a bias; some files have a dimension
  /// of one between taps and channels.
  func convolution(
    _ name: String, taps: Int, channels: Int
  ) throws(QuantError) -> ConvolutionGraph {
    let found = (try? source.tensor("\(name).weight"))?.dimensions ?? []
    let hasMiddle = found.count > 2 && found[1] == 1
    return ConvolutionGraph(
      weight: try tensor("\(name).weight", hasMiddle ? [taps, 1, channels] : [taps, channels]),
      bias: try optional("\(name).bias", [channels]))
  }

  /// Which layers are recurrent: `true` for those that are; those that predict further tokens are not.
  ///
  /// A key may hold a flag for each layer; else, of every `full_attention_interval` layers, the last
  /// attends.
  func recurrentLayers(_ sizes: ModelSizes, interval: Int) throws(QuantError) -> [Bool] {
    let key = "attention.recurrent_layers"
    guard let flags = value(key)?.elements else {
      let interval = try integer("full_attention_interval", default: interval, in: 1...65_535)
      return (0..<sizes.described).map { $0 < sizes.layers && ($0 + 1) % interval != 0 }
    }
    let values = flags.values(sizes.described).map { $0.flag ?? ($0.integer != 0) }
    guard values.count == sizes.described else {
      throw .content(
        file: path, line: 0,
        what: "\(architecture).\(key): expected \(sizes.described) flags, found \(flags.count)")
    }
    return values
  }
}
