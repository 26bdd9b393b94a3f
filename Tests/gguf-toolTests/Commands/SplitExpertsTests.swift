// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("gguf-tool split-experts") struct SplitExpertsTests {
  let folder: TemporaryFolder
  let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path
  }

  private func split(_ from: String, _ to: String, _ options: String...) throws -> Tool.Outcome {
    try Tool.run(["split-experts", from, folder.path(to)] + options)
  }

  private func logits(_ path: String, _ tokens: [Int32]) throws -> [Float] {
    let found = try Evaluator(
      model: GGUFFile.open(path), contextLength: 32,
      options: EvaluationOptions(threads: 2, mode: .f32)
    ).logits(tokens)
    return (0..<found.rows).flatMap { row in
      found.withRow(row) { span in span.indices.map { span[$0] } }
    }
  }

  private func json(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test(arguments: ["F16", "Q8_0", "Q4_K_M", "Q3_K_M"])
  func `splitting and merging restores the file, and logits are the same to the bit`(
    _ type: String
  ) throws {
    var source = model
    if type != "F16" {
      source = folder.path("q.gguf")
      #expect(try Tool.run(["requantize", model, source, "--type", type]).status == 0)
    }
    let apart = try split(source, "single.gguf")
    #expect(apart.status == 0, "\(apart.errors)")
    #expect(apart.errors.contains("llama.cpp refuses it"))
    #expect(apart.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    let merged = try split(folder.path("single.gguf"), "merged.gguf", "--merge")
    #expect(merged.status == 0 && !merged.errors.contains("llama.cpp"))
    let restored = try Data(contentsOf: folder.file("merged.gguf"))
    #expect(try restored == Data(contentsOf: URL(filePath: source)))
    let tokens = (0..<20).map { Int32($0 * 91 + 3) }
    let both = try [source, folder.path("single.gguf")].map { path in
      try logits(path, tokens)
    }
    #expect(both[0] == both[1])
  }

  @Test func `the file written has the size that the dry run said`() throws {
    let dry = try split(model, "p.gguf", "--keep", "*:0-5", "--dry-run", "--json")
    #expect(dry.status == 0 && !Disk.exists(folder.path("p.gguf")))
    let plan = try json(dry.output)
    let wet = try split(model, "p.gguf", "--keep", "*:0-5", "--json")
    #expect(wet.status == 0)
    let file = try GGUFFile.open(folder.path("p.gguf"))
    #expect(file.byteCount == plan["total_bytes"] as? Int)
    #expect(plan["expert_count"] as? Int == 6 && plan["source_expert_count"] as? Int == 8)
    #expect(file.metadata["llama.expert_count"]?.integer == 6)
    #expect(try file.tensor("blk.3.ffn_down_exps.weight").dimensions == [256, 256, 6])
    let found = try logits(file.path, [1, 2, 3])
    #expect(found.allSatisfy { $0.isFinite })
  }

  @Test func `router statistics say which experts are kept`() throws {
    let text = String(repeating: "The quick brown fox jumps over the lazy dog. ", count: 30)
    let corpus = try folder.write(Array(text.utf8), "text.txt")
    let measured = try Tool.run([
      "perplexity", model, "--corpus", corpus, "--ctx", "64", "--router-stats", "--json",
    ])
    let ranking = try folder.write(Array(measured.output.utf8), "router.json")
    let outcome = try split(model, "p.gguf", "--keep-top", "3", "--by", ranking, "--json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let router = try #require(json(measured.output)["router"] as? [String: Any])
    let layers = try #require(router["layers"] as? [[String: Any]])
    let kept = try #require(json(outcome.output)["kept"] as? [[String: Any]])
    for (layer, own) in zip(layers, kept) {
      let counts = try #require(layer["counts"] as? [Int])
      let weights = try #require(layer["mean_weights"] as? [Double])
      let scores = zip(counts, weights).map { Double($0) * $1 }
      let experts = try #require(own["experts"] as? [Int])
      let worst = try #require(experts.map { scores[$0] }.min())
      #expect(experts.count == 3)
      #expect(scores.indices.allSatisfy { experts.contains($0) || scores[$0] <= worst })
    }
  }

  @Test func `experts get a shard of their own`() throws {
    #expect(try split(model, "s.gguf", "--shard-experts").status == 0)
    let file = try GGUFFile.open(folder.path("s-00001-of-00002.gguf"))
    #expect(file.files.indices.map { file.tensors(ofFile: $0).count } == [31, 12])
    let merged = try split(folder.path("s-00002-of-00002.gguf"), "m.gguf", "--merge")
    #expect(merged.status == 0)
    let (source, again) = (try GGUFFile.open(model), try GGUFFile.open(folder.path("m.gguf")))
    #expect(again.metadata == source.metadata)
    for tensor in source.tensors {
      #expect(try again.bytes(of: again.tensor(tensor.name)) == source.bytes(of: tensor))
    }
  }

  @Test func `a dense model is a llama without experts`() throws {
    #expect(try split(model, "d.gguf", "--dense", "1,0,7,3").status == 0)
    let file = try GGUFFile.open(folder.path("d.gguf"))
    #expect(file.metadata["llama.expert_count"] == nil)
    #expect(try file.tensor("blk.2.ffn_up.weight").dimensions == [256, 256])
    #expect(try logits(file.path, [1, 2, 3]).count == 3 * 2048)
  }

  @Test func `a layout that is there already is copied, with a warning`() throws {
    let outcome = try split(model, "c.gguf", "--merge")
    #expect(outcome.status == 0 && outcome.errors.contains("the output is a copy"))
    let copy = try Data(contentsOf: folder.file("c.gguf"))
    #expect(try copy == Data(contentsOf: URL(filePath: model)))
  }

  @Test func `what cannot be done is said in a sentence`() throws {
    let bad = try folder.write(Array("{}".utf8), "bad.json")
    let recipe = try folder.write(
      Array("preset = Q8_0\nlayout = per-expert\nblk.0.experts[1].ffn_up = Q6_K\n".utf8), "r.txt")
    let mixed = folder.path("mixed.gguf")
    #expect(try Tool.run(["requantize", model, mixed, "--recipe", recipe]).status == 0)
    let cases: [([String], Int32, String)] = [
      ([model, "--keep", "0-5"], 64, "--keep: expected LAYERS:EXPERTS"),
      ([model, "--drop", "*:x"], 64, "--drop: expected LAYERS:EXPERTS"),
      ([model, "--drop", "*:8"], 1, "expected experts from 0 to 7, found 8"),
      ([model, "--drop", "*:0-6"], 1, "at least the 2 experts that a token goes to"),
      ([model, "--keep", "0:0-5"], 1, "all layers must have equally many"),
      ([model, "--keep-top", "3"], 64, "--keep-top and --by go together"),
      ([model, "--keep-top", "3", "--by", bad], 1, "perplexity --router-stats --json"),
      ([model, "--dense", "a"], 64, "--dense: expected a number or a list"),
      ([model, "--dense", "8"], 64, "--dense: expected experts from 0 to 7, found 8"),
      ([model, "--dense", "1", "--merge"], 64, "--dense cannot be combined"),
      ([model, "--merge", "--layout", "per-expert"], 64, "--merge means --layout merged"),
      (
        [mixed, "--merge"], 1,
        "different types (experts 0, 2-7: Q8_0; expert 1: Q6_K), but a merged tensor has one:"
          + " gguf-tool requantize --layout merged gives them one, by a preset or by --type COPY --promote"
      ),
      ([folder.path("no.gguf")], 1, "no.gguf"),
    ]
    for (arguments, status, text) in cases {
      let words = [arguments[0], folder.path("o.gguf")] + arguments.dropFirst()
      let outcome = try Tool.run(["split-experts"] + words)
      #expect(outcome.status == status, "\(arguments) \(outcome.errors)")
      #expect(outcome.errors.contains(text), "\(arguments) \(outcome.errors)")
      #expect(!Disk.exists(folder.path("o.gguf")))
    }
    let same = try Tool.run(["split-experts", model, model])
    #expect(same.status == 1 && same.errors.contains("would replace its own source"))
  }
}
