// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport

/// A model of a few random weights, and the plain loops in double precision that a forward pass of it
/// can be written with. Shares nothing with the evaluator.
struct PlainModel {
  typealias Row = [Double]

  /// Tokens known.
  static let vocabulary = 40
  private static let epsilon = 1e-3
  /// Numbers a token.
  let width: Int
  private(set) var file = ModelFile()
  private var weights: [String: Row] = [:]
  private var random = SeededGenerator(seed: 3)

  init(_ architecture: String, width: Int, layers: Int, _ keys: [String: MetadataValue]) {
    self.width = width
    file.metadata["general.architecture"] = .string(MetadataString(architecture))
    let common: [String: MetadataValue] = [
      "block_count": .uint32(UInt32(layers)), "embedding_length": .uint32(UInt32(width)),
      "context_length": .uint32(64), "attention.layer_norm_epsilon": .float32(1e-3),
      "attention.layer_norm_rms_epsilon": .float32(1e-3),
    ]
    for (key, value) in common.merging(keys, uniquingKeysWith: { $1 }) {
      file.metadata["\(architecture).\(key)"] = value
    }
    matrix("token_embd", width, Self.vocabulary, spread: 1)
  }

  mutating func add(_ name: String, _ dimensions: [Int], spread: Float, around middle: Float = 0) {
    let numbers = (0..<dimensions.reduce(1, *)).map { _ in
      middle + Float.random(in: -spread...spread, using: &random)
    }
    weights[name] = numbers.map { Double($0) }
    file.add(name, dimensions, bytes: TinyLlama.bytes(numbers))
  }

  mutating func matrix(
    _ name: String, _ inputs: Int, _ outputs: Int, count: Int? = nil, spread: Float? = nil
  ) {
    add(
      "\(name).weight", [inputs, outputs] + (count.map { [$0] } ?? []),
      spread: spread ?? 2 / Float(inputs).squareRoot())
  }

  mutating func norm(_ name: String, _ size: Int, bias: Bool = false) {
    add("\(name).weight", [size], spread: 0.3, around: 1)
    if bias { add("\(name).bias", [size], spread: 0.3) }
  }

  /// All numbers of a tensor.
  subscript(name: String) -> Row { weights[name] ?? [] }

  /// A row of a matrix.
  func row(_ name: String, _ index: Int, _ size: Int) -> Row {
    Array(self["\(name).weight"][index * size..<(index + 1) * size])
  }

  /// W x + b of one of a tensor's matrices.
  func product(_ name: String, _ x: Row, matrix: Int = 0, outputs: Int) -> Row {
    let all = self["\(name).weight"]
    let bias = self["\(name).bias"]
    return (0..<outputs).map { output in
      let first = (matrix * outputs + output) * x.count
      let sum = x.indices.reduce(0.0) { $0 + x[$1] * all[first + $1] }
      return sum + (bias.isEmpty ? 0 : bias[output])
    }
  }

  /// A norm of a row; `name` is `nil` for one without factors.
  func norm(_ name: String?, _ x: Row, centered: Bool = false) -> Row {
    let mean = centered ? x.reduce(0, +) / Double(x.count) : 0
    let moved = x.map { $0 - mean }
    let square = moved.reduce(0.0) { $0 + $1 * $1 } / Double(x.count)
    let weight = name.map { self["\($0).weight"] } ?? []
    let bias = name.map { self["\($0).bias"] } ?? []
    return moved.indices.map { index in
      moved[index] / (square + Self.epsilon).squareRoot() * (weight.isEmpty ? 1 : weight[index])
        + (bias.isEmpty ? 0 : bias[index])
    }
  }

  /// A row in heads.
  static func heads(_ x: Row, _ size: Int) -> [Row] {
    stride(from: 0, to: x.count, by: size).map { Array(x[$0..<$0 + size]) }
  }

  /// A head turned by its position, halves together.
  static func rotated(_ head: Row, _ position: Int, base: Double) -> Row {
    let pairs = head.count / 2
    var result = head
    for pair in 0..<pairs {
      let angle = Double(position) * pow(base, -Double(pair) / Double(pairs))
      result[pair] = head[pair] * cos(angle) - head[pair + pairs] * sin(angle)
      result[pair + pairs] = head[pair] * sin(angle) + head[pair + pairs] * cos(angle)
    }
    return result
  }

  /// What one position's heads answer; a score that is `nil` is not seen.
  static func answer(
    _ queries: [Row], _ keys: [[Row]], _ values: [[Row]], scale: Double,
    _ bias: (_ head: Int, _ key: Int) -> Double?
  ) -> Row {
    queries.indices.flatMap { head -> Row in
      let shared = head * keys[0].count / queries.count
      let shares = keys.indices.map { key -> Double in
        guard let bias = bias(head, key) else { return 0 }
        let product = queries[head].indices.reduce(0.0) {
          $0 + queries[head][$1] * keys[key][shared][$1]
        }
        return exp(product * scale + bias)
      }
      let sum = shares.reduce(0, +)
      return values[0][shared].indices.map { column in
        keys.indices.reduce(0.0) { $0 + shares[$1] * values[$1][shared][column] } / sum
      }
    }
  }

  static func gelu(_ x: Double) -> Double {
    x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  static func sum(_ a: Row, _ b: Row, times factor: Double = 1) -> Row {
    zip(a, b).map { $0 + factor * $1 }
  }

  /// Tokens of some windows.
  static func tokens(_ count: Int) -> [Int32] {
    var random = SeededGenerator(seed: 9)
    return (0..<count).map { _ in Int32.random(in: 0..<Int32(vocabulary), using: &random) }
  }

  /// The largest difference between the evaluator's last states, of several windows at once, and what
  /// `plain` makes of each window.
  func largestDifference(length: Int, _ plain: ([Int32]) -> [Row]) throws -> Double {
    let evaluator = try EvaluationTesting().evaluator(file)
    let tokens = Self.tokens(3 * length)
    let found = try evaluator.states(tokens, length: length, chunk: 2)
    let expected = (0..<3).flatMap { plain(Array(tokens[$0 * length..<($0 + 1) * length])) }
    var largest = 0.0
    for (row, numbers) in expected.enumerated() {
      for (column, number) in numbers.enumerated() {
        let difference = abs(Double(found[row, column]) - number)
        // A NaN is larger than anything.
        if !(difference <= largest) { largest = difference }
      }
    }
    return largest
  }
}
