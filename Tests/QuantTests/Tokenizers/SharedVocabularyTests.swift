// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Public models' vocabularies, which are not ours to distribute, and the reference's tokens.
@Suite("Vocabularies of public models", .enabled(if: Paths.shared != nil, "needs ../shared"))
struct SharedVocabularyTests {
  static let names = [
    "llama-spm", "phi-3", "llama-bpe", "qwen2", "qwen35", "deepseek-llm", "deepseek-coder", "gpt-2",
    "refact",
  ]

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func shared(_ path: String) throws -> Data {
    try Data(contentsOf: #require(Paths.shared).appending(path: path))
  }

  private func tokenizer(_ name: String) throws -> Tokenizer {
    let vocabulary = try Zstd.decompress(shared("tokenizers/ggml-vocab-\(name).gguf.zst"))
    return try Tokenizer(GGUFFile.open(folder.write(vocabulary), requiring: .headerOnly))
  }

  @Test(arguments: names)
  func `every text has the reference's tokens`(name: String) throws {
    let tokenizer = try tokenizer(name)
    let prefix = "tokenizers/ggml-vocab-\(name).gguf"
    let texts = String(decoding: try shared(prefix + ".inp"), as: UTF8.self)
      .components(separatedBy: "\n__ggml_vocab_test__\n")
    let lines = String(decoding: try shared(prefix + ".out"), as: UTF8.self)
      .components(separatedBy: "\n")
    #expect(texts.count <= lines.count && texts.count > 30)
    for (text, line) in zip(texts, lines) {
      let expected = line.split(separator: " ").compactMap { Int32($0) }
      #expect(tokenizer.encode(text, addSpecial: false) == expected, "\(text.debugDescription)")
    }
  }

  @Test(arguments: names)
  func `the whole of WikiText-2 has the reference's tokens`(name: String) throws {
    let tokenizer = try tokenizer(name)
    let text = Array(try shared("corpora/wikitext2.test.raw"))
    let line = try #require(
      String(decoding: shared("tokenizers/wikitext2.txt"), as: UTF8.self).split(separator: "\n")
        .first { $0.hasPrefix(name + " ") }?.split(separator: " "))
    let ids = tokenizer.encode(text, addSpecial: false)
    #expect(ids.count == Int(line[1]))
    #expect(try SHA256.hex(Array(ids.map(String.init).joined(separator: ",").utf8)) == line[2])
    #expect(ids.flatMap(tokenizer.piece(of:)).suffix(text.count) == text[...])
  }
}
