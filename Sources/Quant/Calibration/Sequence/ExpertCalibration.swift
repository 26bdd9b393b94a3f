// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// Has experts calibrated, one after the other, and gives what they then give: each for the tokens that the
/// quantized model sends it.
///
/// The whole model's experts see what that has of the same tokens, wherever it sends them itself.
struct ExpertCalibration {
  /// The experts of one model.
  struct Part {
    let pass: ExpertLayerPass
    /// What they take: a row a token.
    let x: Matrix
    /// By the model's own router.
    let routing: Routing
    /// Takes what they give, times `scale`.
    let y: Matrix
    let scale: Float
  }

  private let walk: SequentialCalibration
  private let parts: WalkedPair<Part>
  /// The places of each expert's tokens in both routings.
  private let places: WalkedPair<[[Int]]>
  /// What the experts' outputs together are to make up for: a row a token.
  private let debts: Matrix?

  private var graph: ExpertGraph { parts.whole.pass.graph.experts }
  private var columns: Int { parts.whole.x.columns }

  /// Fewer tokens a column than these call for the moments of the whole layer: with more of them, those of
  /// the expert alone are as good.
  private static let enoughTokens = 8

  /// Prepares experts.
  ///
  /// - Parameters:
  ///   - walk: The walk.
  ///   - parts: The experts of both models.
  ///   - debts: What the experts' outputs together are to make up for: a row a token.
  init(_ walk: SequentialCalibration, _ parts: WalkedPair<Part>, debts: Matrix? = nil) {
    self.walk = walk
    self.debts = debts
    self.parts = parts
    places = WalkedPair(
      whole: parts.whole.routing.byExpert(), quantized: parts.quantized.routing.byExpert())
  }

  func run() throws(QuantError) {
    let pooled = (first: try pooledInputs(), last: try pooledHidden())
    for expert in places.quantized.indices {
      try QuantError.checkCancellation()
      try calibrateFirst(expert, pooled.first)
      try finish(expert, pooled.last)
    }
  }

  /// The products that take an expert's input.
  private func calibrateFirst(_ expert: Int, _ pooled: SecondMoments?) throws(QuantError) {
    let keys = graph.first.map { $0.key(expert) }
    guard isPending(keys) else { return }
    let moments = walk.moments(columns: columns, of: keys[0])
    let routing = parts.quantized.routing
    for places in places.quantized[expert].inParts(of: walk.plan.chunk) {
      let rows = 0..<places.count
      let whole = gathered(parts.whole, places, routing).rows(rows)
      try walk.text.add(
        gathered(parts.quantized, places, routing).rows(rows), whole: whole,
        of: places.map { $0 / routing.used }, to: moments, walk.workers)
    }
    try walk.calibrate(keys, moments, pooled: isScarce(expert, columns) ? pooled : nil)
  }

  /// The product that gives an expert's output, and that output.
  private func finish(_ expert: Int, _ pooled: SecondMoments?) throws(QuantError) {
    let key = graph.down.key(expert)
    let moments =
      isPending([key])
      ? walk.moments(columns: graph.width, of: key, outputs: debts?.columns ?? 0) : nil
    let count = places.quantized[expert].count
    let keeps = walk.plan.canKeep(rows: count, columns: graph.width)
    var kept: [Matrix] = []
    let lots = lots(of: expert)
    for lot in lots {
      let whole = try wholeHidden(expert, lot)
      try scatter(expert, parts.whole, lot.whole, whole.own)
      guard moments != nil || keeps else { continue }
      let hidden = try hidden(expert, parts.quantized, lot.quantized, parts.quantized.routing)
      if keeps { kept.append(hidden) }
      guard let moments else { continue }
      let rows = 0..<lot.quantized.count
      try walk.text.add(
        hidden.rows(rows), whole: whole.paired.rows(rows),
        debt: debts.map { share($0, lot.quantized) },
        of: lot.quantized.map { $0 / parts.quantized.routing.used }, to: moments, walk.workers)
    }
    if let moments {
      try walk.calibrate([key], moments, pooled: isScarce(expert, graph.width) ? pooled : nil)
    }
    for (index, lot) in lots.enumerated() {
      let hidden =
        try keeps
        ? kept[index] : hidden(expert, parts.quantized, lot.quantized, parts.quantized.routing)
      try scatter(expert, parts.quantized, lot.quantized, hidden)
    }
  }

  private func isPending(_ keys: [MatrixKey]) -> Bool { keys.contains(where: walk.pairs.isPending) }

  // MARK: Rows

  /// An expert's places in both routings for some of the text.
  private struct Lot {
    var whole: [Int] = []
    var quantized: [Int] = []
  }

  /// Cuts an expert's tokens, those of both models at the same places of the text.
  private func lots(of expert: Int) -> [Lot] {
    let (whole, quantized) = (places.whole[expert], places.quantized[expert])
    let used = parts.quantized.routing.used
    var lots: [Lot] = []
    var (first, second) = (0, 0)
    while first < whole.count || second < quantized.count {
      let token = min(
        first < whole.count ? whole[first] / used : .max,
        second < quantized.count ? quantized[second] / used : .max)
      let isFull = lots.last.map { max($0.whole.count, $0.quantized.count) >= walk.plan.chunk }
      if isFull ?? true { lots.append(Lot()) }
      while first < whole.count, whole[first] / used == token {
        lots[lots.count - 1].whole.append(whole[first])
        first += 1
      }
      while second < quantized.count, quantized[second] / used == token {
        lots[lots.count - 1].quantized.append(quantized[second])
        second += 1
      }
    }
    return lots
  }

