// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Experts that work in vectors narrower than the model's, between a projection down and one up.
@Suite("Experts behind projections") struct LatentMixtureTests {
  private let testing: EvaluationTesting
  private static let width = 64

  init() throws { testing = try EvaluationTesting() }

  /// How the experts of a model see its vectors.
  enum Kind { case direct, unchanged, narrow }

  /// Two layers that are experts alone, four of 32 numbers, two for a token; they see all 64 numbers of a
  /// token, the same through projections that change nothing, or 32 made of them.
  private func file(_ kind: Kind) -> ModelFile {
    var file = ModelFile()
    let name = "nemotron_h_moe"
    file.metadata["general.architecture"] = .string(MetadataString(name))
    let seen = kind == .narrow ? 32 : Self.width
    let keys = [
      "block_count": 2, "embedding_length": Self.width, "feed_forward_length": 32,
      "attention.head_count": 1, "attention.head_count_kv": 0, "ssm.conv_kernel": 4,
      "ssm.inner_size": 8, "ssm.state_size": 4, "ssm.time_step_rank": 2, "ssm.group_count": 1,
      "expert_count": 4, "expert_used_count": 2, "expert_feed_forward_length": 32,
      "expert_shared_feed_forward_length": 32, "moe_latent_size": kind == .direct ? 0 : seen,
    ]
    for (key, value) in keys { file.metadata["\(name).\(key)"] = .uint32(UInt32(value)) }
    file.metadata["\(name).attention.layer_norm_epsilon"] = .float32(1e-5)
    var random = SeededGenerator(seed: 4)
    func add(_ name: String, _ dimensions: [Int], _ middle: Float = 0, _ spread: Float = 0.2) {
      let numbers = (0..<dimensions.reduce(1, *)).map { _ in
        middle + Float.random(in: -spread...spread, using: &random)
      }
      file.add(name, dimensions, bytes: TinyLlama.bytes(numbers))
    }
    add("token_embd.weight", [Self.width, 96], 0, 1)
    for layer in 0..<2 {
      let prefix = "blk.\(layer)."
      add("\(prefix)attn_norm.weight", [Self.width], 1)
      add("\(prefix)ffn_gate_inp.weight", [Self.width, 4])
      add("\(prefix)exp_probs_b.bias", [4])
      add("\(prefix)ffn_up_exps.weight", [seen, 32, 4])
      add("\(prefix)ffn_down_exps.weight", [32, seen, 4])
      add("\(prefix)ffn_up_shexp.weight", [Self.width, 32])
      add("\(prefix)ffn_down_shexp.weight", [32, Self.width])
    }
    add("output_norm.weight", [Self.width], 1)
    add("output.weight", [Self.width, 96], 0, 0.6)
    guard kind != .direct else { return file }
    for layer in 0..<2 {
      for (part, shape) in [("down", [Self.width, seen]), ("up", [seen, Self.width])] {
        let name = "blk.\(layer).ffn_latent_\(part).weight"
        guard kind == .unchanged else {
          add(name, shape)
          continue
        }
        let one = (0..<seen * seen).map { Float($0 / seen == $0 % seen ? 1 : 0) }
        file.add(name, shape, bytes: TinyLlama.bytes(one))
      }
    }
    return file
  }

  private func windows() throws -> EvaluationWindows {
    var random = SeededGenerator(seed: 7)
    let tokens = (0..<64).map { _ in Int32.random(in: 0..<96, using: &random) }
    return try EvaluationWindows(tokens: tokens, rules: .llama, length: 16, bos: 1)
  }

  private func measure(_ file: ModelFile, memory: Int = 1 << 28) throws -> Sensitivity {
    let evaluator = try Evaluator(
      model: testing.open(file), contextLength: 16,
      options: EvaluationOptions(threads: 2, mode: .f32, memoryBytes: memory))
    let path = testing.folder.path("state")
    defer { Disk.remove(path) }
    return try SensitivityMeasurement(
      evaluator, windows(), of: ["random tokens"], types: [.Q4_0], importance: nil, probeWindows: 4
    ).run(keepingStateIn: path) { _ in }.sensitivity
  }

  @Test func `projections that change nothing change nothing`() throws {
    let tokens = (0..<16).map { Int32($0 * 5) }
    let direct = try testing.evaluator(file(.direct)).logits(tokens).numbers
    let other = try testing.evaluator(file(.unchanged)).logits(tokens).numbers
    #expect(zip(direct, other).allSatisfy { abs($0 - $1) < 1e-5 })
    let units = try measure(file(.direct)).units
    let others = try measure(file(.unchanged)).units
    for unit in units {
      let same = try #require(
        others.first { $0.tensor == unit.tensor && $0.expert == unit.expert })
      // The output matrix has no error of its own.
      guard let expected = unit.errors[0] else { continue }
      let error = same.errors[0] ?? .nan
      #expect(abs(error - expected) < 1e-4 * expected, "\(unit.tensor) \(unit.expert ?? -1)")
    }
    #expect(others.count == units.count + 4)
  }

  @Test(arguments: [
    ("blk.0.ffn_latent_down.weight", nil, "blk.0.ffn_latent_down"),
    ("blk.1.ffn_latent_up.weight", nil, "blk.1.ffn_latent_up"),
    ("blk.0.ffn_up_shexp.weight", nil, "blk.0.ffn_up_shexp"),
    ("blk.0.ffn_up_exps.weight", 2, "layout = per-expert\nblk.0.experts[2].ffn_up"),
    ("blk.1.ffn_down_exps.weight", 1, "layout = per-expert\nblk.1.experts[1].ffn_down"),
  ])
  func `a probe tells what the written file shows`(
    tensor: String, expert: Int?, pattern: String
  ) async throws {
    let units = try measure(file(.narrow)).units
    let unit = try #require(units.first { $0.tensor == tensor && $0.expert == expert })
    let probe = try #require(unit.probe)
    let written = try await testing.divergence("\(pattern) = Q4_0", of: file(.narrow), windows())
    #expect(written > 1e-6)
    #expect(abs(probe.divergence - written) < 1e-4 * written + 1e-8, "\(probe) \(written)")
  }
}
