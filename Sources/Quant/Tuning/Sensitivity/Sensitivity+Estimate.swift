// SPDX-License-Identifier: MIT
internal import QuantModels

/// From errors to divergences.
///
/// The divergence grows with the square of a small change, so that a unit's divergence in any type is
/// its error there times what its probe's divergence was to the probe's error. Two priors, both from
/// the other experts of the layer, stand in for what a text did not show of an expert: tokens that it
/// might have had, and the ratio of divergence to error.
extension Sensitivity {
  /// Tokens that every expert is given beyond those it had, as a share of even use.
  static let priorShare = 0.02
  /// How much the ratio of the whole layer counts beside a unit's own.
  static let pooledShare = 0.1

  /// Fills in the divergence of every unit in every type.
  mutating func estimate() {
    // Experts stand in for each other, other matrices for none.
    let pools = Dictionary(grouping: units.indices) { index in
      let name = ExpertTensorName(units[index].tensor)
      return units[index].expert == nil ? "\(index)" : name?.merged ?? units[index].tensor
    }
    for members in pools.values {
      let pool = Pool(members.map { units[$0] })
      for index in members {
        for type in types.indices {
          guard let error = pool.error(of: units[index], type: type, tokens: tokenCount),
            let factor = pool.factor(of: units[index])
          else { continue }
          units[index].divergences[type, default: 0] += factor * error
        }
      }
    }
  }

  private var tokenCount: Double { Double(windows * windowLength) }
}

/// Parts that stand in for each other: the experts of a layer, one projection of each.
private struct Pool {
  private let units: [Sensitivity.Unit]
  private let probed: [Sensitivity.Probe]
  private let tokens: Double

  init(_ units: [Sensitivity.Unit]) {
    self.units = units
    probed = units.compactMap(\.probe)
    tokens = units.reduce(0) { $0 + Double($1.tokens) }
  }

  /// The mean squared error of a unit, tokens that it might have had included.
  func error(of unit: Sensitivity.Unit, type: Int, tokens all: Double) -> Double? {
    guard unit.bytes[type] != nil else { return nil }
    guard units.count > 1 else { return unit.errors[type] }
    let sum = units.reduce(0) { $0 + ($1.errors[type] ?? 0) }
    let prior = Sensitivity.priorShare * tokens / Double(units.count)
    // `sum` is a mean over all tokens: a token of an expert has on average so much of it.
    let perToken = tokens > 0 ? sum * all / tokens : 0
    return (unit.errors[type] ?? 0) + prior * perToken / all
  }

  /// Nats of divergence for an error of one.
  func factor(of unit: Sensitivity.Unit) -> Double? {
    guard let probe = unit.probe ?? probed.first else { return nil }
    let count = Double(max(1, probed.count))
    let divergence = probed.reduce(0) { $0 + max(0, $1.divergence) } / count
    let error = probed.reduce(0) { $0 + $1.error } / count
    let share = Sensitivity.pooledShare
    let sum = probe.error + share * error
    return sum > 0 ? (max(0, probe.divergence) + share * divergence) / sum : 0
  }
}

extension [Double?] {
  fileprivate subscript(index: Int, default fallback: Double) -> Double {
    get { self[index] ?? fallback }
    set { self[index] = newValue }
  }
}
