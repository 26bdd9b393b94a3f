// SPDX-License-Identifier: MIT
import Quant
import TestSupport
import Testing

@Suite("Special tokens") struct SpecialTokenTests {
  /// What is left of a text, and tokens that were cut out of it.
  private enum Part {
    case text(ArraySlice<Character>)
    case token(Int)
  }

  /// llama.cpp's way: token after token, the longest first, over all that is left.
  private static func cut(_ text: [Character], _ tokens: [String]) -> [Part] {
    var parts = [Part.text(text[...])]
    let order = tokens.indices.sorted {
      (tokens[$1].count, $0) < (tokens[$0].count, $1)
    }
    for token in order {
      parts = parts.flatMap { part in
        guard case .text(let text) = part else { return [part] }
        return cut(text, Array(tokens[token]), token)
      }
    }
    return parts
  }

  private static func cut(
    _ text: ArraySlice<Character>, _ token: [Character], _ number: Int
  ) -> [Part] {
    let starts = text.indices.dropLast(token.count - 1)
    guard let start = starts.first(where: { text[$0...].starts(with: token) }) else {
      return [.text(text)]
    }
    return [.text(text[..<start]), .token(number)]
      + cut(text[(start + token.count)...], token, number)
  }

  private static func random(_ count: Int, _ random: inout SeededGenerator) -> String {
    String((0..<count).map { _ in Bool.random(using: &random) ? "a" : "b" })
  }

  @Test(arguments: 1...200)
  func `overlapping tokens are cut as llama.cpp cuts them`(seed: UInt64) throws {
    var source = SeededGenerator(seed: seed)
    var tokens: [String] = []
    for _ in 0..<Int.random(in: 1...12, using: &source) {
      let token = Self.random(Int.random(in: 2...9, using: &source), &source)
      if !tokens.contains(token) { tokens.append(token) }
    }
    let types = Dictionary(uniqueKeysWithValues: tokens.map { ($0, Int32(4)) })
    let tiny = TinyVocabulary.bytePair(more: tokens, types: types)
    let first = 2 + TinyVocabulary.letters.count
    let text = Self.random(60, &source)
    let expected = Self.cut(Array(text), tokens).flatMap { part in
      switch part {
      case .token(let number): [tokens[number]]
      case .text(let text): text.map { String($0) }
      }
    }
    let tokenizer = try tiny.tokenizer()
    #expect(tokenizer.vocabulary.text(of: Int32(first)) == ArraySlice(tokens[0].utf8))
    #expect(tokenizer.pieces(text) == expected, "\(tokens) in \(text)")
  }

  @Test func `tokens within tokens do not multiply`() throws {
    let tokens = (2...600).map { String(repeating: "a", count: $0) }
    let types = Dictionary(uniqueKeysWithValues: tokens.map { ($0, Int32(4)) })
    let tokenizer = try TinyVocabulary.bytePair(more: tokens, types: types).tokenizer()
    let pieces = tokenizer.pieces(String(repeating: "a", count: 100_001))
    #expect(pieces.map(\.count) == Array(repeating: 600, count: 166) + [401])
  }
}
