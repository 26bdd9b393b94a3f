// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Malformed vocabularies")
struct MalformedVocabularyTests {
  /// A key, a wrong value for it (`nil` removes it), and a part of the error.
  static let cases: [(key: String, value: MetadataValue?, text: String)] = [
    ("model", nil, "model: expected one of llama, gpt2, gemma4, bert, t5, found no such key"),
    ("model", .string("rwkv"), "found \"rwkv\""),
    ("model", .uint32(1), "model: expected a string"),
    ("tokens", nil, "tokens: expected the texts of all tokens"),
    ("tokens", .string("a"), "tokens: expected an array"),
    ("tokens", .array(MetadataArray(elementType: .uint8, [.uint8(1)])), "expected strings"),
    ("tokens", .array(MetadataArray(strings: ["a", "b", "a"])), "\"a\" as 0 and as 2"),
    ("token_type", .array(MetadataArray(elementType: .int32, [.int32(1)])), "one for each token"),
    ("token_type", .array(MetadataArray(strings: [])), "token_type: expected"),
    ("scores", .array(MetadataArray(elementType: .float32, [.float32(1)])), "scores: expected"),
    ("merges", nil, "merges: expected the pairs to merge"),
    ("merges", .array(MetadataArray(strings: ["a b", "ab"])), "space at 1, found \"ab\""),
    ("merges", .array(MetadataArray(strings: ["a "])), "at 0"),
    ("merges", .array(MetadataArray(strings: [""])), "at 0"),
    ("add_bos_token", .uint8(1), "add_bos_token: expected true or false"),
    ("bos_token_id", .string("x"), "bos_token_id: expected an integer"),
    ("pre", .bool(true), "pre: expected a string"),
  ]

  @Test(arguments: cases)
  func `is an error that names the key`(key: String, value: MetadataValue?, text: String) throws {
    var tiny = TinyVocabulary.bytePair()
    tiny.set(key, value)
    let error = #expect(throws: QuantError.self) { try tiny.tokenizer() }
    let description = try #require(error?.description)
    #expect(description.hasPrefix("tiny.gguf: tokenizer.ggml."))
    #expect(description.contains(text), "\(description)")
  }

  @Test func `a number that is no token's is put right with a warning`() throws {
    var tiny = TinyVocabulary.bytePair()
    tiny.set("bos_token_id", .uint32(.max))
    let tokenizer = try tiny.tokenizer()
    #expect(tokenizer.bos == 11)
    #expect(
      tokenizer.warnings == [
        "tokenizer.ggml.bos_token_id is 4294967295, but there are 258 tokens; token 11 is used instead"
      ])
  }

  @Test func `a token that texts must begin with must be there`() throws {
    let tiny = TinyVocabulary("llama", ["<unk>"])
    let error = #expect(throws: QuantError.self) { try tiny.tokenizer() }
    #expect(error?.description.contains("bos_token_id") == true)
  }

  @Test func `scores that are no numbers are refused`() throws {
    var tiny = TinyVocabulary.sentencePiece([])
    let scores = (0..<259).map { MetadataValue.float32($0 == 7 ? .nan : 0) }
    tiny.set("scores", .array(MetadataArray(elementType: .float32, scores)))
    #expect(throws: QuantError.self) { try tiny.tokenizer() }
  }

  @Test func `tokens of any bytes are kept, and empty ones are named`() throws {
    var tiny = TinyVocabulary.bytePair()
    let values: [MetadataValue] = [
      .string(MetadataString(bytes: [0xFF, 0x00, 0x61])), .string(""), .string("a\0b"),
    ]
    tiny.set("tokens", .array(MetadataArray(elementType: .string, values)))
    tiny.set("token_type", nil)
    tiny.set("bos_token_id", .uint32(0))
    let tokenizer = try tiny.tokenizer()
    #expect(tokenizer.piece(of: 0) == [0xFF, 0x00, 0x61])
    #expect(tokenizer.piece(of: 1) == Array("[EMPTY_1]".utf8))
    #expect(tokenizer.encode("abc \u{0}").isEmpty)
  }

  @Test func `no mixture of keys ends the program`() throws {
    var random = SeededGenerator(seed: 17)
    let models = ["llama", "gpt2", "gemma4", "bert", "t5"]
    let strings = ["", "a", "▁a", "<s>", "a b", "\u{FFFD}", "<0x0A>", "é ü", "▁", "  ", "\n"]
    for _ in 0..<300 {
      let tokens = strings.shuffled(using: &random).prefix(Int.random(in: 0...11, using: &random))
      var tiny = TinyVocabulary(models.randomElement(using: &random) ?? "llama", Array(tokens))
      let merges = (0..<4).compactMap { _ in strings.randomElement(using: &random) }
      tiny.set("merges", .array(MetadataArray(strings: merges)))
      for key in ["bos", "eos", "unknown", "seperator"] where Bool.random(using: &random) {
        tiny.set("\(key)_token_id", .uint32(UInt32.random(in: 0...12, using: &random)))
      }
      guard let tokenizer = try? tiny.tokenizer() else { continue }
      let ids = tokenizer.encode(random.bytes(200) + Array("a b <s>\n é".utf8), parseSpecial: true)
      #expect(ids.allSatisfy { (0..<Int32(tokenizer.vocabulary.count)).contains($0) })
    }
  }
}
