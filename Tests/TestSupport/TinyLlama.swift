// SPDX-License-Identifier: MIT
import GGUF

/// A llama model of a few thousand random weights, with experts and a tokenizer: it runs in a
/// millisecond, and its numbers are known.
public struct TinyLlama: Sendable {
  /// Numbers a token.
  public let width = 32
  /// Layers.
  public let layers = 2
  /// Query heads, and heads of keys and values.
  public let heads = (query: 4, shared: 2)
  /// Numbers a head.
  public let headSize = 8
  /// Experts, and how many of them a token goes to.
  public let experts = (all: 4, used: 2)
  /// Numbers between an expert's products.
  public let expertWidth = 24
  /// Tokens known.
  public let vocabulary: Int
  /// The weights by the tensor's name, row after row.
  public var weights: [String: [Float]] = [:]
  /// Dimensions by the tensor's name, innermost first, in the order of the file.
  public private(set) var shapes: [(name: String, dimensions: [Int])] = []

  /// Makes a model; the same for the same seed and size of the vocabulary.
  public init(seed: UInt64 = 1, moreTokens: Int = 0) {
    vocabulary = 3 + 256 + Self.words.count + moreTokens
    var random = SeededGenerator(seed: seed)
    add("token_embd", [width, vocabulary], spread: 1, &random)
    for layer in 0..<layers { addLayer("blk.\(layer).", &random) }
    addNorm("output_norm", &random)
    add("output", [width, vocabulary], spread: 0.6, &random)
  }

  private mutating func addLayer(_ prefix: String, _ random: inout SeededGenerator) {
    addNorm(prefix + "attn_norm", &random)
    add(prefix + "attn_q", [width, heads.query * headSize], spread: 0.4, &random)
    add(prefix + "attn_k", [width, heads.shared * headSize], spread: 0.4, &random)
    add(prefix + "attn_v", [width, heads.shared * headSize], spread: 0.4, &random)
    add(prefix + "attn_output", [heads.query * headSize, width], spread: 0.4, &random)
    addNorm(prefix + "ffn_norm", &random)
    add(prefix + "ffn_gate_inp", [width, experts.all], spread: 0.5, &random)
    add(prefix + "ffn_gate_exps", [width, expertWidth, experts.all], spread: 0.4, &random)
    add(prefix + "ffn_up_exps", [width, expertWidth, experts.all], spread: 0.4, &random)
    add(prefix + "ffn_down_exps", [expertWidth, width, experts.all], spread: 0.4, &random)
  }

  private mutating func addNorm(_ name: String, _ random: inout SeededGenerator) {
    add(name, [width], spread: 0.3, around: 1, &random)
  }

  private mutating func add(
    _ name: String, _ dimensions: [Int], spread: Float, around middle: Float = 0,
    _ random: inout SeededGenerator
  ) {
    let count = dimensions.reduce(1, *)
    weights["\(name).weight"] = (0..<count).map { _ in
      middle + Float.random(in: -spread...spread, using: &random)
    }
    shapes.append(("\(name).weight", dimensions))
  }

  /// Words that the tokenizer knows beside single bytes.
  private static let words = ["▁", "a", "b", "c", "▁a", "▁b", "▁c", "ab", "▁ab"]
}

extension TinyLlama {
  /// The model as a file, its experts merged or in a tensor each.
  public func file(separatesExperts: Bool = false) -> ModelFile {
    var file = ModelFile()
    setSizes(&file.metadata)
    setTokenizer(&file.metadata)
    for (name, dimensions) in shapes {
      let numbers = weights[name] ?? []
      guard separatesExperts, dimensions.count == 3 else {
        file.add(name, dimensions, bytes: Self.bytes(numbers))
        continue
      }
      let size = numbers.count / experts.all
      for expert in 0..<experts.all {
        file.add(
          name.replacing("_exps", with: ".\(expert)"), Array(dimensions.prefix(2)),
          bytes: Self.bytes(Array(numbers[expert * size..<(expert + 1) * size])))
      }
    }
    return file
  }

  private func setSizes(_ metadata: inout Metadata) {
    metadata["general.architecture"] = .string("llama")
    metadata["general.name"] = .string("tiny")
    let numbers: [(String, Int)] = [
      ("block_count", layers), ("context_length", 64), ("embedding_length", width),
      ("feed_forward_length", expertWidth), ("attention.head_count", heads.query),
      ("attention.head_count_kv", heads.shared), ("rope.dimension_count", headSize),
      ("expert_count", experts.all), ("expert_used_count", experts.used),
    ]
    for (key, number) in numbers { metadata["llama.\(key)"] = .uint32(UInt32(number)) }
    metadata["llama.attention.layer_norm_rms_epsilon"] = .float32(1e-5)
    metadata["llama.rope.freq_base"] = .float32(100)
  }

  /// Sets the keys of the tokenizer.
  func setTokenizer(_ metadata: inout Metadata) {
    let bytes = (0..<256).map { byte in
      "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
    }
    var tokens = ["<unk>", "<s>", "</s>"] + bytes + Self.words
    tokens += (tokens.count..<vocabulary).map { "<more\($0)>" }
    let kinds = [2, 3, 3] + bytes.map { _ in 6 } + tokens.dropFirst(259).map { _ in 1 }
    metadata["tokenizer.ggml.model"] = .string("llama")
    metadata["tokenizer.ggml.tokens"] = .array(MetadataArray(strings: tokens))
    metadata["tokenizer.ggml.scores"] = .array(
      MetadataArray(elementType: .float32, tokens.indices.map { .float32(-Float($0)) }))
    metadata["tokenizer.ggml.token_type"] = .array(
      MetadataArray(elementType: .int32, kinds.map { .int32(Int32($0)) }))
    metadata["tokenizer.ggml.bos_token_id"] = .uint32(1)
    metadata["tokenizer.ggml.eos_token_id"] = .uint32(2)
  }

  /// Floats as a file holds them.
  public static func bytes(_ numbers: [Float]) -> [UInt8] {
    numbers.map(\.bitPattern).littleEndianBytes
  }

  /// Tokens of some text, always the same.
  public func tokens(_ count: Int, seed: UInt64 = 7) -> [Int32] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Int32.random(in: 0..<Int32(vocabulary), using: &random) }
  }
}
