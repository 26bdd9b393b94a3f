// SPDX-License-Identifier: MIT
internal import GGUF

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Sizes of multi-head latent attention in a layer.
struct LatentShape {
  let heads: Int
  /// Numbers of a key: each head's own, and behind them those that all heads share.
  let keySize: Int
  let valueSize: Int
  /// Numbers of the latent vector.
  let latent: Int
  /// Numbers of a key that all heads share; those that are rotated, if any are.
  let shared: Int
  /// Numbers that queries go through; 0 for none.
  var queryRank: Int

  /// Reads them.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - sizes: Its sizes.
  ///   - layer: Which layer.
  ///   - suffix: What follows the keys' names, where layers of one kind have sizes of their own.
  ///   - leastShared: How many numbers heads must share.
  /// - Throws: `QuantError.content` for keys that are missing or make no sense.
  init(
    _ model: ModelReader, _ sizes: ModelSizes, layer: Int, suffix: String = "",
    leastShared: Int = 2
  ) throws(QuantError) {
    let isPlain = suffix.isEmpty
    heads = sizes.heads[layer]
    // Part of a key is shared, and part is not.
    keySize = try model.integer(
      "attention.key_length_mla\(suffix)",
      default: isPlain ? max(sizes.keySize, leastShared + 1) : nil, in: leastShared + 1...65_535)
    valueSize = try model.integer(
      "attention.value_length_mla\(suffix)", default: isPlain ? sizes.valueSize : nil,
      in: 1...65_535)
    latent = try model.integer("attention.kv_lora_rank\(suffix)", in: 1...(1 << 20))
    shared = try model.integer("rope.dimension_count", in: leastShared...keySize - 1)
    queryRank = try model.integer("attention.q_lora_rank", default: 0, in: 0...(1 << 20))
  }
}

extension ModelReader {
  /// Multi-head latent attention, with queries by one product or through a narrow vector, and with the
  /// expansion to keys and values joint or in two tensors: without rotation, and with the usual factor on
  /// scores.
  func latentAttention(
    _ sizes: ModelSizes, layer: Int, _ shape: LatentShape
  ) throws(QuantError) -> AttentionGraph {
    guard shape.heads > 0 else {
      throw .content(
        file: source.path, line: 0,
        what: "\(architecture).attention.head_count: expected heads in layer \(layer), which has"
          + " attention, found none")
    }
    let prefix = "blk.\(layer).attn_"
    let latent = LatentAttention(
      query: try latentQuery(sizes, layer, shape),
      down: try linear("\(prefix)kv_a_mqa", sizes.width, shape.latent + shape.shared),
      norm: try norm("\(prefix)kv_a_norm", shape.latent),
      expansion: try latentExpansion(layer, shape), latent: shape.latent)
    return AttentionGraph(
      input: .latent(latent), heads: shape.heads, keyValueHeads: shape.heads,
      keySize: shape.keySize, valueSize: shape.valueSize,
      scale: 1 / Float(shape.keySize).squareRoot(),
      output: try linear("\(prefix)output", shape.heads * shape.valueSize, sizes.width))
  }

  private func latentExpansion(
    _ layer: Int, _ shape: LatentShape
  ) throws(QuantError) -> LatentAttention.Expansion {
    let prefix = "blk.\(layer).attn_"
    let (own, heads) = (shape.keySize - shape.shared, shape.heads)
    guard source.contains("\(prefix)k_b.weight") || !source.contains("\(prefix)kv_b.weight") else {
      return .joint(
        try linear("\(prefix)kv_b", shape.latent, heads * (own + shape.valueSize)))
    }
    return .perHead(
      key: try tensor("\(prefix)k_b.weight", [own, shape.latent, heads]),
      value: try tensor("\(prefix)v_b.weight", [shape.latent, shape.valueSize, heads]))
  }

  private func latentQuery(
    _ sizes: ModelSizes, _ layer: Int, _ shape: LatentShape
  ) throws(QuantError) -> LatentAttention.Query {
    let prefix = "blk.\(layer).attn_q"
    let (rank, outputs) = (shape.queryRank, shape.heads * shape.keySize)
    guard rank > 0 else { return .direct(try linear(prefix, sizes.width, outputs)) }
    return .compressed(
      down: try linear("\(prefix)_a", sizes.width, rank),
      norm: try norm("\(prefix)_a_norm", rank),
      up: try linear("\(prefix)_b", rank, outputs))
  }

  /// Sets the rotation of latent attention, and the factor on scores, which longer contexts raise.
  ///
  /// - Parameters:
  ///   - attention: What is changed.
  ///   - shape: Its sizes.
  ///   - multiplier: How much of the context's factor scores take over from queries and keys, a tenth of
  ///     `mscale_all_dim` as files hold it; 0 for nothing.
  ///   - asMultiplied: Whether queries and keys are then not raised at all, instead of by as much as is
  ///     left.
  /// - Throws: `QuantError` for keys that are missing or make no sense.
  func scaleLatent(
    _ attention: inout AttentionGraph, _ shape: LatentShape, multiplier: Float,
    asMultiplied: Bool = false
  ) throws(QuantError) {
    var rotation = try rotation(.neighbours, headSize: shape.shared)
    let given = try number("rope.scaling.attn_factor", default: 1)
    let magnitude: Float
    switch rotation.scaling {
    case .linear(let factor):
      // Whatever the scaling, the reference raises scores by the factor's logarithm.
      let logarithm = Float(log(Double(factor)))
      magnitude = given * (1 + 0.1 * logarithm) * (1 + multiplier * logarithm)
    case .yarn(let factor, _, _, _):
      let raised = 1 + multiplier * Float(log(Double(factor)))
      guard raised > 0 else {
        throw .content(
          file: source.path, line: 0,
          what: "\(architecture).rope.scaling.yarn_log_multiplier: expected a number that raises"
            + " scores, found \(multiplier)")
      }
      // With a multiplier, what scores are raised by is taken off queries and keys.
      if multiplier != 0 {
        rotation.magnitude = asMultiplied ? given : rotation.magnitude / raised
      }
      magnitude = rotation.magnitude * raised
    }
    attention.rotation = rotation
    attention.scale = magnitude * magnitude / Float(shape.keySize).squareRoot()
  }
}
