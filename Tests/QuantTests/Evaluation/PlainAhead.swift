// SPDX-License-Identifier: MIT
import Foundation
import TestSupport

/// `TinyAhead` as one would write it on a blackboard, layers that predict further tokens included: plain
/// loops, double precision. Shares nothing with the evaluator.
struct PlainAhead {
  typealias Row = [Double]

  let model: TinyAhead
  /// Sums of the squares of what went into each matrix, and how many rows.
  private(set) var squares: [String: Row] = [:]
  private(set) var counts: [String: Int] = [:]

  init(_ model: TinyAhead) { self.model = model }

  /// Takes a window through all layers.
  mutating func run(_ tokens: [Int32]) {
    let isNormed = model.kind == .normed
    var states = tokens.map { row("token_embd.weight", Int($0)) }
    for layer in 0..<model.layers.trunk { run(&states, layer: layer) }
    if isNormed { states = states.map { norm($0, "output_norm.weight") } }
    for step in 1...model.layers.ahead {
      let prefix = "blk.\(model.layers.trunk + step - 1).nextn."
      let own = model.weights["\(prefix)embed_tokens.weight"] != nil
      let embedding = own ? "\(prefix)embed_tokens.weight" : "token_embd.weight"
      var next: [Row] = []
      for position in 0..<tokens.count - step {
        let token = row(embedding, Int(tokens[position + step]))
        let both =
          norm(token, "\(prefix)enorm.weight") + norm(states[position], "\(prefix)hnorm.weight")
        next.append(product("\(prefix)eh_proj.weight", both, outputs: model.width))
      }
      run(&next, layer: model.layers.trunk + step - 1)
      let heads = next.map {
        norm($0, own ? "\(prefix)shared_head_norm.weight" : "output_norm.weight")
      }
      if own { heads.forEach { note("\(prefix)shared_head_head.weight", $0) } }
      states = isNormed ? heads : next
    }
  }

  private mutating func run(_ states: inout [Row], layer: Int) {
    addAttention(&states, layer)
    let prefix = "blk.\(layer).ffn_"
    for position in states.indices {
      let x = norm(states[position], "\(prefix)norm.weight")
      let gate = product("\(prefix)gate.weight", x, outputs: model.inner)
      let up = product("\(prefix)up.weight", x, outputs: model.inner)
      let middle: Row = zip(gate, up).map { (gate: Double, up: Double) in
        gate / (1 + exp(-gate)) * up
      }
      let y = product("\(prefix)down.weight", middle, outputs: model.width)
      for column in y.indices { states[position][column] += y[column] }
    }
  }

  private mutating func addAttention(_ states: inout [Row], _ layer: Int) {
    let prefix = "blk.\(layer).attn_"
    var (queries, keys, values): ([[Row]], [[Row]], [[Row]]) = ([], [], [])
    for (position, state) in states.enumerated() {
      let x = norm(state, "\(prefix)norm.weight")
      queries.append(heads("\(prefix)q", x, model.heads.query, layer, position))
      keys.append(heads("\(prefix)k", x, model.heads.shared, layer, position))
      values.append(
        cut(product("\(prefix)v.weight", x, outputs: model.heads.shared * model.headSize)))
    }
    for position in states.indices {
      let first = model.isWindowed(layer) ? max(0, position - model.window + 1) : 0
      var answer = Row()
      for head in 0..<model.heads.query {
        let shared = head * model.heads.shared / model.heads.query
        let scores = keys[first...position].map {
          exp(dot(queries[position][head], $0[shared]) / Double(model.headSize).squareRoot())
        }
        let sum = scores.reduce(0, +)
        answer += (0..<model.headSize).map { column in
          zip(scores, values[first...position]).map { $0 * $1[shared][column] }.reduce(0, +) / sum
        }
      }
      let y = product("\(prefix)output.weight", answer, outputs: model.width)
      for column in y.indices { states[position][column] += y[column] }
    }
  }

  /// Heads of queries or keys, normed if the model's are, and turned.
  private mutating func heads(
    _ name: String, _ x: Row, _ count: Int, _ layer: Int, _ position: Int
  ) -> [Row] {
    let hasNorm = model.weights["\(name)_norm.weight"] != nil
    return cut(product("\(name).weight", x, outputs: count * model.headSize)).map { head in
      turned(hasNorm ? norm(head, "\(name)_norm.weight") : head, layer, position)
    }
  }

  private func cut(_ row: Row) -> [Row] {
    stride(from: 0, to: row.count, by: model.headSize).map { Row(row[$0..<$0 + model.headSize]) }
  }

  /// Halves are turned by position · base^(-2 pair / size): of all numbers, or of the first half.
  private func turned(_ head: Row, _ layer: Int, _ position: Int) -> Row {
    let isWhole = model.kind == .normed || model.isWindowed(layer)
    let size = isWhole ? head.count : head.count / 2
    let base: Double = model.isWindowed(layer) ? 30 : 100
    var turned = head
    for pair in 0..<size / 2 {
      let angle = Double(position) * pow(base, -2 * Double(pair) / Double(size))
      let (a, b) = (head[pair], head[pair + size / 2])
      turned[pair] = a * cos(angle) - b * sin(angle)
      turned[pair + size / 2] = a * sin(angle) + b * cos(angle)
    }
    return turned
  }

  private mutating func product(_ name: String, _ x: Row, outputs: Int) -> Row {
    note(name, x)
    let weights = model.weights[name] ?? []
    return (0..<outputs).map { output in
      dot(x, weights[output * x.count..<(output + 1) * x.count].map { Double($0) })
    }
  }

  private mutating func note(_ name: String, _ x: Row) {
    let before = squares[name] ?? Row(repeating: 0, count: x.count)
    squares[name] = zip(before, x).map { (sum: Double, x: Double) in sum + x * x }
    counts[name, default: 0] += 1
  }

  private func norm(_ row: Row, _ name: String) -> Row {
    let factor: Double = 1 / (dot(row, row) / Double(row.count) + Double(Float(1e-5))).squareRoot()
    let weights = model.weights[name] ?? []
    return row.indices.map { row[$0] * factor * Double(weights[$0]) }
  }

  private func row(_ name: String, _ index: Int) -> Row {
    let weights = model.weights[name] ?? []
    return (0..<model.width).map { Double(weights[index * model.width + $0]) }
  }

  private func dot(_ a: Row, _ b: Row) -> Double {
    var sum = 0.0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
  }
}
