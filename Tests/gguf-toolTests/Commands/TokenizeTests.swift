// SPDX-License-Identifier: MIT
import Foundation
import TestSupport
import Testing

@Suite("gguf-tool tokenize")
struct TokenizeTests {
  private let folder: TemporaryFolder
  private let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path
  }

  private func run(_ arguments: String...) throws -> Tool.Outcome {
    try Tool.run(["tokenize", model] + arguments)
  }

  /// Expected numbers are llama.cpp's.
  @Test func `the reference's tokens`() throws {
    #expect(try run("--text", "Hello world", "--ids").output == "[1, 358, 458, 1949, 1267]\n")
    #expect(try run("-p", "  a", "--ids", "--no-bos").output == "[1945, 1945, 261]\n")
    let control = "</s> x"
    #expect(
      try run("--text", control, "--ids").output == "[1, 1945, 63, 2020, 1952, 65, 1945, 1989]\n")
    #expect(
      try run("--text", control, "--ids", "--parse-special").output == "[1, 2, 1945, 1945, 1989]\n")
  }

  @Test func `a file, and how many tokens it has`() throws {
    let text = try folder.write(Array("Hello world".utf8), "text")
    #expect(try run(text, "--count").output == "5\n")
    #expect(try run(text, "--ids", "--show-count").output == "[1, 358, 458, 1949, 1267]\n5\n")
    #expect(try run("-", "--count").output == "1\n")
  }

  @Test func `a line for each token`() throws {
    let lines = try run("--text", "ï\n").output.split(separator: "\n")
    #expect(
      lines == [
        "     1  '<s>'", "  1945  ' '", "   198  '\\xC3'", "   178  '\\xAF'", "    13  '\\n'",
      ])
  }

  @Test func `one object for programs`() throws {
    let outcome = try run("--text", "Hello", "--json")
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(object["count"] as? Int == 4)
    let tokens = try #require(object["tokens"] as? [[String: Any]])
    #expect(tokens.map { $0["id"] as? Int } == [1, 358, 458, 1949])
    #expect(tokens.map { $0["piece"] as? String } == ["<s>", " H", "ell", "o"])
  }

  @Test func `one text, and a pre-tokenizer only where there can be one`() throws {
    #expect(try run().status == 64)
    #expect(try run("file", "--text", "x").status == 64)
    let outcome = try run("--text", "x", "--pre", "qwen2")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("tokenizer.ggml.model: expected gpt2"))
  }
}
