// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// How a change of experts is shown, before and after it runs.
struct SplitExpertsView {
  let plan: ExpertPlan
  let isJSON: Bool

  /// Says on standard error what may surprise.
  func warn() {
    if plan.writesSingleExperts { Warnings.write(RequantizeView.singleExperts) }
    if plan.changesNothing {
      Warnings.write("the experts already have this layout: the output is a copy")
    }
  }

  /// Shows the plan, and what the run was if there was one.
  func show(
    _ report: PlanReport? = nil, _ time: Duration? = nil, summary: PlanSummary? = nil
  ) throws {
    if isJSON { return try JSONOutput.write(JSON(plan, report, time, summary)) }
    var text = Report()
    text.section("Experts")
    text.facts([
      ("experts", experts), ("kept", keptText), ("tensors", "\(plan.plan.tensors.count)"),
    ])
    text.section("Tensors by role")
    text.table(roleTable)
    text.section(plan.plan.files.count == 1 ? "File" : "Files")
    for file in plan.plan.files {
      text.line("\(file.path)  \(Units.bytes(file.layout.byteCount))")
    }
    text.facts(
      [
        ("exact size", Units.exactBytes(plan.plan.byteCount)), ("time", time.map(Units.duration)),
        ("resumed from", Self.resumed(report)),
      ] + (summary?.facts ?? []))
    summary?.addCosts(to: &text)
    try text.write()
  }

  private static func resumed(_ report: PlanReport?) -> String? {
    guard let report, report.resumedSlabs > 0 else { return nil }
    return "\(report.resumedSlabs) of \(report.slabCount) pieces done before"
  }

  private var experts: String {
    guard plan.expertCount > 0 else {
      return "1 of \(plan.sourceExpertCount) per layer, as a dense model"
    }
    let layout = plan.writesSingleExperts ? "one tensor each" : "one tensor for all of a layer"
    return "\(plan.expertCount) per layer, \(layout)"
  }

  /// What is kept, layers alike together; nothing where all are.
  private var keptText: String? {
    guard plan.expertCount < plan.sourceExpertCount else { return nil }
    let groups = Dictionary(grouping: plan.kept.keys.sorted()) { plan.kept[$0] ?? [] }
    return groups.sorted { ($0.value.first ?? 0) < ($1.value.first ?? 0) }.map { experts, layers in
      "\(NumberList.text(of: experts)) in \(layers.count == 1 ? "layer" : "layers") "
        + NumberList.text(of: layers)
    }.joined(separator: "; ")
  }

  private var roleTable: Table {
    var table = Table([
      .flexible("role"), .text("type"), .number("tensors"), .number("weights"), .number("size"),
    ])
    for role in plan.plan.roles() {
      table.add(
        role.role, role.type.name, "\(role.tensorCount)", Units.count(role.weightCount),
        Units.shortBytes(role.byteCount))
    }
    return table
  }
}

extension SplitExpertsView {
  /// A plan, perhaps carried out, as JSON.
  private struct JSON: Encodable {
    struct File: Encodable {
      let path: String
      let sizeBytes: Int
      let tensors: Int
    }
    struct Layer: Encodable {
      let layer: Int
      let experts: [Int]
    }

    let sourceExpertCount: Int
    let expertCount: Int
    let hasTensorForEachExpert: Bool
    let kept: [Layer]
    let tensors: Int
    let totalBytes: Int
    let planFingerprint: String?
    let files: [File]
    let seconds: Double?
    let resumedPieces: Int?
    let pieces: Int?

    init(_ expert: ExpertPlan, _ report: PlanReport?, _ time: Duration?, _ summary: PlanSummary?) {
      sourceExpertCount = expert.sourceExpertCount
      expertCount = expert.expertCount
      hasTensorForEachExpert = expert.writesSingleExperts
      kept = expert.kept.sorted { $0.key < $1.key }.map { Layer(layer: $0, experts: $1) }
      tensors = expert.plan.tensors.count
      totalBytes = expert.plan.byteCount
      planFingerprint = summary?.fingerprint
      files = expert.plan.files.map {
        File(path: $0.path, sizeBytes: $0.layout.byteCount, tensors: $0.tensors.count)
      }
      seconds = time.map { $0 / .seconds(1) }
      resumedPieces = report?.resumedSlabs
      pieces = report?.slabCount
    }
  }
}
