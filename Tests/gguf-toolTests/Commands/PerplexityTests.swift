// SPDX-License-Identifier: MIT
import Foundation
import TestSupport
import Testing

@Suite("gguf-tool perplexity") struct PerplexityTests {
  private let testing: EvaluationTesting

  init() throws { testing = try EvaluationTesting() }

  private func error(_ words: String...) throws -> String {
    try testing.error(["perplexity", "model.gguf", "--ctx", "16"] + words)
  }

  @Test func `a table for people`() throws {
    let outcome = try testing.run(
      "perplexity", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "--compute", "f32")
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    for words in [
      "protocol  llama", "window    16 tokens", "compute   f32", "perplexity", "tokens/s",
    ] {
      #expect(outcome.output.contains(words), "\(outcome.output)")
    }
  }

  @Test func `one object for programs`() throws {
    let object = try testing.object(
      "perplexity", "model.gguf", "-f", "text.txt", "text.txt", "-c", "16", "--chunks", "3",
      "--compute", "f32", "--router-stats")
    #expect(object["protocol"] as? String == "llama" && object["compute"] as? String == "f32")
    let corpora = try #require(object["corpora"] as? [[String: Any]])
    #expect(corpora.count == 2)
    for corpus in corpora {
      #expect(corpus["windows"] as? Int == 3 && corpus["tokens"] as? Int == 48)
      #expect(corpus["counted_tokens"] as? Int == 21 && corpus["window_length"] as? Int == 16)
      let value = try #require((corpus["perplexity"] as? [String: Any])?["value"] as? Double)
      #expect(value > 50 && value < 5000)
    }
    let router = try #require(object["router"] as? [String: Any])
    let layers = try #require(router["layers"] as? [[String: Any]])
    #expect(layers.map { $0["token_count"] as? Int } == [96, 96])
  }

  @Test func `standard input, fields and conversations`() throws {
    let line = "{\"body\": \"\(EvaluationTesting.text)\"}\n"
    _ = try testing.folder.write(Array(line.utf8), "body.jsonl")
    let file = try perplexity(["--corpus", "text.txt", "--ctx", "16"])
    let field = try perplexity(["-f", "body.jsonl", "--field", "body", "-c", "16"])
    #expect(field["windows"] as? Int == file["windows"] as? Int)
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    let command = "\"\(Tool.url.path)\" perplexity model.gguf -f - -c 16 --json > piped.json"
    shell.arguments = ["-c", "cat text.txt | \(command)"]
    shell.currentDirectoryURL = testing.folder.url
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 0)
    let text = try String(contentsOf: testing.folder.file("piped.json"), encoding: .utf8)
    #expect(text.contains("standard input") && text.contains("\"windows\""))
    let chat = "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}"
    _ = try testing.folder.write(Array(chat.utf8), "chat.jsonl")
    #expect(try error("--corpus", "chat.jsonl").contains("chat template"))
  }

  @Test func `a model has no divergence from itself, kept or beside it`() throws {
    let (text, ctx) = (["--corpus", "text.txt"], ["--ctx", "16"])
    let side = try perplexity(text + ctx + ["--base", "model.gguf", "--save-base", "base.gguf"])
    let kept = try perplexity(text + ctx + ["--base-file", "base.gguf"])
    for result in [side, kept] {
      let divergence = try #require(result["divergence"] as? [String: Any])
      let mean = try #require(divergence["mean_divergence"] as? [String: Any])
      #expect(abs(try #require(mean["value"] as? Double)) < 1e-9)
    }
  }

  private func perplexity(_ words: [String]) throws -> [String: Any] {
    let outcome = try Tool.run(
      ["perplexity", "model.gguf", "--json"] + words, in: testing.folder.url)
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    return try #require((object["corpora"] as? [[String: Any]])?.first)
  }

  @Test func `neither threads nor memory change a digit`() throws {
    let words = ["--corpus", "text.txt", "--ctx", "16", "--compute", "f32"]
    let results = try [["-t", "1"], ["-t", "3"], ["--memory", "20K"], ["--memory", "1G"]].map {
      try #require(try perplexity(words + $0)["mean_loss"] as? [String: Double])
    }
    #expect(results.allSatisfy { $0 == results[0] }, "\(results)")
  }

  @Test func `a picture of the routers`() throws {
    let outcome = try testing.run(
      "perplexity", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "--router-plot",
      "plot.svg")
    #expect(outcome.output.contains("Tokens that chose each expert"))
    let svg = try String(contentsOf: testing.folder.file("plot.svg"), encoding: .utf8)
    #expect(svg.hasPrefix("<svg") || svg.hasPrefix("<?xml"))
  }

  @Test(arguments: ["gz", "zst"]) func `a text that is cut off`(_ form: String) throws {
    let bytes = Array(EvaluationTesting.text.utf8)
    let packed = try form == "gz" ? Compressing.gzip(bytes) : Compressing.zstd(bytes)
    _ = try testing.folder.write(Array(packed.dropLast(5)), "t.txt.\(form)")
    #expect(try error("--corpus", "t.txt.\(form)").hasPrefix("t.txt.\(form): it is cut off"))
  }

  @Test(arguments: [
    ("e.txt", "", "e.txt: there is no text in it"),
    ("s.txt", "a b c", "the text has "),
    (
      "j.jsonl", "{\"text\": \"a\"}\n{\"txt\": \"b\"}\n",
      "j.jsonl: line 2: this object has no \"text\""
    ),
    ("b.txt.gz", "plain", "b.txt.gz: expected gzip data, as the name says"),
  ])
  func `texts that cannot be used`(_ name: String, _ text: String, _ message: String) throws {
    _ = try testing.folder.write(Array(text.utf8), name)
    #expect(try error("--corpus", name).hasPrefix(message))
  }

  @Test func `what cannot be done is said in a sentence`() throws {
    #expect(try error("--corpus", "none.txt").contains("none.txt"))
    #expect(
      try error("--corpus", "text.txt", "--memory", "1K").hasSuffix(
        "--memory allows 1000: take shorter windows (--ctx)"))
    #expect(
      try error("--corpus", "text.txt", "--chunks", "0")
        == "0 windows: expected at least 1 (--chunks)")
    #expect(
      try error("--corpus", "text.txt", "--base-file", "model.gguf").contains(
        "expected states of a base model"))
    try TinyLlama(moreTokens: 2).file().write(to: testing.folder.path("larger.gguf"))
    #expect(
      try error("--corpus", "text.txt", "--base", "larger.gguf").contains(
        "expected a vocabulary of 270 tokens"))
    let usage = try testing.run(
      "perplexity", "model.gguf", "--corpus", "text.txt", "--base", "a", "--base-file", "b")
    #expect(usage.status == 64)
  }

  @Test func `a model whose weights are no numbers has no perplexity`() throws {
    var broken = TinyLlama()
    broken.weights["output_norm.weight"] = Array(repeating: .nan, count: broken.width)
    try broken.file().write(to: testing.folder.path("nan.gguf"))
    for words in [[], ["--json"]] {
      let outcome = try Tool.run(
        ["perplexity", "nan.gguf", "--corpus", "text.txt", "--ctx", "16", "--base", "nan.gguf"]
          + words, in: testing.folder.url)
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(outcome.errors.contains("output_norm.weight"), "\(outcome.errors)")
    }
  }
}
