// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// Vocabularies of a few tokens, made for one test.
struct TinyVocabulary {
  /// The keys `tokenizer.ggml.…` and what else a tokenizer looks at.
  var metadata = Metadata()

  /// A vocabulary of a kind; tokens are ordinary ones unless `types` says otherwise.
  init(
    _ model: String, _ tokens: [String], types: [String: Int32] = [:], scores: [Float]? = nil,
    _ others: [String: MetadataValue] = [:]
  ) {
    set("model", .string(MetadataString(model)))
    set("tokens", .array(MetadataArray(strings: tokens)))
    let numbers = tokens.map { MetadataValue.int32(types[$0] ?? 1) }
    set("token_type", .array(MetadataArray(elementType: .int32, numbers)))
    if let scores {
      set("scores", .array(MetadataArray(elementType: .float32, scores.map { .float32($0) })))
    }
    for (key, value) in others { set(key, value) }
  }

  /// Sets or removes a key.
  mutating func set(_ key: String, _ value: MetadataValue?) {
    metadata["tokenizer.ggml." + key] = value
  }

  /// The tokenizer.
  func tokenizer(pre: String? = nil) throws -> Tokenizer {
    try Tokenizer(metadata, file: "tiny.gguf", pre: pre)
  }

  /// Two special tokens, all bytes in GPT-2's letters, and the results of merges.
  static func bytePair(
    pre: String? = "gpt-2", merges: [String] = [], more: [String] = [], types: [String: Int32] = [:]
  ) -> TinyVocabulary {
    let results = merges.map { $0.filter { $0 != " " } }
    var tiny = TinyVocabulary(
      "gpt2", ["<s>", "</s>"] + letters + results + more,
      types: types.merging(["<s>": 3, "</s>": 3]) { a, _ in a },
      ["bos_token_id": .uint32(0), "eos_token_id": .uint32(1)])
    tiny.set("merges", .array(MetadataArray(strings: merges)))
    tiny.set("pre", pre.map { .string(MetadataString($0)) })
    return tiny
  }

  /// SentencePiece's first tokens (unknown, ends, all bytes), and others with scores that fall.
  static func sentencePiece(_ tokens: [String], types: [String: Int32] = [:]) -> TinyVocabulary {
    let bytes = (0..<256).map { byte in
      "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
    }
    let all = ["<unk>", "<s>", "</s>"] + bytes + tokens
    var kinds: [String: Int32] = ["<unk>": 2, "<s>": 3, "</s>": 3]
    for byte in bytes { kinds[byte] = 6 }
    return TinyVocabulary(
      "llama", all, types: kinds.merging(types) { _, b in b },
      scores: all.indices.map { -Float($0) })
  }

  /// GPT-2's letters for the bytes 0 to 255.
  static let letters: [String] = {
    var next: UInt32 = 0x100
    return (0..<256).compactMap { (byte: UInt32) in
      let isSeen = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
      defer { if !isSeen { next += 1 } }
      return Unicode.Scalar(isSeen ? byte : next).map { String($0) }
    }
  }()
}

extension Tokenizer {
  /// The pieces of a text's tokens, without those at its ends.
  func pieces(_ text: String, parseSpecial: Bool = false) -> [String] {
    encode(text, addSpecial: false, parseSpecial: parseSpecial).map {
      String(decoding: piece(of: $0), as: UTF8.self)
    }
  }
}
