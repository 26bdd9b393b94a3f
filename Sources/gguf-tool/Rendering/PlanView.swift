// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// A plan, its recipe, and what was measured of it.
struct PlanView {
  let source: any ModelSource
  let planner: ModelPlanner
  let plan: PlannedTypes
  let trials: [PlanTrial]
  let output: String?
  let modelOutput: String?

  private struct JSON: Encodable {
    struct Trial: Encodable {
      let name: String
      let sizeBytes: Int
      let expectedDivergence: Double
      let measuredDivergence: Double
      let perplexityIncrease: Double
      let isWithinLimits: Bool
      let results: [TextResult]
    }
    struct Part: Encodable {
      let tensor: String
      let expert: Int?
      let type: String
    }
    let model: String
    let recipe: String?
    let modelOutput: String?
    let plan: String
    let layout: String
    let sizeBytes: Int
    let bitsPerWeight: Double
    let expectedDivergence: Double
    let trials: [Trial]
    let parts: [Part]
  }

  /// The recipe, with what was measured at its head.
  var recipe: String {
    let measured = trials.first.map { trial in
      "# measured: " + trial.measured.results.map(Self.words).joined(separator: "; ") + "\n"
    }
    return (measured ?? "") + plan.text
  }

  private static func words(_ result: TextResult) -> String {
    "\(result.corpus) \(Units.significant(result.divergence.value, 4)) ± "
      + "\(Units.significant(result.divergence.error, 2)) nats, perplexity × "
      + Units.significant(result.perplexityRatio.value, 5)
  }

  /// One trial in a line.
  static func line(of trial: PlanTrial) -> String {
    "\(trial.plan.name), \(Units.shortBytes(trial.measured.byteCount)): expected "
      + "\(Units.significant(trial.plan.divergence, 3)), measured "
      + "\(Units.significant(trial.measured.meanDivergence, 3)) nats, perplexity + "
      + Units.percent(max(0, trial.measured.perplexityIncrease))
      + (trial.isWithinLimits ? "" : ", beyond the limits")
  }

  /// Writes the result.
  func show(isJSON: Bool) throws {
    guard !isJSON else { return try JSONOutput.write(json) }
    var report = Report()
    report.section("Plan")
    report.facts([
      ("model", source.path), ("recipe", output), ("variant", modelOutput), ("kind", plan.name),
      ("size", Units.bytes(plan.byteCount)),
      ("bits/weight", Units.significant(plan.bitsPerWeight, 4)),
      (
        "expected",
        plan.divergence.isNaN
          ? nil : "\(Units.significant(plan.divergence, 3)) nats of divergence per token"
      ),
      ("one type", try uniform),
    ])
    if !plan.types.isEmpty {
      report.section("Types")
      report.table(roles)
    }
    if !trials.isEmpty {
      report.section("Measured")
      report.table(measured)
    }
    try report.write()
  }

  /// What the best single type would come to in the same size.
  private var uniform: String? {
    get throws {
      guard let best = try planner.bestUniform(fileBytes: plan.byteCount) else { return nil }
      return "\(best.name), \(Units.bytes(best.byteCount)): "
        + "\(Units.significant(best.divergence, 3)) nats expected"
    }
  }

  private var roles: Table {
    var order: [String] = []
    var members: [String: [Int]] = [:]
    for (index, unit) in planner.sensitivity.units.enumerated() {
      let role = Self.role(unit)
      if members[role] == nil { order.append(role) }
      members[role, default: []].append(index)
    }
    var table = Table([.text("tensors"), .number("units"), .number("bits"), .flexible("types")])
    for role in order {
      let units = members[role] ?? []
      table.add(
        role, Units.grouped(units.count), Units.significant(bits(units), 3), types(units))
    }
    return table
  }

  /// A tensor's name without layer and expert.
  private static func role(_ unit: Sensitivity.Unit) -> String {
    if let name = ExpertTensorName(unit.tensor) { return "ffn_\(name.projection) of experts" }
    return ModelPlan.role(ofTensor: unit.tensor)
  }

  private func bits(_ units: [Int]) -> Double {
    var (bits, weights) = (0.0, 0)
    for index in units {
      let own = planner.sensitivity.units[index].weights
      bits += (plan.types[index].layout?.bitsPerWeight ?? 0) * Double(own)
      weights += own
    }
    return bits / Double(max(1, weights))
  }

  private func types(_ units: [Int]) -> String {
    var counts: [TensorType: Int] = [:]
    for index in units { counts[plan.types[index], default: 0] += 1 }
    let order = counts.sorted {
      ($0.key.layout?.bitsPerWeight ?? 0, $0.key.rawValue)
        < ($1.key.layout?.bitsPerWeight ?? 0, $1.key.rawValue)
    }
    return order.map { $0.value == units.count ? $0.key.name : "\($0.key.name) × \($0.value)" }
      .joined(separator: ", ")
  }

  private var measured: Table {
    var table = Table([
      .flexible("variant"), .number("size"), .number("expected"), .number("measured"),
      .number("perplexity"), .text(""),
    ])
    for (index, trial) in trials.enumerated() {
      table.add(
        trial.plan.name, Units.shortBytes(trial.measured.byteCount),
        trial.plan.divergence.isNaN ? "" : Units.significant(trial.plan.divergence, 3),
        Units.significant(trial.measured.meanDivergence, 3),
        "× " + Units.significant(1 + trial.measured.perplexityIncrease, 4),
        index == 0 ? "kept" : trial.isWithinLimits ? "" : "beyond the limits")
    }
    return table
  }

  private var json: JSON {
    JSON(
      model: source.path, recipe: output, modelOutput: modelOutput, plan: plan.name,
      layout: planner.rules.layout.rawValue, sizeBytes: plan.byteCount,
      bitsPerWeight: plan.bitsPerWeight, expectedDivergence: plan.divergence,
      trials: trials.map { trial in
        JSON.Trial(
          name: trial.plan.name, sizeBytes: trial.measured.byteCount,
          expectedDivergence: trial.plan.divergence,
          measuredDivergence: trial.measured.meanDivergence,
          perplexityIncrease: trial.measured.perplexityIncrease,
          isWithinLimits: trial.isWithinLimits, results: trial.measured.results)
      },
      parts: zip(planner.sensitivity.units, plan.types).map { unit, type in
        JSON.Part(tensor: unit.tensor, expert: unit.expert, type: type.name)
      })
  }
}