  /// What goes into the whole model's last product: for the tokens that the quantized model sends the
  /// expert, and for those that the whole one does. Most are the same.
  private func wholeHidden(
    _ expert: Int, _ lot: Lot
  ) throws(QuantError) -> (paired: Matrix, own: Matrix) {
    let (part, routing) = (parts.whole, parts.quantized.routing)
    guard !part.pass.graph.weighsInput else {
      // Weights go into the rows, and each model has its own. Those of the pair are the quantized one's.
      return (
        try hidden(expert, part, lot.quantized, routing),
        try hidden(expert, part, lot.whole, part.routing)
      )
    }
    let used = routing.used
    let tokens = Set((lot.whole + lot.quantized).map { $0 / used }).sorted()
    let all = try hidden(expert, part, tokens.map { $0 * used }, routing)
    let rows = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, $0) })
    func picked(_ places: [Int]) -> Matrix {
      all.picked(places.compactMap { rows[$0 / used] }, of: tokens.count)
    }
    return (picked(lot.quantized), picked(lot.whole))
  }

  /// What an expert's output is to make up for in tokens: if those of all of a token's experts do, so does
  /// their sum.
  private func share(_ debts: Matrix, _ places: [Int]) -> Matrix {
    let (routing, share) = (
      parts.quantized.routing, Matrix(rows: places.count, columns: debts.columns)
    )
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

  /// What an expert takes of tokens, and rows of zeros that make the number round.
  private func gathered(_ part: Part, _ places: [Int], _ routing: Routing) -> Matrix {
    let rows = ExpertLayerPass.roundedUp(places.count)
    let input = Matrix(rows: rows, columns: part.x.columns)
    part.pass.gather(places, routing, part.x, into: input)
    return input
  }

  /// What goes into the expert's last product then.
  private func hidden(
    _ expert: Int, _ part: Part, _ places: [Int], _ routing: Routing
  ) throws(QuantError) -> Matrix {
    let input = gathered(part, places, routing)
    let both = Matrix(rows: input.rows, columns: 2 * graph.width)
    try part.pass.expand(expert, input, into: both)
    let hidden = Matrix(rows: input.rows, columns: graph.width)
    try part.pass.gate(both, into: hidden)
    return hidden
  }

  /// Adds what the expert gives for tokens of a model.
  private func scatter(
    _ expert: Int, _ part: Part, _ places: [Int], _ hidden: Matrix
  ) throws(QuantError) {
    guard !places.isEmpty else { return }
    let output = Matrix(rows: hidden.rows, columns: part.y.columns)
    try part.pass.reduce(expert, hidden, into: output)
    try part.pass.scatter(places, part.routing, output, addingTo: part.y, scale: part.scale)
  }

  // MARK: The whole layer

  /// The places of an expert's tokens that are not held out.
  private func ownPlaces(_ expert: Int) -> [Int] {
    let used = parts.quantized.routing.used
    return places.quantized[expert].filter { !walk.text.isHeldOut(token: $0 / used) }
  }

  /// Whether an expert has few tokens.
  private func isScarce(_ expert: Int, _ columns: Int) -> Bool {
    ownPlaces(expert).count < Self.enoughTokens * columns
  }

  /// Moments of what all experts take, if one of them needs these.
  private func pooledInputs() throws(QuantError) -> SecondMoments? {
    let x = parts.quantized.x
    let scarce = places.quantized.indices.first { expert in
      isPending(graph.first.map { $0.key(expert) }) && isScarce(expert, columns)
    }
    guard let scarce else { return nil }
    let moments = walk.moments(columns: columns, of: graph.first[0].key(scarce), isPooled: true)
    try walk.text.add(x, whole: nil, of: 0..<x.rows, to: moments, walk.workers)
    try moments.finish(walk.workers)
    return moments
  }

  /// Moments of what goes into the last products of all experts, if one of them needs these: of every so
  /// many tokens, as far as they are enough. They are the whole model's: the quantized one's change on the
  /// way, and a run that is cut off meanwhile has to go on with the same.
  private func pooledHidden() throws(QuantError) -> SecondMoments? {
    let scarce = places.quantized.indices.first { expert in
      isPending([graph.down.key(expert)]) && isScarce(expert, graph.width)
    }
    guard let scarce else { return nil }
    let moments = walk.moments(columns: graph.width, of: graph.down.key(scarce), isPooled: true)
    let all = places.quantized.indices.map(ownPlaces)
    let step = max(1, all.reduce(0) { $0 + $1.count } / (Self.enoughTokens * graph.width))
    for (expert, own) in all.enumerated() {
      try QuantError.checkCancellation()
      let chosen = stride(from: 0, to: own.count, by: step).map { own[$0] }
      for places in chosen.inParts(of: walk.plan.chunk) {
        let rows = try hidden(expert, parts.whole, places, parts.quantized.routing)
        try moments.add(rows.rows(0..<places.count), whole: nil, walk.workers)
      }
    }
    try moments.finish(walk.workers)
    return moments
  }
}

extension [Int] {
  /// The numbers in parts of a size.
  func inParts(of size: Int) -> [[Int]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
  }
}

extension Matrix {
  /// Some rows, and rows of zeros that make the number round; this matrix, if they are its first `count`.
  fileprivate func picked(_ places: [Int], of count: Int) -> Matrix {
    guard places != Array(0..<count) else { return self }
    let rows = Matrix(rows: ExpertLayerPass.roundedUp(places.count), columns: columns)
    for (row, place) in places.enumerated() {
      rows.rows(row..<row + 1).copy(from: self.rows(place..<place + 1))
    }
    rows.rows(places.count..<rows.rows).clear()
    return rows
  }
}
