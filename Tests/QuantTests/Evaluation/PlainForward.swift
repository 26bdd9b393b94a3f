// SPDX-License-Identifier: MIT
import Foundation
import TestSupport

/// A forward pass of `TinyLlama` as one would write it on a blackboard: a token at a time, plain
/// loops, double precision. Shares nothing with the evaluator.
struct PlainForward {
  typealias Row = [Double]

  let model: TinyLlama
  /// Sums of the squares of what went into each matrix, and how many rows; experts apart.
  private(set) var squares: [String: Row] = [:]
  private(set) var counts: [String: Int] = [:]

  init(_ model: TinyLlama) { self.model = model }

  /// The key of `squares` for an expert's matrix.
  static func key(_ tensor: String, _ expert: Int) -> String { "\(tensor)#\(expert)" }

  /// The logits at each position of a window.
  mutating func logits(_ tokens: [Int32]) -> [Row] {
    var states = tokens.map { token in
      (0..<model.width).map { weight("token_embd.weight", Int(token) * model.width + $0) }
    }
    for layer in 0..<model.layers {
      addAttention(&states, "blk.\(layer).")
      for position in states.indices { addMixture(&states[position], "blk.\(layer).") }
    }
    return states.map { state in
      product("output.weight", norm(state, "output_norm.weight"), outputs: model.vocabulary)
    }
  }

  private mutating func addAttention(_ states: inout [Row], _ prefix: String) {
    var queries: [Row] = []
    var keys: [Row] = []
    var values: [Row] = []
    let size = model.headSize
    for (position, state) in states.enumerated() {
      let x = norm(state, prefix + "attn_norm.weight")
      queries.append(
        rotated(
          product(prefix + "attn_q.weight", x, outputs: model.heads.query * size), position))
      keys.append(
        rotated(
          product(prefix + "attn_k.weight", x, outputs: model.heads.shared * size), position))
      values.append(product(prefix + "attn_v.weight", x, outputs: model.heads.shared * size))
    }
    for position in states.indices {
      var answer = Row()
      for head in 0..<model.heads.query {
        let shared = head * model.heads.shared / model.heads.query
        answer += attend(
          slice(queries[position], head), keys[...position].map { slice($0, shared) },
          values[...position].map { slice($0, shared) })
      }
      let y = product(prefix + "attn_output.weight", answer, outputs: model.width)
      for column in y.indices { states[position][column] += y[column] }
    }
  }

  private func slice(_ row: Row, _ head: Int) -> Row {
    Row(row[head * model.headSize..<(head + 1) * model.headSize])
  }

  private func attend(_ query: Row, _ keys: [Row], _ values: [Row]) -> Row {
    let scale: Double = 1 / Double(query.count).squareRoot()
    let shares = softmax(keys.map { dot(query, $0) * scale })
    var answer = Row(repeating: 0, count: query.count)
    for (share, value) in zip(shares, values) {
      for column in answer.indices { answer[column] += share * value[column] }
    }
    return answer
  }

  private func dot(_ a: Row, _ b: Row) -> Double {
    var sum = 0.0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
  }

  private mutating func addMixture(_ state: inout Row, _ prefix: String) {
    let x = norm(state, prefix + "ffn_norm.weight")
    let shares = softmax(product(prefix + "ffn_gate_inp.weight", x, outputs: model.experts.all))
    let chosen = shares.indices.sorted { shares[$0] > shares[$1] }.prefix(model.experts.used)
    let sum = chosen.map { shares[$0] }.reduce(0, +)
    for expert in chosen {
      let gate = product(
        prefix + "ffn_gate_exps.weight", x, outputs: model.expertWidth, expert: expert)
      let up = product(
        prefix + "ffn_up_exps.weight", x, outputs: model.expertWidth, expert: expert)
      let middle: Row = zip(gate, up).map { (gate: Double, up: Double) in
        gate / (1 + exp(-gate)) * up
      }
      let y = product(
        prefix + "ffn_down_exps.weight", middle, outputs: model.width, expert: expert)
      for column in y.indices { state[column] += shares[expert] / sum * y[column] }
    }
  }

  /// Neighbours are turned by position · base^(-2 pair / size).
  private func rotated(_ row: Row, _ position: Int) -> Row {
    var row = row
    for place in stride(from: 0, to: row.count, by: 2) {
      let pair = place % model.headSize
      let angle = Double(position) * pow(100, -Double(pair) / Double(model.headSize))
      let (a, b) = (row[place], row[place + 1])
      row[place] = a * cos(angle) - b * sin(angle)
      row[place + 1] = a * sin(angle) + b * cos(angle)
    }
    return row
  }

  private func norm(_ row: Row, _ name: String) -> Row {
    let mean = dot(row, row) / Double(row.count)
    let factor: Double = 1 / (mean + Double(Float(1e-5))).squareRoot()
    return row.indices.map { row[$0] * factor * weight(name, $0) }
  }

  private func softmax(_ row: Row) -> Row {
    let powers = row.map { exp($0) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  private mutating func product(
    _ name: String, _ x: Row, outputs: Int, expert: Int = 0
  ) -> Row {
    let key = Self.key(name, expert)
    let before = squares[key] ?? Row(repeating: 0, count: x.count)
    squares[key] = zip(before, x).map { (sum: Double, x: Double) in sum + x * x }
    counts[key, default: 0] += 1
    let weights = model.weights[name] ?? []
    return (0..<outputs).map { output in
      let first = (expert * outputs + output) * x.count
      return dot(x, weights[first..<first + x.count].map { Double($0) })
    }
  }

  private func weight(_ name: String, _ place: Int) -> Double {
    Double(model.weights[name]?[place] ?? .nan)
  }
}
