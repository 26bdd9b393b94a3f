// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// Has experts calibrated, one after the other: each for the tokens that the quantized model sends it.
///
/// The whole model's experts see what that has of the same tokens, wherever it sends them itself.
struct ExpertCalibration {
  /// The experts of one model, and what they take.
  struct Part {
    let pass: ExpertLayerPass
    /// A row a token.
    let x: Matrix
  }

  private let walk: SequentialCalibration
  private let parts: WalkedPair<Part>
  /// The quantized model's.
  private let routing: Routing
  private let experts: [ExpertPlaces]
  /// What the experts' outputs together are to make up for: a row a token.
  private let debts: Matrix?

  private var graph: ExpertGraph { parts.whole.pass.graph.experts }
  private var columns: Int { parts.whole.x.columns }

  /// Tokens that go through an expert at once.
  private static let rowsAtOnce = 4096
  /// Fewer tokens a column than these call for the moments of the whole layer: beyond about as many those
  /// of the expert alone are better.
  private static let enoughTokens = 8

  /// The places in the routing of one expert's tokens.
  private struct ExpertPlaces {
    let own: [Int]
    let heldOut: [Int]
  }

  /// Prepares experts.
  ///
  /// - Parameters:
  ///   - walk: The walk.
  ///   - parts: The experts of both models.
  ///   - routing: The quantized model's.
  ///   - debts: What the experts' outputs together are to make up for: a row a token.
  init(
    _ walk: SequentialCalibration, _ parts: WalkedPair<Part>, _ routing: Routing,
    debts: Matrix? = nil
  ) {
    self.debts = debts
    self.walk = walk
    self.parts = parts
    self.routing = routing
    experts = routing.byExpert().map { places in
      func areHeldOut(_ place: Int) -> Bool { walk.text.isHeldOut(token: place / routing.used) }
      return ExpertPlaces(
        own: places.filter { !areHeldOut($0) }, heldOut: places.filter(areHeldOut))
    }
  }

  func run() throws(QuantError) {
    let pooled = (first: try pooledInputs(), last: try pooledHidden())
    for expert in experts.indices {
      let first = graph.first.map { $0.key(expert) }
      if isPending(first) {
        let moments = walk.moments(columns: columns, of: first[0])
        try add(expert, to: moments) { part, places throws(QuantError) in
          gathered(part, places)
        }
        try walk.calibrate(
          first, moments, pooled: isScarce(expert, moments.columns) ? pooled.first : nil)
      }
      let last = [graph.down.key(expert)]
      guard isPending(last) else { continue }
      let moments = walk.moments(
        columns: graph.width, of: last[0], outputs: debts?.columns ?? 0)
      try add(expert, to: moments, debts) { part, places throws(QuantError) in
        try hidden(expert, part, places)
      }
      try walk.calibrate(
        last, moments, pooled: isScarce(expert, moments.columns) ? pooled.last : nil)
    }
  }

  private func isPending(_ keys: [MatrixKey]) -> Bool { keys.contains(where: walk.pairs.isPending) }

  // MARK: Rows

  /// Adds what both models make of an expert's tokens.
  private func add(
    _ expert: Int, to moments: SecondMoments, _ debts: Matrix? = nil,
    _ make: (Part, [Int]) throws(QuantError) -> Matrix
  ) throws(QuantError) {
    for places in experts[expert].own.inParts(of: Self.rowsAtOnce) {
      let whole = try make(parts.whole, places)
      try moments.add(
        try make(parts.quantized, places), whole: whole,
        debt: debts.map { share($0, places) }, walk.workers)
    }
    let heldOut = Array(experts[expert].heldOut.prefix(SequentialCalibration.heldOutRows))
    guard !heldOut.isEmpty else { return }
    let whole = try make(parts.whole, heldOut)
    moments.keepApart(
      try make(parts.quantized, heldOut), whole: whole, debt: debts.map { share($0, heldOut) })
  }

  /// What an expert's output is to make up for in tokens: if those of all of a token's experts do, so does
  /// their sum.
  private func share(_ debts: Matrix, _ places: [Int]) -> Matrix {
    let share = Matrix(rows: places.count, columns: debts.columns)
    for (row, place) in places.enumerated() {
      let token = place / routing.used
      let weights = routing.weights[token * routing.used..<(token + 1) * routing.used]
      let sum =
        parts.quantized.pass.graph.weighsInput ? Float(routing.used) : weights.reduce(0, +)
      let source = debts.rows(token..<token + 1)
      share.rows(row..<row + 1).copy(from: source)
      share.withMutableRow(row) { numbers in
        for column in numbers.indices { numbers[column] *= sum > 0 ? 1 / sum : 0 }
      }
    }
    return share
  }

  /// What an expert takes of tokens. Where inputs are weighed, the whole model's are by the quantized
  /// model's weights.
  private func gathered(_ part: Part, _ places: [Int]) -> Matrix {
    padded(part, places).rows(0..<places.count)
  }

  /// The same, with rows of zeros that make the number round.
  private func padded(_ part: Part, _ places: [Int]) -> Matrix {
    let rows = ExpertLayerPass.roundedUp(places.count)
    let input = Matrix(rows: rows, columns: part.x.columns)
    part.pass.gather(places, routing, part.x, into: input)
    return input
  }

  /// What goes into the expert's last product.
  private func hidden(
    _ expert: Int, _ part: Part, _ places: [Int]
  ) throws(QuantError) -> Matrix {
    let input = padded(part, places)
    let both = Matrix(rows: input.rows, columns: 2 * graph.width)
    try part.pass.expand(expert, input, into: both)
    let hidden = both.columns(0..<graph.width)
    try part.pass.gate(both, into: hidden)
    return hidden.rows(0..<places.count)
  }

  // MARK: The whole layer

  /// Whether an expert has few tokens.
  private func isScarce(_ expert: Int, _ columns: Int) -> Bool {
    experts[expert].own.count < Self.enoughTokens * columns
  }

  /// Moments of what all experts take, if one of them needs these.
  private func pooledInputs() throws(QuantError) -> SecondMoments? {
    let x = parts.quantized.x
    let scarce = experts.indices.first { expert in
      isScarce(expert, columns) && isPending(graph.first.map { $0.key(expert) })
    }
    guard let scarce else { return nil }
    let moments = walk.moments(columns: columns, of: graph.first[0].key(scarce), isPooled: true)
    try walk.text.add(x, whole: nil, of: 0..<x.rows, to: moments, walk.workers)
    try moments.finish(walk.workers)
    return moments
  }

  /// Moments of what goes into the last products of all experts, if one of them needs these. They are the
  /// whole model's: the quantized one's change on the way, and a run that is cut off meanwhile has to go on
  /// with the same.
  private func pooledHidden() throws(QuantError) -> SecondMoments? {
    let scarce = experts.indices.first { expert in
      isScarce(expert, graph.width) && isPending([graph.down.key(expert)])
    }
    guard let scarce else { return nil }
    let moments = walk.moments(columns: graph.width, of: graph.down.key(scarce), isPooled: true)
    for expert in experts.indices {
      try QuantError.checkCancellation()
      for places in experts[expert].own.inParts(of: Self.rowsAtOnce) {
        let rows = try hidden(expert, parts.whole, places)
        try moments.add(rows, whole: nil, walk.workers)
      }
    }
    try moments.finish(walk.workers)
    return moments
  }
}

extension [Int] {
  /// The numbers in parts of a size.
  fileprivate func inParts(of size: Int) -> [[Int]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
  }
}
