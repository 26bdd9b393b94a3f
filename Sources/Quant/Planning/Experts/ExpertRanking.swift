// SPDX-License-Identifier: MIT
public import QuantModels

/// What each expert of each layer is worth: the higher, the sooner it is kept.
///
/// Whatever measures experts ends here, so that choosing does not depend on how they were measured.
public struct ExpertRanking: Sendable, Equatable {
  /// The worth of each expert, by layer.
  public let scores: [Int: [Double]]
  /// What it was read from, for errors.
  public let file: String

  /// Takes scores as they are.
  ///
  /// - Parameters:
  ///   - scores: By layer, a finite number for each expert.
  ///   - file: A name for errors.
  /// - Throws: `QuantError.content` for numbers that cannot be ordered.
  public init(scores: [Int: [Double]], file: String) throws(QuantError) {
    for (layer, values) in scores.sorted(by: { $0.key < $1.key }) {
      guard let expert = values.firstIndex(where: { !$0.isFinite }) else { continue }
      throw .content(
        file: file, line: 0,
        what: "layer \(layer), expert \(expert): expected a finite number, found "
          + "\(values[expert])")
    }
    self.scores = scores
    self.file = file
  }

  /// Ranks by what routers did with a text: the sum of each expert's routing weights, which is how
  /// often it was chosen times the mean weight of its output.
  ///
  /// - Parameters:
  ///   - routers: By layer, how often each expert was chosen, and its mean weight where it was.
  ///   - file: A name for errors.
  /// - Throws: `QuantError.content` for lists of different lengths, or numbers out of range.
  public init(
    routers: [(layer: Int, counts: [Int], meanWeights: [Double])], file: String
  ) throws(QuantError) {
    var scores: [Int: [Double]] = [:]
    for router in routers {
      guard router.counts.count == router.meanWeights.count,
        router.counts.allSatisfy({ $0 >= 0 })
      else {
        throw .content(
          file: file, line: 0,
          what: "layer \(router.layer): expected a count of at least 0 and a mean weight for each "
            + "expert, found \(router.counts.count) counts and \(router.meanWeights.count) weights")
      }
      scores[router.layer] = zip(router.counts, router.meanWeights).map { Double($0) * $1 }
    }
    try self.init(scores: scores, file: file)
  }

  /// The best experts of a layer, in ascending order; of equals, those that come first.
  ///
  /// - Parameters:
  ///   - count: How many.
  ///   - layer: Which layer.
  ///   - experts: Experts that the layer has.
  ///   - groups: Groups that experts are chosen in: each keeps equally many.
  /// - Returns: Their numbers.
  /// - Throws: `QuantError.content` if the ranking is of another model, `.setting` if the groups do not
  ///   divide the count.
  func best(
    _ count: Int, ofLayer layer: Int, experts: Int, groups: Int
  ) throws(QuantError) -> [Int] {
    guard let values = scores[layer], values.count == experts else {
      throw .content(
        file: file, line: 0,
        what: "layer \(layer): expected \(experts) experts as the model has, found "
          + "\(scores[layer]?.count ?? 0)")
    }
    guard count % groups == 0, experts % groups == 0 else {
      throw .setting(
        .keptExperts,
        what:
          "expected a number of experts that is a multiple of the model's \(groups) groups, found "
          + "\(count) of \(experts)")
    }
    let size = experts / groups
    return (0..<groups).flatMap { group in
      (group * size..<(group + 1) * size)
        .sorted { (values[$1], $0) < (values[$0], $1) }.prefix(count / groups).sorted()
    }
  }
}
