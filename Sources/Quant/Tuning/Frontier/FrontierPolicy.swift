// SPDX-License-Identifier: MIT
internal import QuantEvaluation

/// What a point of a frontier is picked by.
public enum FrontierPolicy: String, Sendable, Codable, CaseIterable {
  /// The least divergence.
  case quality
  /// Equal parts of both, each between the least and the most of all variants.
  case balanced
  /// The most tokens a second; the least bytes where speeds are not known.
  case throughput
}

/// What a point must keep to.
public struct FrontierLimits: Sendable, Codable {
  /// The most that perplexity may rise on any text, as a share of the model's.
  public var perplexityIncrease: Double?
  /// The least tokens a second.
  public var tokensPerSecond: Double?
  /// The most bytes.
  public var sizeBytes: Int?

  /// The limits in words, for comparing.
  public var text: String {
    let limits: [(String, String?)] = [
      ("perplexity", perplexityIncrease.map { "\($0)" }),
      ("speed", tokensPerSecond.map { "\($0)" }), ("size", sizeBytes.map { "\($0)" }),
    ]
    return limits.map { "\($0.0) \($0.1 ?? "free")" }.joined(separator: ", ")
  }

  /// Sets limits.
  public init(
    perplexityIncrease: Double? = nil, tokensPerSecond: Double? = nil, sizeBytes: Int? = nil
  ) {
    self.perplexityIncrease = perplexityIncrease
    self.tokensPerSecond = tokensPerSecond
    self.sizeBytes = sizeBytes
  }

  func allow(_ point: Frontier.Point) -> Bool {
    let rise = point.results.map { $0.perplexityRatio.value - 1 }.max() ?? 0
    return point.meanDivergence.isFinite && rise <= perplexityIncrease ?? .infinity
      && point.sizeBytes <= sizeBytes ?? .max
      && tokensPerSecond.map { (point.speed?.tokensPerSecond ?? 0) >= $0 } ?? true
  }
}

extension Frontier {
  /// Picks a point by a policy, among those within the limits.
  ///
  /// - Complexity: O(*n*) in points.
  public mutating func choose(_ policy: FrontierPolicy, _ limits: FrontierLimits) {
    let allowed = points.indices.filter { limits.allow(points[$0]) }
    guard !allowed.isEmpty else {
      pick = Pick(
        policy: policy.rawValue, point: nil,
        reason: "none of \(points.count) variants keeps to the limits")
      return
    }
    let best = allowed.min { score($0, policy, allowed) < score($1, policy, allowed) }
    pick = best.map {
      Pick(policy: policy.rawValue, point: $0, reason: reason($0, policy, allowed.count))
    }
  }

  /// What is paid for a point; the least is picked.
  private func score(_ index: Int, _ policy: FrontierPolicy, _ among: [Int]) -> Double {
    switch policy {
    case .quality: points[index].meanDivergence
    case .throughput: cost(index)
    case .balanced:
      place(index, among) { points[$0].meanDivergence } + place(index, among, cost)
    }
  }

  /// Seconds for a token, or bytes where no speeds are known.
  private func cost(_ index: Int) -> Double {
    let knowsSpeeds = points.contains { $0.speed != nil }
    guard knowsSpeeds else { return Double(points[index].sizeBytes) }
    return points[index].speed.map { 1 / $0.tokensPerSecond } ?? .infinity
  }

  /// Where a figure lies between the least and the largest: 0 to 1.
  private func place(_ index: Int, _ among: [Int], _ figure: (Int) -> Double) -> Double {
    let figures = among.map(figure).filter(\.isFinite)
    guard let low = figures.min(), let high = figures.max(), high > low else { return 0 }
    return (figure(index) - low) / (high - low)
  }

  private func reason(_ index: Int, _ policy: FrontierPolicy, _ count: Int) -> String {
    let among = "of the \(count) variants within the limits"
    let knowsSpeeds = points.contains { $0.speed != nil }
    switch policy {
    case .quality: return "the least divergence \(among)"
    case .throughput:
      return knowsSpeeds ? "the most tokens a second \(among)" : "the smallest \(among)"
    case .balanced:
      return "the least of divergence and \(knowsSpeeds ? "time for a token" : "size") together, "
        + "each between the least and the most, \(among)"
    }
  }
}
