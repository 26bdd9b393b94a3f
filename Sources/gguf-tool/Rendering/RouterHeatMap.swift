// SPDX-License-Identifier: MIT
package import Quant

/// Experts by layers, shaded by what the routers made of them.
package struct RouterHeatMap {
  /// What is shown.
  package enum Quantity: String, CaseIterable, Sendable {
    /// The share of tokens that chose the expert, with even use as 1.
    case share
    /// The mean routing weight where it was chosen, with the layer's mean as 1.
    case meanWeight
  }

  private static let shades: [(from: Double, sign: Character)] = [
    (0, " "), (0.1, "·"), (0.5, "░"), (0.8, "▒"), (1.25, "▓"), (2, "█"),
  ]

  /// The figures of each layer, one an expert.
  let rows: [(layer: Int, values: [Double])]
  /// What they are.
  let quantity: Quantity

  /// Makes a map of all layers.
  package init(_ statistics: RouterStatistics, _ quantity: Quantity = .share) {
    self.quantity = quantity
    rows = statistics.layers.map { ($0.layer, Self.values(of: $0, quantity)) }
  }

  /// The most experts of a layer.
  var columns: Int { rows.map(\.values.count).max() ?? 0 }

  /// The map as lines of block characters, a line a layer and a cell an expert.
  ///
  /// - Parameter width: Cells that a line may take; where experts are more, neighbours share a cell,
  ///   which shows their mean.
  /// - Returns: The lines, the last of them the legend; none if there are no experts.
  package func lines(width: Int) -> [String] {
    guard columns > 0 else { return [] }
    let label = rows.map { String($0.layer).count }.max() ?? 1
    let experts = (columns + max(1, width - label - 9) - 1) / max(1, width - label - 9)
    let lines = rows.map { layer, values in
      let cells = stride(from: 0, to: values.count, by: experts).map { start in
        let part = values[start..<min(start + experts, values.count)]
        return Self.shade(part.reduce(0, +) / Double(part.count))
      }
      return "layer \(Text.padded(String(layer), to: label, rightAligned: true)) ▕\(String(cells))▏"
    }
    return lines + [legend(experts)]
  }

  private func legend(_ experts: Int) -> String {
    Self.legend(
      unit: quantity == .share ? "even use" : "the layer's mean",
      sharing: experts > 1 ? "\(experts) experts" : nil)
  }

  /// What the shades mean.
  static func legend(unit: String, sharing: String?) -> String {
    let steps = shades.dropFirst().map { "\($0.sign) from \(short($0.from))" }
    let cell = sharing.map { "; a cell is \($0)" } ?? ""
    return "\(unit) is 1: \(steps.joined(separator: ", "))\(cell)"
  }

  private static func short(_ value: Double) -> String {
    value == value.rounded() ? Units.fixed(value, 0) : "\(value)"
  }

  /// The sign of a number.
  static func shade(_ value: Double) -> Character {
    shades.last { value >= $0.from }?.sign ?? " "
  }

  /// A layer's figures, each over what it would be if the router made no difference.
  private static func values(of layer: RouterStatistics.Layer, _ quantity: Quantity) -> [Double] {
    let experts = 0..<layer.expertCount
    switch quantity {
    case .share:
      let even = layer.expertsPerToken / Double(max(1, layer.expertCount))
      return experts.map { even > 0 ? layer.share(of: $0) / even : 0 }
    case .meanWeight:
      let choices = layer.counts.reduce(0, +)
      let mean = choices > 0 ? layer.weights.reduce(0, +) / Double(choices) : 0
      return experts.map { mean > 0 ? layer.meanWeight(of: $0) / mean : 0 }
    }
  }
}
