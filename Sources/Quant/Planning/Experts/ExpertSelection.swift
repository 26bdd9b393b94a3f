// SPDX-License-Identifier: MIT
public import QuantModels

/// Which experts of a model stay.
public enum ExpertSelection: Sendable {
  /// Experts of some layers: `*:0-5`.
  public struct Rule: Sendable, Hashable {
    /// The layers.
    public let layers: NumberList
    /// Their experts.
    public let experts: NumberList

    /// Reads `LAYERS:EXPERTS`; `nil` for anything else.
    public init?(_ text: String) {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, let layers = NumberList(parts[0]), let experts = NumberList(parts[1])
      else { return nil }
      self.layers = layers
      self.experts = experts
    }
  }

  /// Of layers that a rule to keep names, only its experts; of all layers, none that a rule drops.
  case rules(keep: [Rule], drop: [Rule])
  /// So many of each layer, the best by a ranking.
  case best(Int, by: ExpertRanking)

  /// The experts that stay, ascending, by layer.
  ///
  /// - Parameter mixtures: What the model has.
  /// - Returns: A list for each layer with experts, all of the same length.
  /// - Throws: `QuantError.setting` for experts that do not exist, for layers that would keep more
  ///   than others, and for too few.
  func kept(of mixtures: Mixtures) throws(QuantError) -> [Int: [Int]] {
    var kept: [Int: [Int]] = [:]
    switch self {
    case .rules(let keep, let drop):
      for rule in keep + drop { try Self.check(rule, mixtures) }
      for layer in mixtures.layers {
        let named = keep.filter { $0.layers.contains(layer) }
        kept[layer] = (0..<mixtures.expertCount).filter { expert in
          (named.isEmpty || named.contains { $0.experts.contains(expert) })
            && !drop.contains { $0.layers.contains(layer) && $0.experts.contains(expert) }
        }
      }
    case .best(let count, let ranking):
      guard (1...mixtures.expertCount).contains(count) else {
        throw .setting(
          .keptExperts,
          what: "expected to keep 1 to \(mixtures.expertCount) experts, found \(count)")
      }
      for layer in mixtures.layers {
        kept[layer] = try ranking.best(
          count, ofLayer: layer, experts: mixtures.expertCount, groups: mixtures.groupCount)
      }
    }
    try mixtures.check(kept)
    return kept
  }

  private static func check(_ rule: Rule, _ mixtures: Mixtures) throws(QuantError) {
    if let layer = rule.layers.numbers.first(where: { !mixtures.layers.contains($0) }) {
      throw .setting(
        .keptExperts,
        what: "\(rule.layers):\(rule.experts): expected layers with experts, which are "
          + "\(NumberList.text(of: mixtures.layers)), found \(layer)")
    }
    if let last = rule.experts.numbers.last, last >= mixtures.expertCount {
      throw .setting(
        .keptExperts,
        what:
          "\(rule.layers):\(rule.experts): expected experts from 0 to \(mixtures.expertCount - 1), "
          + "found \(last)")
    }
  }
}
