// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Steps whose input is a mean of the stream and of what it was earlier.
@Suite("Checkpoints of a stream") struct CheckpointTests {
  private let rows = 6
  private let width = 24
  private let testing: EvaluationTesting

  init() throws { testing = try EvaluationTesting() }

  /// A step that mixes two checkpoints with the stream, and where a third would be kept.
  private func step(
    keeps: Bool
  ) throws -> (step: StepPass, graph: ModelGraph, slots: [CarriedSlot]) {
    let file = try testing.open(DeltaModel(.kimiK3).file)
    var graph = try ArchitectureRegistry.graph(of: file, contextLength: 16)
    var carried = CarriedColumns()
    let slots = (0..<3).map { _ in carried.slot(width) }
    graph.carried = carried
    var step = graph.layers[0].steps[0]
    step.connection = .checkpoints(
      CheckpointMix(
        Array(slots.prefix(2)), norm: Norm(weight: nil, bias: nil),
        keeps: keeps ? slots[2] : nil))
    let context = ForwardContext(
      model: file, graph, workers: Workers(count: 2), mode: .f32, windowLength: rows)
    let pass = LayerPass(
      context: context, graph: LayerGraph(steps: [step]), layer: 0, positions: 0..<rows,
      chunk: rows)
    return (try pass.step(0), graph, slots)
  }

  private func states(_ graph: ModelGraph) -> Matrix {
    var random = SeededGenerator(seed: 5)
    let states = Matrix(rows: rows, columns: graph.stateWidth)
    for row in 0..<rows {
      for column in 0..<graph.stateWidth {
        states[row, column] = Float.random(in: -1...1, using: &random)
      }
    }
    return states
  }

  @Test func `the input is a mean by the softmax of sums of normed entries`() throws {
    let (step, graph, slots) = try step(keeps: false)
    let states = states(graph)
    let input = try step.connect(states).x
    for row in 0..<rows {
      let entries = (slots.prefix(2).map { graph.columns($0) } + [0..<width]).map { columns in
        columns.map { Double(states[row, $0]) }
      }
      let scores = entries.map { entry in
        let square = entry.reduce(0) { $0 + $1 * $1 } / Double(width)
        return exp(entry.reduce(0, +) / (square + 1e-5).squareRoot())
      }
      for column in 0..<width {
        let sum = zip(entries, scores).reduce(0) { $0 + $1.0[column] * $1.1 }
        let expected = sum / scores.reduce(0, +)
        #expect(abs(Double(input[row, column]) - expected) < 1e-5)
      }
    }
  }

  @Test(arguments: [false, true])
  func `a stream that is kept begins anew`(keeps: Bool) throws {
    let (step, graph, slots) = try step(keeps: keeps)
    let states = states(graph)
    let before = states.copied()
    let input = try step.connect(states)
    let y = Matrix(rows: rows, columns: width)
    for row in 0..<rows { for column in 0..<width { y[row, column] = 3 } }
    try step.join(y, input, to: states)
    let kept = graph.columns(slots[2]).lowerBound
    for row in 0..<rows {
      for column in 0..<width {
        let old = before[row, column]
        #expect(states[row, column] == (keeps ? 3 : old + 3))
        #expect(states[row, kept + column] == (keeps ? old : before[row, kept + column]))
      }
    }
  }
}
