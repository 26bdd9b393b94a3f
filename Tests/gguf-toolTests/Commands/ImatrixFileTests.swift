// SPDX-License-Identifier: MIT
import Foundation
import Quant
import TestSupport
import Testing

/// What `imatrix` does without a model.
@Suite("gguf-tool imatrix without a model") struct ImatrixFileTests {
  private let testing: EvaluationTesting

  init() throws {
    testing = try EvaluationTesting()
    for (name, ctx) in [("a.gguf", "16"), ("b.gguf", "32"), ("a.dat", "16")] {
      try run("imatrix", "model.gguf", "--corpus", "text.txt", "--ctx", ctx, "-o", name)
    }
  }

  @discardableResult private func run(_ words: String...) throws -> String {
    let outcome = try Tool.run(words, in: testing.folder.url)
    #expect(outcome.status == 0, "\(words) \(outcome.errors)")
    return outcome.output
  }

  private func read(_ name: String) throws -> ImportanceMatrix {
    try ImportanceMatrix.read(testing.folder.path(name))
  }

  @Test func `matrices of any form are merged`() throws {
    try run("imatrix", "--in-file", "a.gguf", "b.gguf", "-o", "sum.gguf")
    let (a, b, sum) = (try read("a.gguf"), try read("b.gguf"), try read("sum.gguf"))
    #expect(sum.chunkSize == 16)
    #expect(sum.chunkCount == (a.chunkCount ?? 0) + 2 * (b.chunkCount ?? 0))
    for entry in sum.entries {
      let counts = zip(a[entry.name]?.counts ?? [], b[entry.name]?.counts ?? []).map(+)
      #expect(entry.counts == counts)
    }
    try run("imatrix", "--merge", "a.gguf", "a.dat", "--ctx", "16", "-o", "mixed.gguf")
    let mixed = try read("mixed.gguf")["blk.0.attn_q.weight"]
    #expect(mixed?.counts == a["blk.0.attn_q.weight"]?.counts?.map { 2 * $0 })
    try run("imatrix", "--merge", "a.dat", "a.dat", "-o", "old.dat")
    #expect(try read("old.dat").chunkCount == a.chunkCount.map { 2 * $0 })
  }

  @Test func `each form is converted into the other`() throws {
    try run("imatrix", "--convert", "a.dat", "-o", "new.gguf", "--ctx", "16")
    try run("imatrix", "--convert", "a.gguf", "-o", "again", "--output-format", "dat")
    let (new, old) = (try read("new.gguf"), try read("again"))
    #expect(!new.lacksCounts && old.lacksCounts && new.chunkSize == 16)
    let files = try ["again", "a.dat"].map { try Data(contentsOf: testing.folder.file($0)) }
    #expect(files[0] == files[1])
    for entry in try read("a.dat").entries {
      for expert in 0..<entry.expertCount {
        #expect(new[entry.name]?.values(expert: expert) == entry.values(expert: expert))
      }
    }
  }

  @Test func `statistics are a table, an object and a picture`() throws {
    let table = try run("imatrix", "--statistics", "a.gguf", "--plot", "a.svg")
    for words in ["Activations by tensor", "entropy", "cosine", "Tokens of experts", "▕"] {
      #expect(table.contains(words), "\(table)")
    }
    let picture = try String(contentsOf: testing.folder.file("a.svg"), encoding: .utf8)
    #expect(picture.hasPrefix("<svg") && picture.contains("layer 1, expert 3"))
    let object = try testing.object("imatrix", "--show-statistics", "--in-file", "a.gguf", "b.gguf")
    let statistics = try #require(object["statistics"] as? [String: Any])
    let tensors = try #require(statistics["tensors"] as? [[String: Any]])
    #expect(tensors.count == 16)
    #expect(tensors.allSatisfy { $0["z_density"] is Double && $0["entropy"] is Double })
    let shares = tensors.compactMap { $0["share"] as? Double }
    #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
    try run("imatrix", "--statistics", "a.dat")
  }

  @Test(arguments: [
    ["imatrix", "--in-file", "a.gguf"], ["imatrix", "--statistics"], ["imatrix"],
    ["imatrix", "--convert", "a.gguf", "--merge", "b.gguf", "-o", "c.gguf"],
    ["imatrix", "model.gguf", "-o", "c.gguf"], ["imatrix", "--corpus", "text.txt", "-o", "c.gguf"],
    ["imatrix", "model.gguf", "--merge", "a.gguf", "-o", "c.gguf"],
    ["imatrix", "--convert", "a.dat", "-o", "c.gguf", "--ctx", "0"], ["perplexity", "model.gguf"],
  ])
  func `arguments that do not go together`(_ words: [String]) throws {
    #expect(try Tool.run(words, in: testing.folder.url).status == 64, "\(words)")
  }

  @Test func `no input is replaced`() throws {
    let error = try testing.error(["imatrix", "--merge", "a.gguf", "b.gguf", "-o", "a.gguf"])
    #expect(error.contains("would replace its own source"))
    #expect(
      try testing.error(["imatrix", "--convert", "model.gguf", "-o", "c.dat"])
        .contains("expected an importance matrix"))
  }
}
