// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Norms of heads with factors of their own, which the largest Command R has, against plain loops in
/// double precision.
@Suite("Norms of heads with factors of their own") struct OwnHeadNormTests {
  private typealias Row = [Double]

  private static let width = 8
  private static let size = 4
  private static let heads = (query: 4, shared: 2)
  private static let vocabulary = 13
  private static let layers = 64

  private let testing: EvaluationTesting
  private let weights: [String: [Float]]

  /// A model that has such norms because of its many layers, all but the first of which add nothing.
  init() throws {
    testing = try EvaluationTesting()
    var random = SeededGenerator(seed: 4)
    weights = Dictionary(
      uniqueKeysWithValues: Self.shapes.map { name, dimensions in
        let isSilent =
          name.contains("ffn_down") || (name.contains("attn_output") && !name.contains("blk.0."))
        let spread: Float = isSilent ? 0 : 0.7
        let numbers = (0..<dimensions.reduce(1, *)).map { _ in
          (name.contains("norm") ? 1 : 0) + Float.random(in: -1...1, using: &random) * spread
        }
        return (name, numbers)
      })
  }

  private static let shapes: [(String, [Int])] = {
    var shapes = [("token_embd", [width, vocabulary]), ("output_norm", [width])]
    for layer in 0..<layers {
      shapes += [
        ("attn_norm", [width]), ("attn_q", [width, heads.query * size]),
        ("attn_k", [width, heads.shared * size]), ("attn_v", [width, heads.shared * size]),
        ("attn_q_norm", [size, heads.query]), ("attn_k_norm", [size, heads.shared]),
        ("attn_output", [heads.query * size, width]), ("ffn_gate", [width, 2]),
        ("ffn_up", [width, 2]), ("ffn_down", [2, width]),
      ].map { ("blk.\(layer).\($0.0)", $0.1) }
    }
    return shapes
  }()

  private var file: ModelFile {
    var file = ModelFile()
    file.metadata["general.architecture"] = .string("command-r")
    let numbers: [(String, Int)] = [
      ("block_count", Self.layers), ("context_length", 64), ("embedding_length", Self.width),
      ("feed_forward_length", 2), ("attention.head_count", Self.heads.query),
      ("attention.head_count_kv", Self.heads.shared), ("attention.key_length", Self.size),
      ("attention.value_length", Self.size),
    ]
    for (key, number) in numbers { file.metadata["command-r.\(key)"] = .uint32(UInt32(number)) }
    file.metadata["command-r.attention.layer_norm_epsilon"] = .float32(1e-4)
    file.metadata["command-r.rope.freq_base"] = .float32(50)
    file.metadata["command-r.logit_scale"] = .float32(0.5)
    for (name, dimensions) in Self.shapes {
      file.add("\(name).weight", dimensions, bytes: TinyLlama.bytes(weights[name] ?? []))
    }
    return file
  }

  @Test func `attention behind them is what plain loops give`() throws {
    let evaluator = try testing.evaluator(file)
    var random = SeededGenerator(seed: 6)
    let windows = (0..<3).map { _ in
      (0..<12).map { _ in Int32.random(in: 0..<Int32(Self.vocabulary), using: &random) }
    }
    let expected = windows.flatMap(states).flatMap { $0 }
    for chunk in [1, 2, 3] {
      let found = try evaluator.states(windows.flatMap { $0 }, length: 12, chunk: chunk).numbers
      #expect(found.count == expected.count)
      #expect(zip(found, expected).allSatisfy { abs(Double($0) - $1) < 1e-4 })
    }
  }

  // MARK: Plain loops

  private func states(_ tokens: [Int32]) -> [Row] {
    let inputs = tokens.map { token in
      (0..<Self.width).map { weight("token_embd", Int(token) * Self.width + $0) }
    }
    let normed = inputs.map { norm($0, "blk.0.attn_norm", from: 0) }
    let keys = normed.enumerated().map { heads("k", Self.heads.shared, $1, $0) }
    let values = normed.map { product("attn_v", $0, outputs: Self.heads.shared * Self.size) }
    return tokens.indices.map { position in
      var answer = Row()
      for (head, query) in heads("q", Self.heads.query, normed[position], position).enumerated() {
        let shared = head / (Self.heads.query / Self.heads.shared)
        let scores = (0...position).map { exp(dot(query, keys[$0][shared]) / 2) }
        answer += (0..<Self.size).map { column in
          scores.indices.reduce(0.0) { $0 + scores[$1] * values[$1][shared * Self.size + column] }
            / scores.reduce(0, +)
        }
      }
      let y = product("attn_output", answer, outputs: Self.width)
      return norm(y.indices.map { inputs[position][$0] + y[$0] }, "output_norm", from: 0)
    }
  }

  /// Queries or keys: normed, then neighbours turned.
  private func heads(_ name: String, _ count: Int, _ x: Row, _ position: Int) -> [Row] {
    let all = product("attn_\(name)", x, outputs: count * Self.size)
    return (0..<count).map { head in
      let start = head * Self.size
      var row = norm(Row(all[start..<start + Self.size]), "blk.0.attn_\(name)_norm", from: start)
      for place in stride(from: 0, to: Self.size, by: 2) {
        let angle = Double(position) * pow(50, -Double(place) / Double(Self.size))
        let (a, b) = (row[place], row[place + 1])
        row[place] = a * cos(angle) - b * sin(angle)
        row[place + 1] = a * sin(angle) + b * cos(angle)
      }
      return row
    }
  }

  private func product(_ name: String, _ x: Row, outputs: Int) -> Row {
    (0..<outputs).map { output in
      x.indices.reduce(0.0) { $0 + x[$1] * weight("blk.0.\(name)", output * x.count + $1) }
    }
  }

  /// Mean off, then divided by the root mean square.
  private func norm(_ row: Row, _ name: String, from start: Int) -> Row {
    let mean = row.reduce(0, +) / Double(row.count)
    let centered = row.map { $0 - mean }
    let factor = 1 / (dot(centered, centered) / Double(row.count) + 1e-4).squareRoot()
    return row.indices.map { centered[$0] * factor * weight(name, start + $0) }
  }

  private func dot(_ a: Row, _ b: Row) -> Double {
    var sum = 0.0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
  }

  private func weight(_ name: String, _ index: Int) -> Double {
    Double(weights[name]?[index] ?? .nan)
  }
}
