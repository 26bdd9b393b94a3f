// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("gguf-tool requantize: experts") struct RequantizeExpertsTests {
  let folder: TemporaryFolder
  let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path
  }

  private func run(_ arguments: String...) throws -> Tool.Outcome {
    try Tool.run(["requantize", model, folder.path("out.gguf")] + arguments)
  }

  private func recipe(_ text: String) throws -> String {
    try folder.write(Array(text.utf8), "r.txt")
  }

  private struct Result: Decodable {
    struct Tensor: Decodable {
      let name: String
      let type: String
    }
    let totalBytes: Int
    let layout: String
    let recipe: String
    let promotedTensors: [String]
    let tensors: [Tensor]?
  }

  private func result(_ outcome: Tool.Outcome) throws -> Result {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Result.self, from: Data(outcome.output.utf8))
  }

  @Test func `a recipe file alone says everything`() throws {
    let file = try recipe(
      """
      preset = Q4_K_S
      layout = per-expert
      blk.0,2-3.experts[1,6-7].* = Q3_K   # seldom reached
      blk.*.experts[0].ffn_down  = Q6_K
      """)
    let dry = try run("--recipe", file, "--dry-run", "--json")
    #expect(dry.status == 0, "\(dry.errors)")
    let plan = try result(dry)
    #expect(plan.layout == "per-expert")
    let wet = try run("--recipe", file, "--json")
    #expect(wet.status == 0, "\(wet.errors)")
    #expect(
      wet.errors.contains("llama.cpp refuses it, and ik_llama.cpp loads it but uses the type"))
    let written = try GGUFFile.open(folder.path("out.gguf"))
    #expect(written.byteCount == plan.totalBytes)
    #expect(written.tensors.count == 127)
    for tensor in try #require(plan.tensors) {
      #expect(try written.tensor(tensor.name).type.name == tensor.type)
    }
    #expect(try written.tensor("blk.2.ffn_up.6.weight").type == .Q3_K)
    #expect(try written.tensor("blk.1.ffn_down.0.weight").type == .Q6_K)
    #expect(try written.tensor("blk.1.ffn_down.1.weight").type == .Q4_K)
    #expect(written.metadata["quantize.recipe"]?.text == plan.recipe)
  }

  @Test(.enabled(if: Python.canImport("gguf"), "needs python3 with the package gguf"))
  func `gguf-py reads a file of experts with different types`() throws {
    let file = try recipe(
      "preset = Q4_K_S\nlayout = per-expert\nblk.*.experts[1].ffn_up = Q6_K\n")
    #expect(try run("--recipe", file).status == 0)
    let text = try Python.run("expert_types.py", folder.path("out.gguf"))
    let types = try JSONDecoder().decode([String: String].self, from: text)
    #expect(types["blk.3.ffn_up.1.weight"] == "Q6_K 256x256")
    #expect(types["blk.3.ffn_up.2.weight"] == "Q4_K 256x256")
    #expect(types.count == 127)
  }

  @Test func `options go before the recipe file`() throws {
    let file = try recipe("preset = Q4_K_S\nlayout = per-expert\n")
    let outcome = try run(
      "--recipe", file, "--type", "Q8_0", "--layout", "merged", "--dry-run", "--json")
    let plan = try result(outcome)
    #expect(plan.layout == "merged" && plan.recipe == "Q8_0; layout=merged")
    #expect(plan.tensors?.count == 43)
    #expect(!outcome.errors.contains("ik_llama.cpp"))
  }

  @Test func `cutting apart and putting together is lossless`() throws {
    let outcome = try run("--type", "COPY", "--layout", "per-expert")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let again = try Tool.run([
      "requantize", folder.path("out.gguf"), folder.path("m.gguf"), "--type", "COPY", "--layout",
      "merged",
    ])
    #expect(again.status == 0 && !again.errors.contains("ik_llama.cpp"))
    let (source, merged) = (try GGUFFile.open(model), try GGUFFile.open(folder.path("m.gguf")))
    for tensor in source.tensors {
      #expect(try merged.bytes(of: merged.tensor(tensor.name)) == source.bytes(of: tensor))
    }
  }

  @Test func `different types in a merged tensor are an error, or the best of them`() throws {
    let rule = "blk.*.experts[0,2].ffn_up=Q6_K"
    let refused = try run("--type", "Q4_K_S", "--tensor-type", rule)
    #expect(refused.status == 1)
    #expect(refused.errors.contains("(experts 0, 2: Q6_K; experts 1, 3-7: Q4_K)"))
    let promoted = try run("--type", "Q4_K_S", "--tensor-type", rule, "--promote", "--json")
    #expect(promoted.status == 0)
    #expect(try result(promoted).promotedTensors.count == 4)
    #expect(promoted.errors.contains("blk.0.ffn_up_exps.weight (Q6_K)"))
    let written = try GGUFFile.open(folder.path("out.gguf"))
    #expect(try written.tensor("blk.3.ffn_up_exps.weight").type == .Q6_K)
  }

  @Test func `what does not fit is said in a sentence`() throws {
    let cases: [(String, [String], Int32, String)] = [
      ("layout = per-expert", [], 64, "or a line \"preset = NAME\" in"),
      ("preset = COPY\nffn_up = Q4_K", [], 64, "COPY keeps all types"),
      ("preset = Q4_K_M\nblk.4.experts[0].* = Q6_K", [], 1, "r.txt: line 2: blk.4.experts[0].*:"),
      (
        "preset = Q4_K_M\nblk.*.experts[8].* = Q6_K", [], 1, "expected experts from 0 to 7, found 8"
      ),
      ("preset = Q4_K_X", [], 1, "r.txt: line 1: there is no preset"),
    ]
    for (text, more, status, message) in cases {
      let outcome = try Tool.run(
        ["requantize", model, folder.path("out.gguf"), "--recipe", try recipe(text)] + more)
      #expect(outcome.status == status, "\(text) \(outcome.errors)")
      #expect(outcome.errors.contains(message), "\(text) \(outcome.errors)")
      #expect(!Disk.exists(folder.path("out.gguf")))
    }
  }
}
