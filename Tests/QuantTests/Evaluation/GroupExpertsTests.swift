// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Small experts that groups of experts share, against plain loops in double precision.
@Suite("Experts of groups") struct GroupExpertsTests {
  private typealias Row = [Double]

  private static let width = 8
  private static let vocabulary = 11
  private static let experts = (all: 6, used: 4, width: 5)
  private static let groups = (size: 2, width: 3, scale: Float(0.4))

  private let testing: EvaluationTesting
  private let weights: [String: [Float]]

  /// A model of one layer whose attention gives nothing.
  init() throws {
    testing = try EvaluationTesting()
    var random = SeededGenerator(seed: 3)
    weights = Dictionary(
      uniqueKeysWithValues: Self.shapes.map { name, dimensions in
        let middle: Float = name.contains("norm") ? 1 : 0
        let spread: Float = name.contains("attn_output") ? 0 : middle == 1 ? 0.3 : 0.8
        let numbers = (0..<dimensions.reduce(1, *)).map { _ in
          middle + Float.random(in: -1...1, using: &random) * spread
        }
        return (name, numbers)
      })
  }

  private static let shapes: [(String, [Int])] = {
    let count = experts.all / groups.size
    return [
      ("token_embd", [width, vocabulary]), ("output", [width, vocabulary]),
      ("output_norm", [width]), ("blk.0.attn_norm", [width]), ("blk.0.ffn_norm", [width]),
      ("blk.0.attn_q", [width, 4]), ("blk.0.attn_k", [width, 4]), ("blk.0.attn_v", [width, 4]),
      ("blk.0.attn_q_norm", [4]), ("blk.0.attn_k_norm", [4]), ("blk.0.attn_output", [4, width]),
      ("blk.0.ffn_gate_inp", [width, experts.all]),
      ("blk.0.ffn_gate_exps", [width, experts.width, experts.all]),
      ("blk.0.ffn_up_exps", [width, experts.width, experts.all]),
      ("blk.0.ffn_down_exps", [experts.width, width, experts.all]),
      ("blk.0.ffn_gate_chexps", [width, groups.width, count]),
      ("blk.0.ffn_up_chexps", [width, groups.width, count]),
      ("blk.0.ffn_down_chexps", [groups.width, width, count]),
    ]
  }()

  private func file(used: Int) -> ModelFile {
    var file = ModelFile()
    file.metadata["general.architecture"] = .string("grovemoe")
    let numbers: [(String, Int)] = [
      ("block_count", 1), ("context_length", 64), ("embedding_length", Self.width),
      ("feed_forward_length", 16), ("attention.head_count", 1), ("attention.key_length", 4),
      ("attention.value_length", 4), ("expert_count", Self.experts.all),
      ("expert_used_count", used), ("expert_feed_forward_length", Self.experts.width),
      ("expert_chunk_feed_forward_length", Self.groups.width),
      ("experts_per_group", Self.groups.size),
    ]
    for (key, number) in numbers { file.metadata["grovemoe.\(key)"] = .uint32(UInt32(number)) }
    file.metadata["grovemoe.attention.layer_norm_rms_epsilon"] = .float32(1e-5)
    file.metadata["grovemoe.expert_group_scale"] = .float32(Self.groups.scale)
    for (name, dimensions) in Self.shapes {
      file.add(
        "\(name).weight", dimensions, bytes: TinyLlama.bytes(weights[name] ?? []))
    }
    return file
  }

  /// With four of six experts some groups are chosen twice; the mixture before them works on the whole
  /// segment, they on a window at a time.
  @Test(arguments: [1, 2, 4])
  func `what they add is what plain loops add`(_ used: Int) throws {
    let evaluator = try testing.evaluator(file(used: used))
    var random = SeededGenerator(seed: 5)
    let tokens = (0..<3 * 20).map { _ in
      Int32.random(in: 0..<Int32(Self.vocabulary), using: &random)
    }
    for chunk in [1, 2, 3] {
      let found = try evaluator.states(tokens, length: 20, chunk: chunk).numbers
      let expected = tokens.flatMap { state(Int($0), used: used) }
      #expect(found.count == expected.count)
      #expect(zip(found, expected).allSatisfy { abs(Double($0) - $1) < 1e-4 })
    }
  }

  // MARK: Plain loops

  private func state(_ token: Int, used: Int) -> Row {
    let x = (0..<Self.width).map { weight("token_embd", token * Self.width + $0) }
    let h = norm(x, "blk.0.ffn_norm")
    let logits = product("ffn_gate_inp", h, outputs: Self.experts.all)
    let powers = logits.map { exp($0) }
    let shares = powers.map { $0 / powers.reduce(0, +) }
    let best = shares.indices.sorted { shares[$0] > shares[$1] }
    let chosen = Array(best.prefix(used))
    let mixed = sum(chosen, chosen.map { shares[$0] }, "exps", h, inner: Self.experts.width)
    let small = best.prefix(min(used, Self.experts.all / Self.groups.size)).map {
      $0 / Self.groups.size
    }
    let more = sum(small, small.map { shares[$0] }, "chexps", mixed, inner: Self.groups.width)
    let scale = Double(Self.groups.scale)
    return norm(x.indices.map { x[$0] + mixed[$0] + scale * more[$0] }, "output_norm")
  }

  private func sum(
    _ chosen: [Int], _ shares: Row, _ suffix: String, _ x: Row, inner: Int
  ) -> Row {
    var answer = Row(repeating: 0, count: x.count)
    for (expert, share) in zip(chosen, shares) {
      let gate = product("ffn_gate_\(suffix)", x, outputs: inner, matrix: expert)
      let up = product("ffn_up_\(suffix)", x, outputs: inner, matrix: expert)
      let middle = gate.indices.map { gate[$0] / (1 + exp(-gate[$0])) * up[$0] }
      let y = product("ffn_down_\(suffix)", middle, outputs: x.count, matrix: expert)
      for column in y.indices { answer[column] += share / shares.reduce(0, +) * y[column] }
    }
    return answer
  }

  private func product(_ name: String, _ x: Row, outputs: Int, matrix: Int = 0) -> Row {
    (0..<outputs).map { output in
      let start = (matrix * outputs + output) * x.count
      return x.indices.reduce(0.0) { $0 + x[$1] * weight("blk.0.\(name)", start + $1) }
    }
  }

  private func norm(_ row: Row, _ name: String) -> Row {
    let mean = row.reduce(0.0) { $0 + $1 * $1 } / Double(row.count)
    let factor = 1 / (mean + 1e-5).squareRoot()
    return row.indices.map { row[$0] * factor * weight(name, $0) }
  }

  private func weight(_ name: String, _ index: Int) -> Double {
    Double(weights[name]?[index] ?? .nan)
  }
}
