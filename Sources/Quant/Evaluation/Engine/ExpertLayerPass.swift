// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
package import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A mixture of experts over all rows of a segment: each expert's weights are decoded once, for all
/// of its tokens.
package struct ExpertLayerPass {
  package let context: ForwardContext
  package let graph: MixtureGraph
  package let layer: Int
  /// Rows that an expert takes at once.
  package let chunk: Int

  /// Prepares a pass.
  package init(context: ForwardContext, graph: MixtureGraph, layer: Int, chunk: Int) {
    self.context = context
    self.graph = graph
    self.layer = layer
    self.chunk = chunk
  }

  /// Numbers a row of a chunk that a pass needs.
  static func scratchColumns(_ graph: MixtureGraph) -> Int {
    2 * max(graph.experts.width, graph.shared?.width ?? 0) + graph.router.inputs
      + 2 * (graph.latent?.width ?? 0)
  }

  /// Adds the mixture's output, times `scale`, to `y`.
  func run(_ input: BlockInput, addingTo y: Matrix, scale: Float) throws(QuantError) {
    let routing = try routing(input)
    context.observer?.observe(routing, layer: layer)
    try addRouted(input.h, routing, to: y, scale: scale)
    try addShared(input.h, to: y, scale: scale)
  }

  /// Chooses experts.
  package func routing(_ input: BlockInput) throws(QuantError) -> Routing {
    let logits = Matrix(rows: input.h.rows, columns: graph.count)
    try LinearProduct(graph.router, in: context).run(routerInput(input), into: logits)
    if input.keeps, let slot = graph.keptLogits {
      context.layout.carried(slot, of: input.states).copy(from: logits)
    }
    return try Routing(
      logits, graph, bias: try context.vector(graph.selectionBias), given: try givenExperts(input),
      context.workers)
  }

  /// The experts of each token, where its number alone decides.
  private func givenExperts(_ input: BlockInput) throws(QuantError) -> [[Int]]? {
    guard let table = graph.table else { return nil }
    let experts: [Float] = try context.vector(table.tensor)
    if let wrong = experts.first(where: { !($0 >= 0 && $0 < Float(graph.count)) }) {
      throw .tensor(
        name: table.tensor.name, place: "", expected: "experts from 0 to \(graph.count - 1)",
        found: "\(wrong)")
    }
    let tokens = context.layout.carried(table.token, of: input.states)
    return (0..<tokens.rows).map { row in
      let first = Int(tokens[row, 0]) * graph.used
      return (first..<first + graph.used).map { Int(experts[$0]) }
    }
  }

  /// What the router looks at.
  private func routerInput(_ input: BlockInput) throws(QuantError) -> Matrix {
    guard let other = graph.routerInput else { return input.h }
    let source = other.source.map { context.layout.carried($0, of: input.states) } ?? input.raw
    let x = Matrix(rows: source.rows, columns: source.columns)
    if let norm = other.norm {
      try context.normalize(source, by: norm, into: x)
    } else {
      x.copy(from: source)
    }
    try context.scale(x, by: other.scale)
    return x
  }

  /// Adds what the chosen experts give: rows as wide as those that they take.
  package func addExperts(
    _ x: Matrix, _ routing: Routing, to y: Matrix, scale: Float
  ) throws(QuantError) {
    for (expert, places) in routing.byExpert().enumerated() {
      for part in ExpertTokens.parts(of: places, routing, context.windowLength, limit: chunk) {
        try run(expert, part, routing, x, addingTo: y, scale: scale)
      }
    }
  }

  /// One expert, over some of its tokens.
  private func run(
    _ expert: Int, _ tokens: ExpertTokens, _ routing: Routing, _ x: Matrix, addingTo y: Matrix,
    scale: Float
  ) throws(QuantError) {
    let (places, windows) = (tokens.places, tokens.windows)
    let rows = Self.roundedUp(places.count)
    let input = Matrix(rows: rows, columns: x.columns)
    let both = Matrix(rows: rows, columns: 2 * graph.experts.width)
    let output = Matrix(rows: rows, columns: y.columns)
    gather(places, routing, x, into: input)
    try expand(expert, input, windows, into: both)
    let hidden = both.columns(0..<graph.experts.width)
    try gate(both, into: hidden)
    try reduce(expert, hidden, windows, into: output)
    try scatter(places, routing, output, addingTo: y, scale: scale)
  }

  /// The two halves that are gated, side by side; or `only` what one tensor gives.
  package func expand(
    _ expert: Int, _ input: Matrix, _ windows: [Range<Int>]? = nil,
    only projection: UnitPosition.Projection? = nil, into both: Matrix
  ) throws(QuantError) {
    let width = graph.experts.width
    switch graph.experts.input {
    case .separate(let gate, let up):
      if projection != .up {
        try product(gate, expert, input, windows, into: both.columns(0..<width))
      }
      if projection != .gate {
        try product(up, expert, input, windows, into: both.columns(width..<2 * width))
      }
    case .fused(let matrices):
      try product(matrices, expert, input, windows, into: both)
    case .plain(let matrices):
      try product(matrices, expert, input, windows, into: both.columns(0..<width))
    }
  }

  /// What lies between the products; `target` may be the first half.
  package func gate(_ both: Matrix, into target: Matrix) throws(QuantError) {
    let (width, activation) = (graph.experts.width, graph.experts.activation.kernel)
    let first = both.columns(0..<width)
    if case .plain = graph.experts.input {
      return try context.activate(first, activation, into: target)
    }
    try context.gate(first, both.columns(width..<2 * width), activation, into: target)
  }

  /// Back to the model's width.
  package func reduce(
    _ expert: Int, _ hidden: Matrix, _ windows: [Range<Int>]? = nil, into output: Matrix
  ) throws(QuantError) {
    try product(graph.experts.down, expert, hidden, windows, into: output)
  }

  /// A number of rows near `count`, from a small set: each needs products of its own. All are
  /// multiples of `OneDNN.rowStep`.
  package static func roundedUp(_ count: Int) -> Int {
    let step = (count <= 64 ? 8 : count <= 512 ? 32 : 128).roundedUp(to: OneDNN.rowStep)
    return count.roundedUp(to: step)
  }

  private func product(
    _ matrices: ExpertGraph.Matrices, _ expert: Int, _ x: Matrix, _ windows: [Range<Int>]?,
    into y: Matrix
  ) throws(QuantError) {
    let (linear, matrix) = matrices.expert(expert)
    try LinearProduct(linear, matrix: matrix, in: context).run(x, of: windows, into: y)
  }

  /// Copies the tokens' rows, and zeros into the rows that make the number round.
  package func gather(_ places: [Int], _ routing: Routing, _ x: Matrix, into input: Matrix) {
    for (row, place) in places.enumerated() {
      let target = input.rows(row..<row + 1)
      target.copy(from: x.rows(place / routing.used..<place / routing.used + 1))
      if graph.weighsInput {
        unsafe KernelTable.current.layers.scale(
          target.base, count: target.columns, factor: routing.weights[place])
      }
    }
    input.rows(places.count..<input.rows).clear()
  }

  /// Adds an expert's output to its tokens' rows, by the weights of routing.
  package func scatter(
    _ places: [Int], _ routing: Routing, _ output: Matrix, addingTo y: Matrix, scale: Float
  ) throws(QuantError) {
    // An expert has each token once, so that no two threads write a row; where it may not, one thread
    // writes all.
    let least = routing.repeats ? places.count : 16
    try context.workers.forRanges(places.count, atLeast: least) { (range, _) throws(QuantError) in
      for row in range {
        let token = places[row] / routing.used
        let weight = graph.weighsInput ? 1 : routing.weights[places[row]]
        unsafe KernelTable.current.layers.addScaledRow(
          output.base + row * output.stride, y.base + token * y.stride, count: y.columns,
          factor: weight * scale)
      }
    }
  }

  /// The network that all tokens pass.
  package func addShared(_ x: Matrix, to y: Matrix, scale: Float) throws(QuantError) {
    guard let shared = graph.shared else { return }
    for start in stride(from: 0, to: x.rows, by: chunk) {
      let rows = start..<min(start + chunk, x.rows)
      let output = Matrix(rows: rows.count, columns: y.columns)
      try FeedForwardPass(context: context, graph: shared).run(x.rows(rows), into: output)
      try gateShared(x.rows(rows), output)
      try context.add(output, times: scale, to: y.rows(rows))
    }
  }

  private func gateShared(_ x: Matrix, _ output: Matrix) throws(QuantError) {
    guard let gate = graph.sharedGate else { return }
    let logits = Matrix(rows: x.rows, columns: 1)
    try LinearProduct(gate, in: context).run(x, into: logits)
    for row in 0..<output.rows {
      let factor = Float(1 / (1 + exp(-Double(logits[row, 0]))))
      unsafe KernelTable.current.layers.scale(
        output.base + row * output.stride, count: output.columns, factor: factor)
    }
  }
}
