// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Dense models cut out of mixtures") struct DenseCutTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func evaluator(_ file: GGUFFile) throws -> Evaluator {
    try Evaluator(
      model: file, contextLength: 16, options: EvaluationOptions(threads: 1, mode: .f32))
  }

  private func plan(_ model: ModelFile, _ experts: [Int]) throws -> ModelPlan {
    try model.write(to: folder.path("source.gguf"))
    return try ExpertPlan(
      source: GGUFFile.open(folder.path("source.gguf")), job: .dense(experts),
      output: .single(folder.path("out.gguf"))
    ).plan
  }

  private func cut(_ model: ModelFile, _ experts: [Int]) async throws -> GGUFFile {
    let plan = try plan(model, experts)
    _ = try await PlanExecutor(
      plan: plan, importance: nil, output: .single(folder.path("out.gguf"))
    ).run(threads: 1) { _ in }
    return try GGUFFile.open(folder.path("out.gguf"))
  }

  @Test func `a llama of one expert a layer is a llama`() async throws {
    let model = TinyLlama()
    let file = try await cut(model.file(), [3, 1])
    #expect(!file.metadata.keys.contains { $0.contains("expert") })
    #expect(file.metadata["llama.feed_forward_length"] == .uint32(24))
    #expect(file.tensors.count == model.shapes.count - 2)
    for (layer, expert) in [3, 1].enumerated() {
      for part in ["gate", "up", "down"] {
        let all = try #require(model.weights["blk.\(layer).ffn_\(part)_exps.weight"])
        let own = all[expert * 24 * 32..<(expert + 1) * 24 * 32]
        let tensor = try file.tensor("blk.\(layer).ffn_\(part).weight")
        #expect(tensor.dimensions == (part == "down" ? [24, 32] : [32, 24]))
        #expect(try file.bytes(of: tensor) == TinyLlama.bytes(Array(own)))
      }
    }
    let logits = try evaluator(file).logits(model.tokens(8))
    #expect(logits.rows == 8)
  }

  @Test func `a mixture of equal experts computes what its dense model does`() async throws {
    var model = TinyLlama()
    for name in model.weights.keys where name.contains("_exps") {
      let one = try #require(model.weights[name]).prefix(24 * 32)
      model.weights[name] = (0..<4).flatMap { _ in one }
    }
    let file = try await cut(model.file(), [2])
    let dense = try evaluator(file).logits(model.tokens(12)).numbers
    let mixture = try evaluator(
      GGUFFile.open(folder.path("source.gguf"))
    ).logits(model.tokens(12)).numbers
    let apart = zip(dense, mixture).map { abs($0 - $1) }.max() ?? 1
    #expect(apart < 1e-4, "\(apart)")
  }

  private func renamed(_ file: ModelFile, _ architecture: String) -> ModelFile {
    var result = file
    result.metadata = Metadata()
    for entry in file.metadata.entries {
      result.metadata[entry.key.replacing("llama.", with: architecture + ".")] = entry.value
    }
    result.metadata["general.architecture"] = .string(MetadataString(architecture))
    return result
  }

  @Test(arguments: [("qwen3moe", "qwen3"), ("qwen2moe", "qwen2")])
  func `keys get the dense architecture's name`(_ from: String, _ to: String) throws {
    var model = renamed(TinyLlama().file(), from)
    model.metadata["\(from).expert_feed_forward_length"] = .uint32(24)
    model.metadata["\(from).feed_forward_length"] = .uint32(999)
    let metadata = try #require(plan(model, [0]).files.first).metadata
    #expect(metadata.architecture == to)
    #expect(metadata["\(to).feed_forward_length"] == .uint32(24))
    #expect(metadata["\(to).embedding_length"] == .uint32(32))
    #expect(!metadata.keys.contains { $0.hasPrefix(from) || $0.contains("expert") })
    #expect(metadata["tokenizer.ggml.tokens"] == model.metadata["tokenizer.ggml.tokens"])
  }

  @Test func `a fused projection is cut in two`() async throws {
    var model = TinyLlama().file()
    var fused: [[UInt8]] = []
    for part in ["gate", "up"] {
      for layer in 0..<2 {
        let name = "blk.\(layer).ffn_\(part)_exps.weight"
        let place = try #require(model.tensors.firstIndex { $0.name == name })
        model.tensors.remove(at: place)
        fused.append(model.contents.remove(at: place))
      }
    }
    let size = 24 * 32 * 4
    for layer in 0..<2 {
      var bytes: [UInt8] = []
      for expert in 0..<4 {
        let part = expert * size..<(expert + 1) * size
        bytes += fused[layer][part]
        bytes += fused[2 + layer][part]
      }
      model.add("blk.\(layer).ffn_gate_up_exps.weight", [32, 48, 4], bytes: bytes)
    }
    let file = try await cut(model, [2])
    let (gate, up) = (
      try file.tensor("blk.1.ffn_gate.weight"), try file.tensor("blk.1.ffn_up.weight")
    )
    #expect(try file.bytes(of: gate) == Array(fused[1][2 * size..<3 * size]))
    #expect(try file.bytes(of: up) == Array(fused[3][2 * size..<3 * size]))
  }

  @Test func `what a dense model cannot express is refused`() throws {
    let llama = TinyLlama().file()
    var cases: [(ModelFile, [Int], String)] = [
      (llama, [4], "the experts of a dense model: expected experts from 0 to 3, found 4"),
      (llama, [0, 1, 2], "one for each of the 2 layers with experts, found 3"),
      (
        renamed(llama, "gpt-oss"), [0],
        "can be cut out of \(ArchitectureRegistry.namesWithDenseForm.joined(separator: ", "))"
      ),
    ]
    for (name, shape, message) in [
      ("blk.0.ffn_up_shexp.weight", [32, 24], "cannot have shared experts"),
      ("blk.0.attn_sinks.weight", [4], "cannot have attention sinks"),
      ("blk.0.ffn_up_exps.scale", [4], "cannot have the tensor blk.0.ffn_up_exps.scale"),
      ("blk.0.ffn_norm_exps.weight", [32], "cannot have the tensor"),
      ("blk.1.ffn_down.weight", [20, 32], "widths (24, and 20 in layer 1)"),
      ("blk.0.ffn_gate_up_exps.weight", [32, 40, 4], "expected two times 24 rows"),
    ] {
      var model = llama
      model.add(name, shape)
      cases.append((model, [0], message))
    }
    var scaled = llama
    scaled.metadata["llama.expert_weights_scale"] = .float32(2.5)
    cases.append((scaled, [0], "a factor on the weights of experts"))
    var shared = llama
    shared.metadata["llama.expert_shared_count"] = .uint32(1)
    cases.append((shared, [0], "cannot have shared experts"))
    for (model, experts, message) in cases {
      let error = #expect(throws: QuantError.self) { try plan(model, experts) }
      #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
  }
}
