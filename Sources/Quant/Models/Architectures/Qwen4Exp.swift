// SPDX-License-Identifier: MIT
internal import GGUF

/// The experimental Qwen 4: Qwen 3.5's layers between several gated streams, an indexer before full
/// attention, and embeddings of the last few tokens together in one layer.
enum Qwen4Exp: FileArchitecture {
  static let names = ["qwen4exp"]

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    model.has("full_attention_interval") ? [] : try model.recurrenceRules(period: interval)
  }

  private static let interval = 4

  static func ahead(_: String) -> AheadForm? { AheadForm(.joined) }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let streams = try model.streams()
    let isRecurrent = try model.recurrentLayers(sizes, interval: interval)
    let ngrams = try NGrams(model, sizes, isRecurrent)
    var carried = CarriedColumns()
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var mixer = LayerStep(
        norm: nil,
        isRecurrent[layer]
          ? .deltaNet(try deltaNet(model, sizes, layer))
          : .attention(try attention(model, sizes, layer)))
      mixer.connection = .gated(try gate(model, sizes, "blk.\(layer).hc_attn", streams))
      var network = LayerStep(
        norm: nil,
        .mixture(try Qwen2MoE.mixture(model, sizes, layer, normalizes: true, needsShared: false)))
      network.connection = .gated(try gate(model, sizes, "blk.\(layer).hc_ffn", streams))
      var graph = LayerGraph(steps: [mixer, network])
      graph.ngrams = try ngrams.graph(model, sizes, layer, streams: streams, &carried)
      return graph
    }
    var graph = ModelGraph(
      width: sizes.width, vocabulary: sizes.vocabulary, epsilon: sizes.epsilon,
      embedding: sizes.embedding, layers: Array(layers.prefix(sizes.layers)), outputNorm: nil,
      output: try model.output(sizes))
    (graph.streams, graph.carried) = (streams, carried)
    graph.merge = .gated(try gate(model, sizes, "output_hc", streams, injects: false))
    graph.ahead = try ahead(model, sizes, Array(layers.dropFirst(sizes.layers)), streams)
    return graph
  }

  /// Layers that predict further tokens, which may merge streams in a way of their own.
  private static func ahead(
    _ model: ModelReader, _ sizes: ModelSizes, _ layers: [LayerGraph], _ streams: Int
  ) throws(QuantError) -> [AheadGraph] {
    guard let form = model.ahead else { return [] }
    var graphs = try model.ahead(layers, sizes, form, outputNorm: nil, streams: streams)
    for index in graphs.indices {
      let name = "blk.\(sizes.layers + index).nextn.hc_head"
      guard model.source.contains("\(name)_down.weight") else { continue }
      graphs[index].merge = .gated(try gate(model, sizes, name, streams, injects: false))
    }
    return graphs
  }

  private static func gate(
    _ model: ModelReader, _ sizes: ModelSizes, _ name: String, _ streams: Int,
    injects: Bool = true
  ) throws(QuantError) -> StreamGate {
    let rank = try model.integer("hyper_connection.low_rank", in: 1...(1 << 20))
    let all = streams * sizes.width
    return StreamGate(
      norm: try model.tensor("\(name)_norm.weight", [sizes.width, streams]),
      down: try model.linear("\(name)_down", all, rank),
      up: try model.linear("\(name)_up", rank, all),
      inject: injects ? try model.linear("\(name)_inject", all, streams) : nil)
  }

  // MARK: Mixers

  private static func deltaNet(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> DeltaNetGraph {
    var graph = try model.gatedDeltaNet(sizes, layer: layer, sharesConsecutively: false)
    graph.gate.function = .sigmoid
    return graph
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> AttentionGraph {
    var attention = try Qwen3Next.attention(model, sizes, layer)
    let ratio = try model.integers(
      "attention.compress_ratios", layers: sizes.described, default: 0)[layer]
    guard ratio > 0 else { return attention }
    let count = try model.integer("attention.indexer.top_k", in: 1...(1 << 24))
    guard ratio == 1 || model.contextLength < count + ratio else {
      throw .unsupported(
        "\(model.path): \(model.architecture).attention.compress_ratios: expected 1, as blocks of more"
          + " tokens are cut at an undefined place where windows are longer than \(count) tokens, found"
          + " \(ratio)")
    }
    let choice = KeyChoice.keys(ratio == 1 ? count : count + ratio - 1)
    attention.selection = KeySelection(
      choice: choice, indexer: try indexer(model, sizes, layer, attention.rotation), slot: nil,
      columns: choice.isWhole(length: model.contextLength)
        ? 0 : KeySelection.columns(keys: model.contextLength))
    return attention
  }

  private static func indexer(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ rotation: Rotation?
  ) throws(QuantError) -> IndexerGraph {
    let heads = try model.integer("attention.indexer.head_count", in: 1...65_535)
    let size = try model.integer(
      "attention.indexer.key_length", in: max(1, rotation?.dimensions ?? 0)...65_535)
    let prefix = "blk.\(layer).indexer."
    return IndexerGraph(
      query: try model.linear("\(prefix)q_proj", sizes.width, heads * size),
      queriesFromLatent: false, key: try model.linear("\(prefix)k_proj", sizes.width, size),
      heads: heads, size: size, queryNorm: try model.norm("\(prefix)q_norm", size),
      keyNorm: try model.norm("\(prefix)k_norm", size), rotation: rotation)
  }
}

/// The layers that add embeddings of the last few tokens together, and what these share.
private struct NGrams {
  private let layers: Set<Int>
  private var hash: NGramHash?

  init(
    _ model: ModelReader, _ sizes: ModelSizes, _ isRecurrent: [Bool]
  ) throws(QuantError) {
    let stated = model.value("ple.layers")
    layers = Set(
      stated?.elements?.integers(sizes.layers) ?? stated?.integer.map { [$0] } ?? [])
    guard !layers.isEmpty else { return }
    guard layers.allSatisfy({ $0 >= 0 && $0 < sizes.layers && isRecurrent[$0] }) else {
      throw .content(
        file: model.path, line: 0,
        what: "\(model.architecture).ple.layers: expected recurrent layers below \(sizes.layers)")
    }
    let size = try model.integer("ple.ngram_size", in: 2...64)
    let heads = try model.integer("ple.heads_per_ngram", in: 1...1024)
    let all = (size - 1) * heads
    hash = NGramHash(
      multipliers: try Self.numbers(model, "ple.layer_multipliers", size).map {
        UInt64(bitPattern: $0)
      },
      heads: heads, rows: try Self.rows(model, "ple.head_vocab_sizes", all, least: 1),
      first: try Self.rows(model, "ple.head_offsets", all, least: 0),
      end: try model.integer("ple.eos_token_id", in: 0...(1 << 24)))
  }

  private static func numbers(
    _ model: ModelReader, _ key: String, _ count: Int
  ) throws(QuantError) -> [Int64] {
    let found = model.value(key)?.elements?.values(count).compactMap { $0.integer.map(Int64.init) }
    guard let found, found.count == count else {
      throw .content(
        file: model.path, line: 0,
        what: "\(model.architecture).\(key): expected \(count) numbers, found \(found?.count ?? 0)")
    }
    return found
  }

  private static func rows(
    _ model: ModelReader, _ key: String, _ count: Int, least: Int64
  ) throws(QuantError) -> [Int] {
    let found = try numbers(model, key, count)
    guard found.allSatisfy({ $0 >= least && $0 < 1 << 40 }) else {
      throw .content(
        file: model.path, line: 0,
        what: "\(model.architecture).\(key): expected numbers from \(least) to 2^40")
    }
    return found.map { Int($0) }
  }

  func graph(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, streams: Int,
    _ carried: inout CarriedColumns
  ) throws(QuantError) -> NGramGraph? {
    guard layers.contains(layer), let hash else { return nil }
    let (prefix, all) = ("blk.\(layer).ple_", streams * sizes.width)
    let size = try model.integer("embedding_length_per_layer_input", in: 1...(1 << 20))
    guard size * hash.rows.count == sizes.width else {
      throw .content(
        file: model.path, line: 0,
        what: "\(model.architecture).embedding_length_per_layer_input: expected"
          + " \(hash.rows.count) times as much to be \(sizes.width), found \(size)")
    }
    let rows = zip(hash.first, hash.rows).map { $0 + $1 }.max() ?? 0
    let name = "per_layer_token_embd.weight"
    let found = (try? model.source.tensor(name))?.rowCount ?? rows
    let taps = try model.integer("ple.conv_kernel", in: 1...1024)
    func norm(_ name: String) throws(QuantError) -> TensorInfo {
      try model.tensor("\(prefix)\(name).weight", [sizes.width, streams])
    }
    return NGramGraph(
      hash: hash, table: try model.tensor(name, [size, max(rows, found)]),
      token: carried.tokenSlot(), key: try model.linear("\(prefix)key", sizes.width, all),
      value: try model.linear("\(prefix)value", sizes.width, sizes.width),
      keyNorm: try norm("norm_key"), queryNorm: try norm("norm_query"),
      valueNorm: try norm("norm_conv"),
      convolution: ConvolutionGraph(
        weight: try model.tensor("\(prefix)conv1d.weight", [taps, all])),
      distance: hash.multipliers.count)
  }
}
