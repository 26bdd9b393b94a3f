// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Byte pairs")
struct BytePairTests {
  @Test func `merges go by rank, the leftmost first`() throws {
    let tokenizer = try TinyVocabulary.bytePair(merges: ["b c", "a b", "a bc", "Ġ a"]).tokenizer()
    #expect(tokenizer.pieces("abc ab aab") == ["abc", " ", "ab", " a", "ab"])
  }

  @Test func `a word that is a token is taken whole only if merges are to be ignored`() throws {
    let tiny = TinyVocabulary.bytePair(pre: "llama-bpe", merges: ["l o"], more: ["hello"])
    #expect(try tiny.tokenizer().pieces("hello") == ["hello"])
    #expect(try tiny.tokenizer(pre: "gpt-2").pieces("hello") == ["h", "e", "l", "lo"])
  }

  @Test func `parts of merges need not be tokens`() throws {
    var tiny = TinyVocabulary.bytePair(merges: [], more: ["abc"])
    tiny.set("merges", .array(MetadataArray(strings: ["a b", "ab c"])))
    let tokenizer = try tiny.tokenizer()
    #expect(tokenizer.pieces("abc") == ["abc"])
    #expect(tokenizer.pieces("abd") == ["a", "b", "d"])
  }

  @Test func `a text and its bytes come back`() throws {
    let tokenizer = try TinyVocabulary.bytePair(merges: ["Ã ©", "e r"]).tokenizer()
    for text in ["", "é", "Ärger\t\r\n 🦙 한국어", "\u{0}\u{7F}"] {
      let ids = tokenizer.encode(text, addSpecial: false)
      #expect(ids.flatMap(tokenizer.piece(of:)) == Array(text.utf8))
    }
  }

  @Test func `bytes that are no text become the replacement character`() throws {
    let tokenizer = try TinyVocabulary.bytePair().tokenizer()
    func repaired(_ bytes: [UInt8]) -> [UInt8] {
      tokenizer.encode(bytes, addSpecial: false).flatMap(tokenizer.piece(of:))
    }
    let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]
    #expect(repaired([0x61, 0xFF, 0x62]) == [0x61] + replacement + [0x62])
    #expect(repaired([0xC3]) == replacement)
    #expect(repaired([0xE2, 0x82, 0x41]) == replacement + replacement + [0x41])
    #expect(repaired([0xC1, 0x81]) == [0x41])
    #expect(repaired([0xED, 0xA0, 0x80]) == [0xED, 0xA0, 0x80])
    #expect(repaired([0xF7, 0xBF, 0xBF, 0xBF]).count == 12)
  }

  @Test func `ends are added where the metadata wants them`() throws {
    var tiny = TinyVocabulary.bytePair()
    #expect(try tiny.tokenizer().encode("").isEmpty)
    #expect(try tiny.tokenizer(pre: "llama-bpe").encode("") == [0])
    tiny.set("add_bos_token", .bool(true))
    tiny.set("add_eos_token", .bool(true))
    #expect(try tiny.tokenizer().encode("!") == [0, 2 + 0x21, 1])
    #expect(try tiny.tokenizer().encode("", addSpecial: false).isEmpty)
  }

  @Test func `special tokens are cut out, the longest first`() throws {
    let tiny = TinyVocabulary.bytePair(
      more: ["<|x|>", "|>y"], types: ["<|x|>": 4, "|>y": 4])
    let tokenizer = try tiny.tokenizer()
    #expect(tokenizer.pieces("a<|x|>y<|x") == ["a", "<|x|>", "y", "<", "|", "x"])
    #expect(tokenizer.pieces("a|>y") == ["a", "|>y"])
    #expect(tokenizer.pieces("</s>") == ["<", "/", "s", ">"])
    #expect(tokenizer.pieces("</s>", parseSpecial: true) == ["</s>"])
  }

  @Test func `a user-defined token that ends texts is a control token`() throws {
    let tiny = TinyVocabulary.bytePair(more: ["<|im_end|>"], types: ["<|im_end|>": 4])
    #expect(try tiny.tokenizer().pieces("<|im_end|>").count == 10)
    #expect(try tiny.tokenizer().pieces("<|im_end|>", parseSpecial: true).count == 1)
  }

  @Test func `long words merge as short ones do`() throws {
    let merges = ["a b", "b a", "ab ab", "a a", "abab ab", "ba ba"]
    let tokenizer = try TinyVocabulary.bytePair(merges: merges).tokenizer()
    var random = SeededGenerator(seed: 7)
    // In words beyond forty letters a heap finds the merges; the letters `c` part the words for
    // merges, so that each part can be compared with the same part as a short word.
    let parts = (0..<60).map { _ in
      String(
        (0..<Int.random(in: 1...12, using: &random)).map { _ in
          Bool.random(using: &random) ? "a" : "b"
        })
    }
    let whole = tokenizer.pieces(parts.joined(separator: "c"))
    #expect(whole == Array(parts.map { tokenizer.pieces($0) }.joined(separator: ["c"])))
  }

  /// The limit is for quadratic time, which would take hours.
  @Test(.timeLimit(.minutes(5))) func `a megabyte without spaces ends`() throws {
    let tokenizer = try TinyVocabulary.bytePair(merges: ["a b", "ab ab", "abab abab"]).tokenizer()
    let text = String(repeating: "ab", count: 1 << 19)
    #expect(tokenizer.encode(text, addSpecial: false).count == 1 << 17)
    #expect(tokenizer.encode(String(repeating: " ", count: 1 << 20)).count == 1 << 20)
    #expect(tokenizer.encode(String(repeating: "7", count: 1 << 20)).count == 1 << 20)
  }

  @Test func `spaces and bytes are written out for Gemma`() throws {
    var tiny = TinyVocabulary.sentencePiece(["▁", "a", "b", "▁a", "\n\n"])
    tiny.set("model", .string("gemma4"))
    tiny.set("bos_token_id", .uint32(1))
    tiny.set("merges", .array(MetadataArray(strings: ["▁ a"])))
    let tokenizer = try tiny.tokenizer()
    #expect(tokenizer.pieces(" a b\n\né") == [" a", " ", "b", "\n\n", "\u{FFFD}", "\u{FFFD}"])
    #expect(tokenizer.encode("") == [1])
  }
}
