// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelReader {
  /// Attention with queries, keys and values from separate matrices or a fused one, all biases
  /// being optional: what most architectures have, before they change it.
  ///
  /// - Parameters:
  ///   - sizes: The model's.
  ///   - layer: Which layer.
  ///   - pairing: Which numbers are rotated together.
  ///   - gatesQueries: Whether the product of queries gives a gate for each head, too.
  /// - Returns: Attention over all earlier positions.
  /// - Throws: `QuantError` for keys and tensors that are missing or do not fit.
  func attention(
    _ sizes: ModelSizes, layer: Int, _ pairing: Rotation.Pairing, gatesQueries: Bool = false
  ) throws(QuantError) -> AttentionGraph {
    try attention(
      sizes, layer: layer, try rotation(pairing, headSize: sizes.keySize),
      gatesQueries: gatesQueries)
  }

  /// The same with a rotation that is known, or none.
  func attention(
    _ sizes: ModelSizes, layer: Int, _ rotation: Rotation?, gatesQueries: Bool = false
  ) throws(QuantError) -> AttentionGraph {
    let (heads, shared) = (sizes.heads[layer], sizes.keyValueHeads[layer])
    guard heads > 0, shared > 0 else {
      throw .content(
        file: source.path, line: 0,
        what: "\(architecture).attention.head_count: expected heads in layer \(layer), which has"
          + " attention, found \(heads) and \(shared) of keys and values")
    }
    return AttentionGraph(
      input: try attentionInput(sizes, layer: layer, gatesQueries: gatesQueries), heads: heads,
      keyValueHeads: shared, keySize: sizes.keySize, valueSize: sizes.valueSize,
      rotation: rotation, scale: 1 / Float(sizes.keySize).squareRoot(),
      gate: gatesQueries ? AttentionGate(.query) : nil,
      output: try linear("blk.\(layer).attn_output", heads * sizes.valueSize, sizes.width))
  }

  /// Queries, keys and values from separate matrices or a fused one.
  func attentionInput(
    _ sizes: ModelSizes, layer: Int, gatesQueries: Bool = false
  ) throws(QuantError) -> AttentionInput {
    let prefix = "blk.\(layer).attn_"
    let query = sizes.heads[layer] * sizes.keySize * (gatesQueries ? 2 : 1)
    let key = sizes.keyValueHeads[layer] * sizes.keySize
    let value = sizes.keyValueHeads[layer] * sizes.valueSize
    guard source.contains("\(prefix)qkv.weight") else {
      return .separate(
        query: try linear("\(prefix)q", sizes.width, query),
        key: try linear("\(prefix)k", sizes.width, key),
        value: try linear("\(prefix)v", sizes.width, value))
    }
    return .fused(
      try linear("\(prefix)qkv", sizes.width, query + key + value),
      queryBias: try optional("\(prefix)q.bias", [query]),
      keyBias: try optional("\(prefix)k.bias", [key]),
      valueBias: try optional("\(prefix)v.bias", [value]))
  }

  /// Norms of each query and key head, if the file has them.
  func headNorms(
    _ attention: inout AttentionGraph, layer: Int, required: Bool, centered: Bool = false
  ) throws(QuantError) {
    for (name, path) in [("q", \AttentionGraph.queryNorm), ("k", \AttentionGraph.keyNorm)] {
      let tensor = "blk.\(layer).attn_\(name)_norm"
      guard required || source.contains("\(tensor).weight") else { continue }
      attention[keyPath: path] = .perHead(
        try norm(tensor, attention.keySize, centered: centered))
    }
  }

  /// Norms over all query heads, and over all key heads, together.
  func wholeNorms(
    _ attention: inout AttentionGraph, layer: Int, centered: Bool = false
  ) throws(QuantError) {
    let prefix = "blk.\(layer).attn_"
    attention.queryNorm = .whole(
      try norm("\(prefix)q_norm", attention.heads * attention.keySize, centered: centered))
    attention.keyNorm = .whole(
      try norm(
        "\(prefix)k_norm", attention.keyValueHeads * attention.keySize, centered: centered))
  }

  /// Which layers have windows: `true` for those that do.
  ///
  /// The key may hold one flag a layer, or a number n: of every n layers, the last sees everything.
  func windowedLayers(_ sizes: ModelSizes, pattern: Int) throws(QuantError) -> [Bool] {
    let key = "attention.sliding_window_pattern"
    if let flags = value(key)?.elements {
      let values = flags.values(sizes.described).map { $0.flag ?? ($0.integer != 0) }
      guard values.count == sizes.described else {
        throw .content(
          file: source.path, line: 0,
          what: "\(architecture).\(key): expected \(sizes.described) flags, found \(flags.count)")
      }
      return values
    }
    let period = try integer(key, default: pattern)
    return (0..<sizes.described).map { period == 0 || $0 % period < period - 1 }
  }

  /// Yes or no for each layer.
  func flags(_ key: String, layers: Int) throws(QuantError) -> [Bool] {
    let values = value(key)?.elements?.values(layers).map { $0.flag ?? ($0.integer != 0) }
    guard let values, values.count == layers else {
      throw .content(
        file: source.path, line: 0,
        what: "expected \(layers) flags as \(architecture).\(key), found \(values?.count ?? 0)")
    }
    return values
  }
}
