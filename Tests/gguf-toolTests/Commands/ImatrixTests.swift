// SPDX-License-Identifier: MIT
import Foundation
import Quant
import TestSupport
import Testing

@Suite("gguf-tool imatrix") struct ImatrixTests {
  private let testing: EvaluationTesting

  init() throws { testing = try EvaluationTesting() }

  private func gather(_ words: String...) throws -> ImportanceMatrix {
    let outcome = try Tool.run(
      ["imatrix", "model.gguf", "--corpus", "text.txt", "--ctx", "16"] + words,
      in: testing.folder.url)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let place = try #require(words.firstIndex(of: "-o"))
    return try ImportanceMatrix.read(testing.folder.path(words[place + 1]))
  }

  @Test func `both forms are written by name`() throws {
    let (new, old) = (try gather("-o", "a.gguf"), try gather("-o", "a.dat"))
    #expect(new.entries.count == 16 && old.entries.count == 16)
    #expect(new["output.weight"] == nil)
    #expect(new.chunkSize == 16 && new.chunkCount == old.chunkCount)
    let (a, b) = (new["blk.1.attn_q.weight"], old["blk.1.attn_q.weight"])
    #expect(a?.counts?.count == 1 && b?.counts == nil)
    let pairs = zip(try #require(a?.values(expert: 0)), try #require(b?.values(expert: 0)))
    #expect(pairs.allSatisfy { abs($0 - $1) <= 1e-6 * $0 })
    #expect(try gather("-o", "b.gguf", "--process-output")["output.weight"] != nil)
  }

  @Test func `layers that predict further tokens are gathered for if asked`() throws {
    try TinyAhead().file().write(to: testing.model)
    let all = try gather("-o", "all.gguf", "--mtp")
    #expect(all["blk.2.nextn.eh_proj.weight"] != nil && all["blk.3.ffn_down.weight"] != nil)
    let some = try gather("-o", "some.gguf")
    #expect(some["blk.1.ffn_down.weight"] != nil && some["blk.2.ffn_down.weight"] == nil)
  }

  @Test func `models without such layers are refused`() throws {
    let words = ["imatrix", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "-o", "a.gguf"]
    let error = try testing.error(words + ["--mtp"])
    #expect(error.contains("expected layers that predict further tokens (MTP), found none"))
    #expect(!FileManager.default.fileExists(atPath: testing.folder.path("a.gguf")))
    #expect(try Tool.run(["imatrix", "--mtp"], in: testing.folder.url).status == 64)
  }

  @Test func `parts with and without such layers are told apart`() throws {
    try TinyAhead().file().write(to: testing.model)
    for (part, more) in [("1/2", ["--mtp"]), ("2/2", []), ("2/2", ["--mtp"])] {
      let words = ["imatrix", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "--part", part]
      let name = part.prefix(1) + (more.isEmpty ? "" : "m") + ".part"
      let outcome = try Tool.run(words + more + ["-o", String(name)], in: testing.folder.url)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    let error = try testing.error(["merge-results", "1m.part", "2.part", "-o", "a.gguf"])
    #expect(error.contains("MTP layers"), "\(error)")
    let whole = try gather("-o", "whole.gguf", "--mtp")
    #expect(try testing.run("merge-results", "1m.part", "2m.part", "-o", "sum.gguf").status == 0)
    let sum = try ImportanceMatrix.read(testing.folder.path("sum.gguf"))
    for entry in whole.entries {
      #expect(sum[entry.name]?.values(expert: 0) == entry.values(expert: 0))
    }
  }

  @Test func `merging adds what others gathered`() throws {
    let once = try gather("-o", "once.gguf")
    let twice = try gather("-o", "twice.gguf", "--merge", "once.gguf")
    let thrice = try gather("-o", "thrice.gguf", "--in-file", "once.gguf", "once.gguf")
    for entry in once.entries {
      let counts = try #require(entry.counts)
      #expect(twice[entry.name]?.counts == counts.map { 2 * $0 })
      #expect(thrice[entry.name]?.counts == counts.map { 3 * $0 })
    }
    #expect(thrice.chunkCount == once.chunkCount.map { 3 * $0 })
  }

  @Test func `the report tells how often experts were reached`() throws {
    let outcome = try testing.run(
      "imatrix", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "-o", "a.gguf")
    #expect(outcome.output.contains("Experts reached"))
    #expect(outcome.output.contains("Rarely: less than 10"))
    let seen = try testing.run("inspect", "a.gguf")
    #expect(seen.status == 0 && seen.output.contains("importance matrix"), "\(seen.output)")
  }

  @Test func `one object for programs`() throws {
    let object = try testing.object(
      "imatrix", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "--chunks", "4", "-o",
      "a.gguf")
    #expect(object["output"] as? String == "a.gguf")
    #expect(object["importance_matrix"] is [String: Any])
    let layers = try #require(object["rare_experts"] as? [[String: Any]])
    #expect(layers.map { $0["layer"] as? Int } == [0, 1])
    #expect(layers.allSatisfy { $0["experts"] as? Int == 4 && $0["mean"] as? Double == 32 })
  }

  @Test func `a matrix that does not fit is refused before anything is gathered`() throws {
    let words = ["imatrix", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "-o", "a.gguf"]
    #expect(try testing.error(words + ["--merge", "none.gguf"]).contains("none.gguf"))
    #expect(try testing.error(words + ["--merge", "model.gguf"]).contains("model.gguf"))
    #expect(!FileManager.default.fileExists(atPath: testing.folder.path("a.gguf")))
  }
}
