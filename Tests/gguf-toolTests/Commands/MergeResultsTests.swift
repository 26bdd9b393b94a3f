// SPDX-License-Identifier: MIT
import Foundation
import TestSupport
import Testing

/// The commands whose work can be divided, as a job array runs them.
@Suite("gguf-tool merge-results") struct MergeResultsTests {
  private let testing: EvaluationTesting

  init() throws { testing = try EvaluationTesting() }

  /// Runs a command in parts and puts them together.
  private func merged(
    _ words: [String], parts: Int = 3, output: String? = nil, json: Bool = false
  ) throws -> Tool.Outcome {
    var files: [String] = []
    for part in 1...parts {
      let outcome = try Tool.run(
        words + ["--part", "\(part)/\(parts)", "-o", "\(part).part"], in: testing.folder.url)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("Part \(part) of \(parts) of \(words[0])"))
      files.append("\(part).part")
    }
    let outcome = try Tool.run(
      ["merge-results"] + files.reversed() + (output.map { ["-o", $0] } ?? [])
        + (json ? ["--json"] : []), in: testing.folder.url)
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    return outcome
  }

  private func data(_ name: String) throws -> Data {
    try Data(contentsOf: testing.folder.file(name))
  }

  /// The numbers of a perplexity object but for times.
  private func figures(_ text: String) throws -> String {
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    var all = try #require(object as? [String: Any])
    var corpora = try #require(all["corpora"] as? [[String: Any]])
    for index in corpora.indices {
      corpora[index]["seconds"] = nil
      corpora[index]["tokens_per_second"] = nil
    }
    all["corpora"] = corpora
    return String(
      decoding: try JSONSerialization.data(withJSONObject: all, options: .sortedKeys),
      as: UTF8.self)
  }

  @Test(arguments: ["", "AVX2", "SSE41"])
  func `perplexity, on processors of all kinds`(_ instructions: String) throws {
    try Zstd.expand("tiny-moe-f16.gguf", into: testing.folder.url)
    let words = [
      "perplexity", "tiny-moe-f16.gguf", "--corpus", "text.txt", "--ctx", "16", "--chunks", "4",
      "--compute", "f32", "--router-stats",
    ]
    let variables = instructions.isEmpty ? [:] : ["DNNL_MAX_CPU_ISA": instructions]
    func run(_ more: [String]) throws -> String {
      let outcome = try Tool.run(words + more, in: testing.folder.url, variables: variables)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return outcome.output
    }
    let whole = try figures(run(["--json"]))
    for part in 1...3 { _ = try run(["--part", "\(part)/3", "-o", "\(part).part"]) }
    let merged = try testing.run("merge-results", "2.part", "1.part", "3.part", "--json")
    #expect(try figures(merged.output) == whole)
    // One window at a time.
    #expect(try figures(run(["--json", "--memory", "250K"])) == whole)
  }

  @Test func `importance matrices of both forms`() throws {
    let words = ["imatrix", "model.gguf", "--corpus", "text.txt", "text.txt", "--ctx", "16"]
    for form in ["gguf", "dat"] {
      #expect(try Tool.run(words + ["-o", "one.\(form)"], in: testing.folder.url).status == 0)
      _ = try merged(words, output: "merged.\(form)")
      #expect(try data("merged.\(form)") == data("one.\(form)"))
    }
  }

  @Test func sensitivity() throws {
    let words = [
      "sensitivity", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "--chunks", "4",
      "--types", "Q4_0,Q8_0", "--probe-windows", "2",
    ]
    #expect(try Tool.run(words + ["-o", "one.json"], in: testing.folder.url).status == 0)
    _ = try merged(words, output: "merged.json")
    #expect(try data("merged.json") == data("one.json"))
  }

  @Test func frontiers() throws {
    let words = [
      "frontier", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "--chunks", "2",
      "--budgets", "24", "--uniform", "Q8_0", "--experts", "0,2", "--low-type", "Q8_0",
    ]
    #expect(try Tool.run(words + ["-o", "one.html"], in: testing.folder.url).status == 0)
    _ = try merged(words, parts: 2, output: "merged.html")
    #expect(try data("merged.html.json") == data("one.html.json"))
    #expect(try data("merged.html") == data("one.html"))
  }

  @Test func `what does not go together is refused`() throws {
    let words = ["perplexity", "model.gguf", "--corpus", "text.txt", "--ctx", "16"]
    for more in [["--part", "1/2"], ["-o", "a.part"], ["--part", "3/2", "-o", "a.part"]] {
      let outcome = try Tool.run(words + more, in: testing.folder.url)
      #expect(outcome.status == 64 && outcome.errors.contains("--part"), "\(more)")
    }
    let kept = try Tool.run(
      words + ["--part", "1/2", "-o", "a.part", "--save-base", "b"], in: testing.folder.url)
    #expect(kept.status == 64 && kept.errors.contains("--part cannot be combined with --save-base"))
    _ = try Tool.run(words + ["--part", "1/2", "-o", "a.part"], in: testing.folder.url)
    #expect(
      try testing.error(["merge-results", "a.part"])
        == "a.part: expected all 2 parts, found 1 of them: 2/2 is missing")
    let imatrix = ["imatrix", "model.gguf", "--corpus", "text.txt", "--ctx", "16"]
    _ = try Tool.run(imatrix + ["--part", "1/1", "-o", "i.part"], in: testing.folder.url)
    let bare = try testing.run("merge-results", "i.part")
    #expect(bare.status == 64 && bare.errors.contains("-o: expected a file"))
    #expect(
      try testing.error(["merge-results", "i.part", "-o", "i.part"])
        == "i.part: writing it would overwrite the partial result i.part")
  }
}
