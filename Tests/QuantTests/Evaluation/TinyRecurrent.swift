// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport

/// A model of a few random weights without a tokenizer, and what plain loops in double precision need.
struct TinyRecurrent {
  typealias Row = [Double]

  /// Numbers a token.
  static let width = 24
  let architecture: String
  private(set) var weights: [String: Row] = [:]
  private(set) var file = ModelFile()
  private var random = SeededGenerator(seed: 11)

  init(_ architecture: String, layers: Int = 1, _ keys: [String: UInt32]) {
    self.architecture = architecture
    file.metadata["general.architecture"] = .string(MetadataString(architecture))
    let common = [
      "block_count": UInt32(layers), "embedding_length": UInt32(Self.width),
      "feed_forward_length": 40,
    ]
    for (key, value) in common.merging(keys, uniquingKeysWith: { $1 }) {
      file.metadata["\(architecture).\(key)"] = .uint32(value)
    }
    for kind in ["layer_norm_epsilon", "layer_norm_rms_epsilon"] {
      file.metadata["\(architecture).attention.\(kind)"] = .float32(1e-5)
    }
    add("token_embd.weight", [Self.width, 32])
    add("output.weight", [Self.width, 32])
    add("output_norm.weight", [Self.width])
  }

  /// Adds a tensor of random weights within `spread` of `middle`.
  mutating func add(_ name: String, _ dimensions: [Int], _ spread: Float = 0.4, _ middle: Float = 0)
  {
    let numbers = (0..<dimensions.reduce(1, *)).map { _ in
      middle + Float.random(in: -spread...spread, using: &random)
    }
    weights[name] = numbers.map { Double($0) }
    file.add(name, dimensions, bytes: TinyLlama.bytes(numbers))
  }

  subscript(name: String) -> Row { weights[name] ?? [] }

  /// W x.
  func product(_ name: String, _ x: Row, part: Int = 0, outputs: Int? = nil) -> Row {
    let all = self["\(name).weight"]
    let count = outputs ?? all.count / x.count
    return (0..<count).map { output in
      let first = (part * count + output) * x.count
      return zip(x, all[first..<first + x.count]).reduce(0.0) { $0 + $1.0 * $1.1 }
    }
  }

  /// A norm of a row; `name` is `nil` for one without factors.
  func norm(_ name: String?, _ x: Row, centered: Bool = false, epsilon: Double = 1e-5) -> Row {
    let mean = centered ? x.reduce(0, +) / Double(x.count) : 0
    let moved = x.map { $0 - mean }
    let square = moved.reduce(0.0) { $0 + $1 * $1 } / Double(x.count)
    let weight = name.map { self["\($0).weight"] }
    let bias = name.map { self["\($0).bias"] } ?? []
    return moved.indices.map { index in
      moved[index] / (square + epsilon).squareRoot() * (weight?[index] ?? 1)
        + (bias.isEmpty ? 0 : bias[index])
    }
  }

  /// A short convolution of rows, each channel by itself.
  func convolved(_ name: String, _ rows: [Row]) -> [Row] {
    let (taps, bias) = (self["\(name).weight"], self["\(name).bias"])
    return rows.indices.map { row in
      rows[row].indices.map { channel in
        let size = taps.count / rows[row].count
        var sum = bias.isEmpty ? 0 : bias[channel]
        for tap in 0..<size where row - size + 1 + tap >= 0 {
          sum += taps[channel * size + tap] * rows[row - size + 1 + tap][channel]
        }
        return sum
      }
    }
  }

  static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
  static func silu(_ x: Double) -> Double { x * sigmoid(x) }
  static func softplus(_ x: Double) -> Double { log1p(exp(x)) }
}

extension TinyRecurrent {
  /// The largest difference between what the evaluator's layers make of random states, of several
  /// windows at once, and what `plain` makes of each window.
  func largestDifference(
    length: Int, threads: Int = 2, _ plain: ([Row]) -> [Row]
  ) throws -> Double {
    let testing = try EvaluationTesting()
    let evaluator = try Evaluator(
      model: try testing.open(file), contextLength: length,
      options: EvaluationOptions(threads: threads, mode: .f32))
    var random = SeededGenerator(seed: 3)
    let rows = (0..<3 * length).map { _ in
      (0..<Self.width).map { _ in Float.random(in: -1...1, using: &random) }
    }
    let states = Matrix(rows: rows.count, columns: evaluator.graph.stateWidth)
    states.clear()
    for (row, numbers) in rows.enumerated() {
      for (column, number) in numbers.enumerated() { states[row, column] = number }
    }
    let context = evaluator.context(windowLength: length)
    for (index, layer) in evaluator.graph.layers.enumerated() {
      try LayerPass(
        context: context, graph: layer, layer: index, positions: 0..<length, chunk: 2 * length
      ).run(states)
    }
    var largest = 0.0
    for window in 0..<3 {
      let part = rows[window * length..<(window + 1) * length].map { $0.map { Double($0) } }
      for (row, expected) in plain(part).enumerated() {
        for (column, number) in expected.enumerated() {
          let difference = abs(number - Double(states[window * length + row, column]))
          largest = max(largest, difference.isNaN ? .infinity : difference)
        }
      }
    }
    return largest
  }
}
