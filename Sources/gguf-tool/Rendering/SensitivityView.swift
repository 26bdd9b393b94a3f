// SPDX-License-Identifier: MIT
import Quant

/// What a measurement of sensitivity found: the units of the model by how much they suffer.
struct SensitivityView {
  let output: String
  let found: Sensitivity

  private struct JSON: Encodable {
    let output: String
    let model: String
    let corpora: [String]
    let windows: Int
    let windowLength: Int
    let probeWindows: Int
    let types: [String]
    let unitCount: Int
    let rows: [Row]
    let rareExperts: [Rare]
  }

  /// All units of one role in one layer.
  private struct Row: Encodable {
    let layer: Int?
    let role: String
    /// Its units; JSON has called them `parts` from the start.
    let parts: Int
    let weights: Int
    /// For each type of the list: what they would add to the divergence together.
    let divergences: [Double?]
  }

  private struct Rare: Encodable {
    let layer: Int
    let expert: Int
    let tokens: Int
  }

  /// Shows the result.
  func show(isJSON: Bool) throws {
    guard !isJSON else {
      return try JSONOutput.write(
        JSON(
          output: output, model: found.model, corpora: found.corpora, windows: found.windows,
          windowLength: found.windowLength, probeWindows: found.probeWindows, types: found.types,
          unitCount: found.units.count, rows: rows, rareExperts: rare))
    }
    var report = Report()
    report.section("Sensitivity")
    report.facts([
      ("model", found.model), ("written to", output),
      ("texts", found.corpora.joined(separator: ", ")),
      (
        "windows",
        "\(found.windows) of \(found.windowLength) tokens, \(found.probeWindows) per probe"
      ),
      ("units", "\(Units.grouped(found.units.count)), in \(found.types.count) types each"),
    ])
    report.section("Divergence added by all units of a row together, in nats per token")
    report.table(table)
    if !rare.isEmpty { report.line(rareLine) }
    try report.write()
  }

  private var rows: [Row] {
    var order: [String] = []
    var groups: [String: [Sensitivity.Unit]] = [:]
    for unit in found.units {
      let key = unit.tensor.expertRole
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(unit)
    }
    return order.compactMap { key in groups[key].map { Self.row(key, $0) } }
  }

  private static func row(_ role: String, _ units: [Sensitivity.Unit]) -> Row {
    let count = units.first?.divergences.count ?? 0
    let sums = (0..<count).map { type in
      units.reduce(0.0 as Double?) { sum, unit in
        guard let sum, let more = unit.divergences[type] else { return nil }
        return sum + more
      }
    }
    return Row(
      layer: units.first?.layer, role: role, parts: units.count,
      weights: units.reduce(0) { $0 + $1.weights }, divergences: sums)
  }

  /// A few of the types, from coarse to fine, fit on a line.
  private var shownTypes: [Int] {
    let wanted = ["IQ2_S", "IQ3_S", "IQ4_XS", "Q4_0", "Q6_K", "Q8_0"]
    let known = found.types.indices.filter { wanted.contains(found.types[$0]) }
    return Array((known.isEmpty ? Array(found.types.indices) : known).prefix(4))
  }

  private var table: Table {
    var table = Table(
      [.flexible("tensor"), .number("units")]
        + shownTypes.map { Table.Column.number(found.types[$0]) })
    for row in rows {
      table.add(
        [row.role, Units.grouped(row.parts)]
          + shownTypes.map { type in
            row.divergences[type].map { Units.significant($0, 3) } ?? ""
          })
    }
    return table
  }

  private var rare: [Rare] {
    let experts = found.units.filter { $0.expert != nil }
    let total = Double(found.windows * found.windowLength)
    return experts.compactMap { unit in
      guard let layer = unit.layer, let expert = unit.expert, unit.tensor.contains("down"),
        Double(unit.tokens) < 0.01 * total
      else { return nil }
      return Rare(layer: layer, expert: expert, tokens: unit.tokens)
    }
  }

  private var rareLine: String {
    let named = rare.prefix(6).map { "\($0.layer):\($0.expert) (\(Units.grouped($0.tokens)))" }
    return "Experts that less than 1 % of the tokens reached: " + named.joined(separator: ", ")
      + (rare.count > 6 ? " and \(rare.count - 6) more" : "")
      + ". Their figures are partly those of their layer; use more text to measure them."
  }
}

extension String {
  /// A tensor's name without what tells one expert of a layer from another.
  fileprivate var expertRole: String {
    ExpertTensorName(self).map(\.merged) ?? self
  }
}
