// SPDX-License-Identifier: MIT
import GGUF

/// A model of a few thousand random weights whose last two layers predict further tokens (MTP), with
/// `TinyLlama`'s tokenizer.
public struct TinyAhead: Sendable {
  /// What kind of model it is.
  public enum Kind: String, Sendable, CaseIterable {
    /// Heads are normed, and further tokens are predicted from normed states.
    case normed = "hy_v3"
    /// Every second layer sees a window, and further tokens are predicted from states as they are.
    case plain = "step35"
  }

  /// What kind it is.
  public let kind: Kind
  /// Numbers a token.
  public let width = 24
  /// Ordinary layers, and those that predict further tokens.
  public let layers = (trunk: 2, ahead: 2)
  /// Query heads, and heads of keys and values.
  public let heads = (query: 4, shared: 2)
  /// Numbers a head.
  public let headSize = 8
  /// Numbers between the products of a network.
  public let inner = 20
  /// Tokens of a window.
  public let window = 5
  private let tokenizer = TinyLlama()
  /// The weights by the tensor's name, row after row.
  public var weights: [String: [Float]] = [:]
  private var shapes: [(name: String, dimensions: [Int])] = []

  /// Tokens known.
  public var vocabulary: Int { tokenizer.vocabulary }

  /// Whether a layer sees a window.
  public func isWindowed(_ layer: Int) -> Bool { kind == .plain && layer % 2 == 0 }

  /// Makes a model; the same for the same seed.
  public init(_ kind: Kind = .normed, seed: UInt64 = 1) {
    self.kind = kind
    var random = SeededGenerator(seed: seed)
    add("token_embd", [width, vocabulary], spread: 1, &random)
    for layer in 0..<layers.trunk + layers.ahead { addLayer("blk.\(layer).", &random) }
    for layer in layers.trunk..<layers.trunk + layers.ahead {
      let prefix = "blk.\(layer).nextn."
      add(prefix + "eh_proj", [2 * width, width], spread: 0.4, &random)
      for name in ["enorm", "hnorm"] { addNorm(prefix + name, width, &random) }
    }
    // The first shares all that it can with the model, the last nothing.
    let prefix = "blk.\(layers.trunk + layers.ahead - 1).nextn."
    add(prefix + "embed_tokens", [width, vocabulary], spread: 1, &random)
    addNorm(prefix + "shared_head_norm", width, &random)
    add(prefix + "shared_head_head", [width, vocabulary], spread: 0.6, &random)
    addNorm("output_norm", width, &random)
    add("output", [width, vocabulary], spread: 0.6, &random)
  }

  private mutating func addLayer(_ prefix: String, _ random: inout SeededGenerator) {
    for name in ["attn_norm", "ffn_norm"] { addNorm(prefix + name, width, &random) }
    if kind == .normed {
      for name in ["attn_q_norm", "attn_k_norm"] { addNorm(prefix + name, headSize, &random) }
    }
    let (queries, keys) = (heads.query * headSize, heads.shared * headSize)
    for (name, dimensions) in [
      ("attn_q", [width, queries]), ("attn_k", [width, keys]), ("attn_v", [width, keys]),
      ("attn_output", [queries, width]), ("ffn_gate", [width, inner]), ("ffn_up", [width, inner]),
      ("ffn_down", [inner, width]),
    ] { add(prefix + name, dimensions, spread: 0.5, &random) }
  }

  private mutating func addNorm(
    _ name: String, _ count: Int, _ random: inout SeededGenerator
  ) {
    add(name, [count], spread: 0.3, around: 1, &random)
  }

  private mutating func add(
    _ name: String, _ dimensions: [Int], spread: Float, around middle: Float = 0,
    _ random: inout SeededGenerator
  ) {
    weights["\(name).weight"] = (0..<dimensions.reduce(1, *)).map { _ in
      middle + Float.random(in: -spread...spread, using: &random)
    }
    shapes.append(("\(name).weight", dimensions))
  }

  /// The names of the tensors that are multiplied in layers, of which matrices of importance know.
  public var products: [String] {
    shapes.filter {
      $0.dimensions.count > 1 && $0.name.hasPrefix("blk.") && !$0.name.contains("embed_tokens")
    }.map(\.name)
  }

  /// The model as a file, without tensors of which there are no weights.
  public func file() -> ModelFile {
    var file = ModelFile()
    let prefix = kind.rawValue
    file.metadata["general.architecture"] = .string(MetadataString(prefix))
    let all = layers.trunk + layers.ahead
    let numbers = [
      ("block_count", all), ("nextn_predict_layers", layers.ahead), ("context_length", 64),
      ("embedding_length", width), ("feed_forward_length", inner),
      ("attention.head_count", heads.query), ("attention.head_count_kv", heads.shared),
      ("attention.key_length", headSize), ("attention.value_length", headSize),
      ("rope.dimension_count", headSize), ("attention.sliding_window", window),
    ]
    for (key, number) in numbers { file.metadata["\(prefix).\(key)"] = .uint32(UInt32(number)) }
    file.metadata["\(prefix).attention.sliding_window_pattern"] = .array(
      MetadataArray(elementType: .bool, (0..<all).map { .bool(isWindowed($0)) }))
    for (key, number) in [
      ("attention.layer_norm_rms_epsilon", 1e-5), ("rope.freq_base", 100),
      ("rope.freq_base_swa", 30),
    ] { file.metadata["\(prefix).\(key)"] = .float32(Float(number)) }
    tokenizer.setTokenizer(&file.metadata)
    for (name, dimensions) in shapes {
      guard let numbers = weights[name] else { continue }
      file.add(name, dimensions, bytes: TinyLlama.bytes(numbers))
    }
    return file
  }
}
