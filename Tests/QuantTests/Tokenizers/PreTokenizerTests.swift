// SPDX-License-Identifier: MIT
import Quant
import TestSupport
import Testing

@Suite("Pre-tokenizers")
struct PreTokenizerTests {
  private static let text = "I'VE 12345 don't\n\n  x(y) naïve…ñ\u{301}  "

  /// The words of one text, families side by side.
  static let cases: [(name: String, words: [String])] = [
    (
      "gpt-2",
      [
        "I", "'", "VE", " 12345", " don", "'t", "\n\n ", " x", "(", "y", ")", " naïve", "…", "ñ",
        "\u{301}", "  ",
      ]
    ),
    (
      "refact",
      [
        "I", "'", "VE", " ", "1", "2", "3", "4", "5", " don", "'t", "\n\n ", " x", "(", "y", ")",
        " naïve",
        "…", "ñ", "\u{301}", "  ",
      ]
    ),
    (
      "llama-bpe",
      [
        "I", "'VE", " ", "123", "45", " don", "'t", "\n\n", " ", " x", "(y", ")", " naïve", "…ñ",
        "\u{301}", "  ",
      ]
    ),
    (
      "qwen2",
      [
        "I", "'VE", " ", "1", "2", "3", "4", "5", " don", "'t", "\n\n", " ", " x", "(y", ")",
        " naïve", "…ñ",
        "\u{301}", "  ",
      ]
    ),
    (
      "qwen35",
      [
        "I", "'VE", " ", "1", "2", "3", "4", "5", " don", "'t", "\n\n", " ", " x", "(y", ")",
        " naïve",
        "…ñ\u{301}", "  ",
      ]
    ),
    (
      "gpt-4o",
      [
        "I'VE", " ", "123", "45", " don't", "\n\n", " ", " x", "(y", ")", " naïve", "…ñ", "\u{301}",
        "  ",
      ]
    ),
    (
      "deepseek-v3",
      [
        "I", "'VE", " ", "123", "45", " don", "'t", "\n\n", " ", " x", "(y", ")", " naïve", "…",
        "ñ\u{301}",
        "  ",
      ]
    ),
    (
      "superbpe", ["I'VE ", "12", "345", " don't\n\n  x(y) naïve…ñ\u{301}  "]
    ),
    (
      "bloom",
      ["I'VE", " 12345", " don't", "\n\n ", " x", "(", "y", ")", " naïve", "…", "ñ\u{301}", "  "]
    ),
  ]

  @Test(arguments: cases)
  func `words are cut as the reference cuts them`(name: String, words: [String]) throws {
    #expect(PreTokenizer.words(of: Self.text, by: name) == words)
  }

  @Test(arguments: Tokenizer.preTokenizerNames)
  func `words together are the text`(name: String) throws {
    var random = SeededGenerator(seed: 11)
    let alphabet = Array("aB3 \n\t'.!~_é中한कि🦙٣\u{3000}\u{85}\u{301}")
    for _ in 0..<50 {
      let text = String((0..<60).compactMap { _ in alphabet.randomElement(using: &random) })
      let words = try #require(PreTokenizer.words(of: text, by: name))
      #expect(words.joined() == text)
      #expect(!words.contains(""))
    }
  }

  @Test func `no name is given twice`() {
    let names = Tokenizer.preTokenizerNames
    #expect(Set(names).count == names.count)
  }

  @Test func `an unknown name is an error that tells the known ones`() throws {
    var tiny = TinyVocabulary.bytePair(pre: "of-tomorrow")
    let error = #expect(throws: QuantError.self) { try tiny.tokenizer() }
    let text = try #require(error?.description)
    #expect(text.contains("tiny.gguf: tokenizer.ggml.pre: expected"))
    #expect(text.hasSuffix("found \"of-tomorrow\"") && text.contains("qwen2"))
    #expect(try tiny.tokenizer(pre: "qwen2").preTokenizer == "qwen2")
    tiny.set("pre", nil)
    let guessed = try tiny.tokenizer()
    #expect(guessed.preTokenizer == "default" && guessed.warnings.count == 1)
  }
}
