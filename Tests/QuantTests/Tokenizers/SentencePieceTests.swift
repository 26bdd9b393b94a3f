// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

@Suite("SentencePiece, word pieces, unigrams")
struct SentencePieceTests {
  @Test func `the highest score is merged first, and a space comes before the text`() throws {
    let tokenizer = try TinyVocabulary.sentencePiece(["▁", "a", "b", "c", "bc", "ab", "▁a"])
      .tokenizer()
    #expect(tokenizer.pieces("abc") == [" a", "bc"])
    #expect(tokenizer.encode("") == [1])
    #expect(tokenizer.pieces("d") == [" ", "d"])
  }

  @Test func `no space is added where the metadata forbids it`() throws {
    var tiny = TinyVocabulary.sentencePiece(["▁", "a"])
    tiny.set("add_space_prefix", .bool(false))
    #expect(try tiny.tokenizer().pieces("a") == ["a"])
  }

  @Test func `after a special token a space comes again`() throws {
    let tiny = TinyVocabulary.sentencePiece(["▁", "a", "<x>"], types: ["<x>": 4])
    #expect(try tiny.tokenizer().pieces("a<x>a") == [" ", "a", "<x>", " ", "a"])
    let control = try tiny.tokenizer().encode("</s>", addSpecial: false, parseSpecial: true)
    #expect(control == [2])
  }

  @Test func `words one by one give what the whole text gives`() throws {
    let tokens = ["▁", "a", "b", "▁a", "ab", "▁ab", "ba", "▁▁", "aba"]
    let byWord = try TinyVocabulary.sentencePiece(tokens).tokenizer()
    // With a token that has a space within, the text is merged as a whole.
    let whole = try TinyVocabulary.sentencePiece(tokens + ["Q▁Q"]).tokenizer()
    var random = SeededGenerator(seed: 3)
    for _ in 0..<50 {
      let text = String((0..<200).compactMap { _ in "aab  ▁é".randomElement(using: &random) })
      #expect(byWord.encode(text) == whole.encode(text))
    }
  }

  @Test func `white space after Phi's special tokens belongs to them`() throws {
    var tiny = TinyVocabulary.sentencePiece(["▁", "a", "<x>"], types: ["<x>": 4])
    tiny.metadata["general.name"] = .string("Phi3")
    #expect(try tiny.tokenizer().pieces("<x> \n a") == ["<x>", " ", "a"])
  }

  @Test func `words are written in the longest pieces, or are unknown`() throws {
    let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁un", "aff", "able", "▁!", "▁我", "▁e"]
    var tiny = TinyVocabulary(
      "bert", tokens, types: ["[UNK]": 2, "[CLS]": 3, "[SEP]": 3],
      [
        "bos_token_id": .uint32(2), "seperator_token_id": .uint32(3),
        "unknown_token_id": .uint32(1),
      ])
    let tokenizer = try tiny.tokenizer()
    #expect(tokenizer.encode("UNaffable!") == [2, 4, 5, 6, 7, 3])
    #expect(tokenizer.encode("我我 É unaffordable", addSpecial: false) == [8, 8, 9, 1])
    tiny.set("normalizer.lowercase", .bool(false))
    #expect(try tiny.tokenizer().encode("UN un É", addSpecial: false) == [1, 4, 1])
  }

  private var unigram: TinyVocabulary {
    let tokens = ["<pad>", "</s>", "<unk>", "▁", "▁a", "b", "ab", "▁ab", "é", "▁x"]
    return TinyVocabulary(
      "t5", tokens, types: ["<pad>": 3, "</s>": 3, "<unk>": 2],
      scores: [0, 0, 0, -4, -2, -3, -2.5, -6, -3, -1],
      ["add_space_prefix": .bool(true), "remove_extra_whitespaces": .bool(true)])
  }

  @Test func `the most probable pieces are taken`() throws {
    let tokenizer = try unigram.tokenizer()
    #expect(tokenizer.encode("ab") == [4, 5, 1])
    #expect(tokenizer.encode("  a   b ", addSpecial: false) == [4, 3, 5])
    #expect(tokenizer.encode("a??b", addSpecial: false) == [4, 2, 5])
    #expect(tokenizer.encode("") == [1])
  }

  @Test func `characters are replaced by the file's map`() throws {
    // One string, "E", in a tree of three nodes: the root, "E", and its value.
    var nodes = [UInt32](repeating: 0, count: 256)
    nodes[0] = 1 << 10
    nodes[1 ^ 0x45] = 0x45 | 1 << 8 | UInt32(1 ^ 0x45 ^ 2) << 10
    nodes[2] = 1 << 31
    let bytes: [UInt8] = [0, 4, 0, 0] + nodes.littleEndianBytes + Array("é".utf8) + [0]
    var tiny = unigram
    func set(_ bytes: [UInt8]) {
      let values = bytes.map { MetadataValue.uint8($0) }
      tiny.set("precompiled_charsmap", .array(MetadataArray(elementType: .uint8, values)))
    }
    set(bytes)
    #expect(try tiny.tokenizer().encode("xEE", addSpecial: false) == [9, 8, 8])
    // A text of a few characters must not become gigabytes.
    let long = Array(bytes.dropLast()) + Array(repeating: 0x78, count: 2000) + [0]
    for broken in [[1, 2, 3], Array(bytes.dropLast()), Array(bytes.prefix(500)), long] {
      set(broken)
      #expect(throws: QuantError.self) { try tiny.tokenizer() }
    }
    var random = SeededGenerator(seed: 5)
    for _ in 0..<100 {
      let noise = random.bytes(1024)
      set([0, 4, 0, 0] + noise + Array("é".utf8) + [0])
      _ = try tiny.tokenizer().encode(random.bytes(300))
    }
  }
}
