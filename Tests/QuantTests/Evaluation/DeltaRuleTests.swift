// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// Delta rules with decay: chunks of tokens give what a loop over tokens in double precision gives.
@Suite("Delta rules with decay") struct DeltaRuleTests {
  /// Two whole chunks of 64 and part of one; nine of 16 and part of one.
  private static let length = 150
  private let testing: EvaluationTesting

  init() throws { testing = try EvaluationTesting() }

  @Test(arguments: DeltaModel.Kind.allCases)
  func `chunks give what a loop over tokens gives`(_ kind: DeltaModel.Kind) throws {
    let model = DeltaModel(kind)
    let file = try testing.open(model.file)
    let graph = try ArchitectureRegistry.graph(of: file, contextLength: 256)
    let block = try #require(graph.layers.first?.steps.first?.branches.first?.block)
    guard case .deltaNet(let delta) = block else {
      Issue.record("expected a delta rule, found another block")
      return
    }
    let context = ForwardContext(
      model: file, graph, workers: Workers(count: 2), mode: .f32, windowLength: Self.length)
    var random = SeededGenerator(seed: 11)
    let rows = (0..<2 * Self.length).map { _ in
      (0..<model.width).map { _ in Float.random(in: -1...1, using: &random) }
    }
    let y = Matrix(rows: rows.count, columns: model.width)
    try DeltaNetPass(delta, positions: 0..<Self.length, in: context)
      .run(BlockInput(Self.matrix(rows)), into: y)
    for window in 0..<2 {
      let part = window * Self.length..<(window + 1) * Self.length
      let expected = model.loop(rows[part].map { $0.map(Double.init) })
      let largest = zip(y.rows(part).numbers, expected.joined())
        .reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
      #expect(largest < 2e-5, "window \(window)")
      // A rule that answered nothing would be near zero.
      #expect(expected.joined().contains { abs($0) > 0.5 })
    }
  }

  private static func matrix(_ rows: [[Float]]) -> Matrix {
    let matrix = Matrix(rows: rows.count, columns: rows[0].count)
    for (row, numbers) in rows.enumerated() {
      matrix.withMutableRow(row) { span in
        for column in span.indices { span[column] = numbers[column] }
      }
    }
    return matrix
  }
}
