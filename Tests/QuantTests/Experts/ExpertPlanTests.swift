// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Leaving experts out") struct ExpertPlanTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func rule(_ text: String) throws -> ExpertSelection.Rule {
    try #require(ExpertSelection.Rule(text))
  }

  private func selection(keep: [String] = [], drop: [String] = []) throws -> ExpertSelection {
    .rules(keep: try keep.map(rule), drop: try drop.map(rule))
  }

  private func plan(
    _ model: ModelFile, _ job: ExpertJob, shards: Bool = false
  ) throws -> ExpertPlan {
    let path = folder.path("source.gguf")
    try model.write(to: path)
    let out = folder.path("out.gguf")
    return try ExpertPlan(
      source: GGUFFile.open(path), job: job, output: shards ? .expertsApart(out) : .single(out))
  }

  private func run(
    _ model: ModelFile, _ job: ExpertJob, shards: Bool = false
  ) async throws -> GGUFFile {
    let plan = try plan(model, job, shards: shards).plan
    let out = folder.path("out.gguf")
    _ = try await PlanExecutor(
      plan: plan, importance: nil, output: shards ? .expertsApart(out) : .single(out)
    ).run(threads: 2) { _ in }
    let written = try GGUFFile.open(plan.files[0].path)
    #expect(written.byteCount == plan.byteCount)
    return written
  }

  private func refusal(_ model: ModelFile, _ job: ExpertJob) throws -> String {
    let error = #expect(throws: QuantError.self) { try plan(model, job) }
    return error?.description ?? ""
  }

  /// Compares a tensor with the parts of experts in the source, in their order.
  private func expect(
    _ written: GGUFFile, _ name: String, is experts: [Int], of model: ModelFile, from old: String,
    count: Int = 4
  ) throws {
    let place = try #require(model.tensors.firstIndex { $0.name == old })
    let bytes = model.contents[place]
    let size = bytes.count / count
    let expected = experts.flatMap { bytes[$0 * size..<($0 + 1) * size] }
    #expect(try written.bytes(of: written.tensor(name)) == expected, "\(name)")
  }

  @Test func `experts, router rows and biases go together`() async throws {
    let model = ExpertModel.rich()
    let file = try await run(
      model, .arrange(.keep, keeping: selection(keep: ["0:0,2-3", "1:0-2"])))
    #expect(file.metadata["llama.expert_count"] == .uint32(3))
    #expect(file.metadata["llama.expert_used_count"] == .uint32(2))
    #expect(file.tensors.map(\.name) == model.tensors.map(\.name))
    for (layer, kept) in [[0, 2, 3], [0, 1, 2]].enumerated() {
      for tensor in model.tensors where tensor.name.hasPrefix("blk.\(layer).") {
        guard !tensor.name.contains("shexp") else { continue }
        try expect(file, tensor.name, is: kept, of: model, from: tensor.name)
        #expect(try file.tensor(tensor.name).dimensions == tensor.dimensions.dropLast() + [3])
      }
    }
    for name in ["token_embd.weight", "output.weight", "blk.1.ffn_up_shexp.weight"] {
      try expect(file, name, is: [0], of: model, from: name, count: 1)
    }
  }

  @Test func `a pruned model may have a tensor an expert, and be merged`() async throws {
    let model = ExpertModel.rich()
    let job = ExpertJob.arrange(.perExpert, keeping: try selection(drop: ["*:1"]))
    let single = try await run(model, job)
    try expect(
      single, "blk.1.ffn_up.1.weight", is: [2], of: model, from: "blk.1.ffn_up_exps.weight")
    try expect(
      single, "blk.0.ffn_gate_up.2.scale", is: [3], of: model,
      from: "blk.0.ffn_gate_up_exps.scale")
    let bytes = try single.bytes(of: single.tensor("blk.0.ffn_down.0.weight"))
    try FileManager.default.moveItem(at: folder.file("out.gguf"), to: folder.file("single.gguf"))
    let plan = try ExpertPlan(
      source: GGUFFile.open(folder.path("single.gguf")),
      job: .arrange(.merged, keeping: selection(keep: ["*:0-1"])),
      output: .single(folder.path("merged.gguf")))
    #expect(plan.expertCount == 2 && !plan.writesSingleExperts)
    _ = try await PlanExecutor(
      plan: plan.plan, importance: nil, output: .single(folder.path("merged.gguf"))
    ).run(threads: 1) { _ in }
    let merged = try GGUFFile.open(folder.path("merged.gguf"))
    let both = try merged.bytes(of: merged.tensor("blk.0.ffn_down_exps.weight"))
    #expect(Array(both.prefix(bytes.count)) == bytes && both.count == 2 * bytes.count)
    try expect(
      merged, "blk.1.ffn_gate_inp.weight", is: [0, 2], of: model, from: "blk.1.ffn_gate_inp.weight")
  }

  @Test func `experts may have a shard of their own`() async throws {
    let model = ExpertModel.rich()
    let file = try await run(model, .arrange(.keep, keeping: nil), shards: true)
    #expect(file.files.count == 2 && file.tensors.count == model.tensors.count)
    #expect(file.tensors(ofFile: 1).allSatisfy { $0.name.contains("_exps") })
    #expect(!file.tensors(ofFile: 0).contains { $0.name.contains("_exps") })
    for tensor in model.tensors {
      try expect(file, tensor.name, is: [0], of: model, from: tensor.name, count: 1)
    }
  }

  @Test func `what cannot be left out is refused`() throws {
    var model = ExpertModel.rich()
    let cases: [([String], [String], String)] = [
      (["2:0-2"], [], "2:0-2: expected layers with experts, which are 0-1, found 2"),
      ([], ["*:2-4"], "*:2-4: expected experts from 0 to 3, found 4"),
      (["0:0-2"], [], "layer 1: expected to keep 3 experts as layer 0 does, found 4"),
      ([], ["*:0-2"], "at least the 2 experts that a token goes to (expert_used_count), found 1"),
      ([], ["*:*"], "expected to keep at least the 2 experts"),
    ]
    for (keep, drop, message) in cases {
      let found = try refusal(model, .arrange(.keep, keeping: selection(keep: keep, drop: drop)))
      #expect(found.contains(message), "\(found)")
    }
    for name in ["blk.1.ffn_up_chexps.weight", "blk.0.ffn_gate_tid2eid.weight"] {
      var other = model
      other.add(name, [64, 4, 4])
      #expect(
        try refusal(other, .arrange(.keep, keeping: selection(drop: ["*:0"]))).contains(name))
    }
    model.metadata["llama.expert_count"] = .uint32(5)
    #expect(
      try refusal(model, .arrange(.perExpert, keeping: nil)).hasSuffix(
        "expert_count: expected 4 as the tensors have, found 5"))
    var dense = ModelFile()
    dense.add("blk.0.ffn_up.weight", [64, 4])
    #expect(
      try refusal(dense, .arrange(.perExpert, keeping: nil)).hasSuffix("the model has no experts"))
  }

  @Test func `groups of experts must lose equally many`() throws {
    var model = ExpertModel.rich(experts: 8)
    model.metadata["llama.expert_group_count"] = .uint32(2)
    model.metadata["llama.expert_group_used_count"] = .uint32(1)
    let uneven = try refusal(model, .arrange(.keep, keeping: selection(drop: ["*:0,1"])))
    #expect(
      uneven.contains("layer 0, experts 0 to 3: expected to keep equally many of each of the"))
    let even = try plan(model, .arrange(.keep, keeping: selection(drop: ["*:0,7"])))
    #expect(even.expertCount == 6)
    let small = try refusal(model, .arrange(.keep, keeping: selection(keep: ["*:0,7"])))
    #expect(small.contains("at least 2 experts in each of the 2 groups"))
    model.metadata["llama.expert_used_count"] = .uint32(4)
    let few = try refusal(model, .arrange(.keep, keeping: selection(drop: ["*:0,7"])))
    #expect(few.contains("expected 4 experts (expert_used_count) in the 1 groups"))
  }

  @Test func `the best experts by routing weight are kept, of each group equally many`() throws {
    var model = ExpertModel.rich(experts: 8)
    let counts = [9, 8, 7, 6, 5, 4, 3, 20]
    let weights = [0.1, 0.9, 0.5, 0.5, 0.5, 0.9, 0.1, 0.5]
    let ranking = try ExpertRanking(
      routers: [(0, counts, weights), (1, Array(counts.reversed()), weights)], file: "r.json")
    let job = ExpertJob.arrange(.keep, keeping: .best(4, by: ranking))
    #expect(try plan(model, job).kept == [0: [1, 2, 5, 7], 1: [1, 4, 5, 7]])
    model.metadata["llama.expert_group_count"] = .uint32(4)
    model.metadata["llama.expert_group_used_count"] = .uint32(2)
    #expect(try refusal(model, job).contains("at least 2 experts in each of the 4 groups"))
    model.metadata["llama.expert_group_count"] = .uint32(2)
    #expect(try plan(model, job).kept[1] == [1, 3, 5, 7])
    #expect(
      try refusal(model, .arrange(.keep, keeping: .best(3, by: ranking)))
        .contains("multiple of the model's 2 groups"))
    #expect(
      try refusal(model, .arrange(.keep, keeping: .best(9, by: ranking)))
        .contains("expected to keep 1 to 8 experts, found 9"))
    let other = try ExpertRanking(routers: [(0, counts, weights)], file: "r.json")
    #expect(
      try refusal(model, .arrange(.keep, keeping: .best(4, by: other)))
        == "r.json: layer 1: expected 8 experts as the model has, found 0")
  }

  @Test func `rankings with numbers that cannot be ordered are refused`() {
    #expect(throws: QuantError.self) {
      try ExpertRanking(scores: [0: [1, .nan]], file: "r.json")
    }
    for (counts, weights) in [([1, 2], [0.5]), ([-1], [0.5]), ([1], [.infinity])] {
      #expect(throws: QuantError.self) {
        try ExpertRanking(routers: [(0, counts, weights)], file: "r.json")
      }
    }
  }
}
