// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// Attention that sees only keys which an indexer chose, against plain loops in double precision.
@Suite("Indexers") struct IndexerTests {
  private let testing: EvaluationTesting

  init() throws { testing = try EvaluationTesting() }

  /// Tokens of a window: more than the queries that are scored in one go.
  private static let length = 150

  /// What the attention of two layers adds to states: the first has an indexer, the second none.
  private func run(
    _ model: IndexedModel, _ choice: KeyChoice, length: Int, windows: Int, chunk: Int,
    observer: (any ForwardObserver)? = nil
  ) throws -> [Matrix] {
    let file = try testing.open(model.file)
    let graph = try ArchitectureRegistry.graph(of: file, contextLength: length)
    let context = ForwardContext(
      model: file, graph, workers: Workers(count: 3), mode: .f32, windowLength: length,
      observer: observer)
    let states = Matrix(rows: length * windows, columns: graph.stateWidth)
    states.clear()
    for row in 0..<states.rows {
      for column in 0..<graph.width { states[row, column] = Float(model.states[row][column]) }
    }
    return try graph.layers.enumerated().map { index, layer in
      let stream = context.layout.stream(of: states)
      for row in 0..<states.rows {
        for column in 0..<graph.width { stream[row, column] = Float(model.states[row][column]) }
      }
      var layer = layer
      layer.steps.removeLast()
      try model.set(choice, in: &layer, of: file)
      try LayerPass(
        context: context, graph: layer, layer: index, positions: 0..<length, chunk: chunk * length
      ).run(states)
      return stream.copied()
    }
  }

  private func check(_ choice: KeyChoice, length: Int = length) throws {
    let model = IndexedModel(rows: 2 * length, seed: UInt64(length))
    for chunk in [1, 2] {
      let found = try run(model, choice, length: length, windows: 2, chunk: chunk)
      for (layer, matrix) in found.enumerated() {
        var worst = 0.0
        for window in 0..<2 {
          let expected = model.attention(
            layer: layer, choice, window: window * length..<(window + 1) * length)
          for (row, numbers) in expected.enumerated() {
            for (column, number) in numbers.enumerated() {
              let other = Double(matrix[window * length + row, column])
              worst = max(worst, abs(number - other))
            }
          }
        }
        #expect(worst < 1e-4, "layer \(layer), \(chunk) windows at once")
      }
    }
  }

  @Test func `single keys are chosen, and again by a layer that has no indexer`() throws {
    try check(.keys(40))
  }

  @Test func `all keys are seen where there are no more than are chosen`() throws {
    try check(.keys(40), length: 40)
    try check(.pools(8, size: 5), length: 43)
    try check(.blocks(3, size: 16, last: 1), length: 48)
  }

  @Test func `complete pools are chosen, and the keys behind them are seen`() throws {
    try check(.pools(6, size: 4))
  }

  @Test func `blocks are chosen for each key and value head, the last ones in any case`() throws {
    try check(.blocks(3, size: 16, last: 2))
    try check(.blocks(2, size: 7, last: 0))
  }

  @Test func `the largest numbers are found, of equal ones the first`() {
    var random = SeededGenerator(seed: 3)
    var choice = TopChoice()
    var found: [Int32] = []
    for count in [1, 2, 7, 31, 100, 300] {
      // Many are equal, and zeros have both signs.
      let numbers = (0..<200).map { _ in
        Float(Int.random(in: -9...9, using: &random)) * (random.next() % 2 == 0 ? 0.25 : -1e30)
      }
      choice.choose(count, of: numbers.span, into: &found)
      let order = numbers.indices.sorted {
        numbers[$0] > numbers[$1] || (numbers[$0] == numbers[$1] && $0 < $1)
      }
      #expect(found.map(Int.init) == order.prefix(count).sorted())
    }
  }

  @Test func `an indexer's matrices are units, and importance matrices hear of short windows`()
    throws
  {
    let model = IndexedModel(rows: 2, seed: 1)
    let file = try testing.open(model.file)
    let graph = try ArchitectureRegistry.graph(of: file, contextLength: 16)
    let heard = HeardInputs()
    let context = ForwardContext(
      model: file, graph, workers: Workers(count: 1), mode: .f32, windowLength: 1,
      observer: heard)
    let states = Matrix(rows: 2, columns: graph.stateWidth)
    states.clear()
    try LayerPass(context: context, graph: graph.layers[0], layer: 0, positions: 0..<1, chunk: 2)
      .run(states)
    let units = graph.units.map(\.tensor.name)
    for name in ["attn_q_b", "attn_k", "proj"] {
      #expect(units.contains("blk.0.indexer.\(name).weight"))
      #expect(!units.contains("blk.1.indexer.\(name).weight"))
      #expect(heard.names.contains("blk.0.indexer.\(name).weight"))
    }
  }

  /// More heads than are shown at once.
  @Test func `matrices of values are shown the latent vectors as each head mixes them`() throws {
    let model = IndexedModel(rows: 2 * Self.length, seed: 5, heads: 18)
    let heard = HeardInputs()
    _ = try run(
      model, .keys(40), length: Self.length, windows: 2, chunk: 2, observer: heard)
    for layer in 0..<2 {
      let answers = try #require(heard.inputs["blk.\(layer).attn_output.weight"]?[0])
      let mixes = try #require(heard.inputs["blk.\(layer).attn_v_b.weight"])
      try #require(mixes.count == model.heads)
      for (head, mix) in mixes {
        try #require(mix.rows == answers.rows)
        for row in stride(from: 0, to: mix.rows, by: 7) {
          let vector = (0..<mix.columns).map { Double(mix[row, $0]) }
          for (column, number) in model.values(layer: layer, head: head, of: vector).enumerated() {
            let found = Double(answers[row, head * model.valueSize + column])
            #expect(abs(number - found) < 1e-4, "layer \(layer), head \(head), row \(row)")
          }
        }
      }
    }
  }
}

/// Remembers the inputs that it is shown.
private final class HeardInputs: ForwardObserver, @unchecked Sendable {
  /// By the tensor's name and the matrix.
  private(set) var inputs: [String: [Int: Matrix]] = [:]
  var names: [String] { inputs.keys.sorted() }

  func observe(
    _ tensor: TensorInfo, matrix: Int, input: Matrix, windows: [Range<Int>], workers: Workers
  ) throws(QuantError) { inputs[tensor.name, default: [:]][matrix] = input.copied() }

  func observe(_ routing: Routing, layer: Int) {}
}
