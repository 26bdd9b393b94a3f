// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// The first tokens of a text are those of the whole text, but only its beginning is looked at.
@Suite("Corpora: first tokens") struct CorpusTokensTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func corpus(_ text: String) throws -> Corpus {
    try Corpus(paths: [folder.write(Array(text.utf8), "text.txt")])
  }

  /// Words, numbers, spaces and line ends of many lengths, so that a cut falls within any of them.
  private static func noise(seed: UInt64) -> String {
    var random = SeededGenerator(seed: seed)
    let parts = [
      "a", "Z", "word", "7", " ", "\n", "\r\n", "é", "漢字", "'ll", ".", "e\u{301}", "</s>", "٣",
    ]
    var text = ""
    while text.utf8.count < 60_000 {
      let part = parts[Int.random(in: parts.indices, using: &random)]
      text += String(repeating: part, count: 1 << Int.random(in: 0...6, using: &random))
    }
    return text
  }

  private func check(
    _ tokenizer: Tokenizer, _ text: String, counts: [Int] = [1, 100, 3000], stops: Bool = true
  ) throws {
    let (corpus, whole) = (try corpus(text), tokenizer.encode(text))
    for count in counts {
      let first = try corpus.tokens(first: count, tokenizer, .full, decided: 1024)
      #expect(first.count >= count && whole.starts(with: first), "\(count)")
      #expect((first.count < whole.count) == stops, "\(count) \(first.count) \(whole.count)")
    }
    #expect(try corpus.tokens(first: .max, tokenizer, .full) == whole)
  }

  @Test(arguments: Tokenizer.preTokenizerNames)
  func `byte pairs, whatever cuts the words`(name: String) throws {
    let merges = ["a a", "w o", "r d", "Ġ w", "aa aa", "Ċ Ċ", "7 7", "77 7"]
    let tokenizer = try TinyVocabulary.bytePair(pre: name, merges: merges).tokenizer()
    try check(tokenizer, Self.noise(seed: 1))
  }

  @Test func `sentence pieces, word by word`() throws {
    let tiny = TinyVocabulary.sentencePiece(["▁", "a", "▁a", "aa", "wo", "▁▁"])
    try check(tiny.tokenizer(), Self.noise(seed: 2))
  }

  @Test func `sentence pieces across words need the whole text`() throws {
    let tiny = TinyVocabulary.sentencePiece(["▁", "a", "a▁a"])
    try check(tiny.tokenizer(), Self.noise(seed: 3), stops: false)
  }

  @Test func `word pieces, up to the end of a word`() throws {
    let tiny = TinyVocabulary(
      "bert", ["[UNK]", "[CLS]", "[SEP]", "▁a", "a", "▁word", "▁7", "7", "▁.", "▁漢", "▁字", "▁'"],
      types: ["[UNK]": 2, "[CLS]": 3, "[SEP]": 3],
      [
        "unknown_token_id": .uint32(0), "cls_token_id": .uint32(1), "bos_token_id": .uint32(1),
        "seperator_token_id": .uint32(2),
      ])
    try check(tiny.tokenizer(), Self.noise(seed: 4))
  }

  @Test func `unigrams need the whole text`() throws {
    let tiny = TinyVocabulary(
      "t5", ["<pad>", "</s>", "<unk>", "▁", "a", "aa", "word"],
      types: ["<pad>": 3, "</s>": 3, "<unk>": 2], scores: [0, 0, 0, -2, -3, -2.5, -4])
    try check(tiny.tokenizer(), Self.noise(seed: 5), counts: [1, 100], stops: false)
  }

  @Test func `tokens of the user are cut out as from the whole text`() throws {
    let tiny = TinyVocabulary.bytePair(
      more: ["aaa", "aaaaaaa", "rdwo"], types: ["aaa": 4, "aaaaaaa": 4, "rdwo": 4])
    try check(tiny.tokenizer(), Self.noise(seed: 6))
  }

  @Test func `a word that does not end is read on`() throws {
    let tokenizer = try TinyVocabulary.bytePair(merges: ["a a", "aa aa"]).tokenizer()
    let word = String(repeating: "a", count: 20_001)
    let text = "b " + word + " c " + Self.noise(seed: 7) + Self.noise(seed: 8)
    try check(tokenizer, text, counts: [3, 4])
  }

  @Test func `windows are those of the whole text`() throws {
    let tokenizer = try TinyVocabulary.bytePair().tokenizer()
    let text = String(repeating: "some words, ", count: 400_000)
    let whole = tokenizer.encode(text)
    for rules in EvaluationProtocol.allCases {
      let expected = try EvaluationWindows(tokens: whole, rules: rules, length: 32, limit: 5)
      let found = try EvaluationWindows(
        of: corpus(text), tokenizer, rules, length: 32, limit: 5)
      #expect(found == expected)
    }
  }

  @Test func `a limit does not make a short text long enough`() throws {
    let tokenizer = try TinyVocabulary.bytePair().tokenizer()
    let tooShort = try corpus("seven b")
    #expect(throws: QuantError.self) {
      try EvaluationWindows(of: tooShort, tokenizer, .llama, length: 4, limit: 1)
    }
    #expect(
      try EvaluationWindows(of: corpus("eight by"), tokenizer, .llama, length: 4, limit: 1).count
        == 1)
  }

  @Test func `what comes later is not read`() throws {
    let tokenizer = try TinyVocabulary.bytePair().tokenizer()
    let lines = (0..<20_000).map { "{\"text\": \"document \($0)\"}" }
    let text = lines.joined(separator: "\n") + "\nbroken"
    let corpus = try Corpus(paths: [folder.write(Array(text.utf8), "broken.jsonl")])
    let whole = tokenizer.encode((0..<20_000).map { "document \($0)" }.joined(separator: "\n"))
    let first = try corpus.tokens(first: 500, tokenizer, .llama, decided: 1024)
    #expect(first.count >= 500 && whole.starts(with: first))
    #expect(throws: QuantError.self) { try corpus.tokens(first: .max, tokenizer, .llama) }
  }

  @Test func `sentences that are trimmed are still enough`() throws {
    let tokenizer = try TinyVocabulary.bytePair().tokenizer()
    let line = "a" + String(repeating: " ", count: 200) + "\n"
    let text = String(repeating: line, count: 20_000)
    _ = try folder.write(Array(text.utf8), "ptb.test.txt")
    let corpus = try Corpus(.ptb, in: folder.url.path)
    let whole = tokenizer.encode(try corpus.text(for: .full))
    let first = try corpus.tokens(first: 3000, tokenizer, .full, decided: 1024)
    #expect((3000..<whole.count).contains(first.count) && whole.starts(with: first))
  }

  @Test func `bytes that are not UTF-8 are cut like any`() throws {
    let tokenizer = try TinyVocabulary.bytePair().tokenizer()
    let bytes = (0..<50_000).map { $0 % 20 == 0 ? 0x80 : UInt8(ascii: "a") }
    let corpus = try Corpus(paths: [folder.write(bytes, "noise.txt")])
    let whole = tokenizer.encode(bytes)
    let first = try corpus.tokens(first: 100, tokenizer, .llama, decided: 1024)
    #expect(first.count >= 100 && whole.starts(with: first))
  }

  @Test func `a file that is not there is told, needed or not`() throws {
    let tokenizer = try TinyVocabulary.bytePair().tokenizer()
    let long = try folder.write(Array(Self.noise(seed: 9).utf8), "1.txt")
    let corpus = try Corpus(paths: [long, folder.path("missing.txt")])
    #expect(throws: QuantError.self) {
      try corpus.tokens(first: 10, tokenizer, .llama, decided: 1024)
    }
  }
}
