// SPDX-License-Identifier: MIT
internal import GGUF
package import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which experts each token goes to, with what weight.
package struct Routing: Sendable {
  /// Experts of the layer.
  let experts: Int
  /// Experts a token.
  package let used: Int
  /// `used` experts for each token.
  private(set) var chosen: [Int32]
  /// Their weights.
  package private(set) var weights: [Float]
  /// Whether a token may go to an expert more than once.
  private(set) var repeats = false

  /// Chooses experts for tokens.
  ///
  /// - Parameters:
  ///   - logits: A row a token, a column an expert.
  ///   - graph: The rules.
  ///   - bias: Added to probabilities for the choice alone.
  ///   - given: The experts of each token, if the router does not choose them.
  ///   - workers: Share the tokens.
  /// - Throws: Nothing of its own.
  init(
    _ logits: Matrix, _ graph: MixtureGraph, bias: [Float]?, given: [[Int]]? = nil,
    _ workers: Workers
  ) throws(QuantError) {
    experts = graph.count
    used = graph.used
    repeats = given?.contains { Set($0).count < $0.count } ?? false
    let found = RowResults<(experts: [Int], weights: [Float])>(logits.rows)
    try workers.forRanges(logits.rows, atLeast: 64) { (rows, _) throws(QuantError) in
      for row in rows {
        let raw = logits.withRow(row) { span in (0..<graph.count).map { span[$0] } }
        let probabilities = Self.probabilities(raw, graph.gating)
        var scores = graph.choosesByLogits ? raw : probabilities
        if let bias { for index in scores.indices { scores[index] += bias[index] } }
        Self.keepBestGroups(&scores, graph)
        let best = given?[row] ?? Self.largest(scores, graph.used)
        found[row] = (best, Self.weights(of: best, raw, probabilities, graph))
      }
    }
    chosen = []
    weights = []
    chosen.reserveCapacity(logits.rows * graph.used)
    weights.reserveCapacity(logits.rows * graph.used)
    for row in 0..<logits.rows {
      chosen += found[row]?.experts.map { Int32($0) } ?? []
      weights += found[row]?.weights ?? []
    }
  }

  /// Takes the experts of groups: those of a mixture's chosen experts, as often as they are chosen.
  ///
  /// - Parameters:
  ///   - logits: A row a token, a column an expert of that mixture.
  ///   - graph: The experts of groups.
  ///   - workers: Share the tokens.
  /// - Throws: Nothing of its own.
  package init(
    _ logits: Matrix, _ graph: GroupExpertsGraph, _ workers: Workers
  ) throws(QuantError) {
    var all = graph.mixture
    all.count = logits.columns
    all.normalizes = false
    let routing = try Routing(logits, all, bias: nil, workers)
    experts = graph.mixture.count
    used = routing.used
    chosen = routing.chosen.map { $0 / Int32(graph.groupSize) }
    weights = []
    weights.reserveCapacity(chosen.count)
    repeats = true
    for row in 0..<logits.rows {
      let raw = logits.withRow(row) { span in (0..<logits.columns).map { span[$0] } }
      // The number of a group is taken for that of an expert, as programs do.
      let probabilities = Self.probabilities(raw, graph.mixture.gating)
      weights += Self.weights(
        of: chosen[row * used..<(row + 1) * used].map { Int($0) }, raw, probabilities,
        graph.mixture)
    }
  }

  private static func probabilities(_ logits: [Float], _ gating: MixtureGraph.Gating) -> [Float] {
    switch gating {
    case .softmax: softmax(logits)
    case .sigmoid: logits.map { 1 / (1 + exp(-$0)) }
    case .softmaxOfChosen: logits
    case .rootSoftplus: logits.map { ($0 > 20 ? $0 : log1p(exp($0))).squareRoot() }
    }
  }

  private static func softmax(_ logits: [Float]) -> [Float] {
    let peak = logits.max() ?? 0
    let powers = logits.map { exp($0 - peak) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  /// Leaves only the groups whose two best experts score highest together.
  private static func keepBestGroups(_ scores: inout [Float], _ graph: MixtureGraph) {
    guard graph.groups > 1 else { return }
    let size = graph.count / graph.groups
    let sums = (0..<graph.groups).map { group in
      let members = scores[group * size..<(group + 1) * size].sorted(by: >)
      return members.prefix(2).reduce(0, +)
    }
    let kept = Set(largest(sums, graph.usedGroups))
    for index in scores.indices where !kept.contains(index / size) { scores[index] = -.infinity }
  }

  /// The places of the largest numbers, largest first; of equal ones, the first.
  private static func largest(_ numbers: [Float], _ count: Int) -> [Int] {
    var best: [Int] = []
    for index in numbers.indices {
      var place = best.count
      while place > 0, numbers[best[place - 1]] < numbers[index] { place -= 1 }
      if place < count {
        best.insert(index, at: place)
        if best.count > count { best.removeLast() }
      }
    }
    return best
  }

  private static func weights(
    of best: [Int], _ logits: [Float], _ probabilities: [Float], _ graph: MixtureGraph
  ) -> [Float] {
    var weights = best.map { probabilities[$0] }
    if graph.gating == .softmaxOfChosen { weights = softmax(best.map { logits[$0] }) }
    if graph.normalizes {
      let sum = max(weights.reduce(0, +), 0x1p-14)
      weights = weights.map { $0 / sum }
    }
    return weights.map { $0 * graph.weightScale }
  }

  /// The tokens of each expert in order, and their places in `weights`.
  package func byExpert() -> [[Int]] {
    var places = [[Int]](repeating: [], count: experts)
    for (place, expert) in chosen.enumerated() { places[Int(expert)].append(place) }
    return places
  }
}
