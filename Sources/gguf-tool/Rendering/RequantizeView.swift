// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// How a requantization is shown, before and after it runs.
struct RequantizeView {
  let plan: RequantizePlan
  /// The calibration that was asked for, if any.
  var calibration: CalibrationRequest?
  let isJSON: Bool

  // MARK: Before

  /// Shows the plan tensor by tensor.
  func showPlan(_ summary: PlanSummary) throws {
    if !plan.tensorsLackingImportance.isEmpty, !plan.recipe.allowsMissingImportance {
      Warnings.write(
        "\(Self.list(plan.tensorsLackingImportance)): these types need an importance matrix, and"
          + " writing them without --imatrix will be refused")
    }
    if !plan.unwritableTypes.isEmpty {
      let names = plan.unwritableTypes.map(\.name).joined(separator: ", ")
      Warnings.write("\(names): this version can only read these types, not write them")
    }
    if !plan.unreadableTensors.isEmpty {
      Warnings.write(
        "\(Self.list(plan.unreadableTensors.map(\.name))): types that cannot be decoded and will be refused"
      )
    }
    if !plan.requantizedTensors.isEmpty && !plan.recipe.allowsRequantizing {
      Warnings.write(
        "\(Self.list(plan.requantizedTensors)): already quantized; requantizing without"
          + " --allow-requantize will be refused")
    }
    if isJSON { return try JSONOutput.write(PlanJSON(plan, summary, calibration)) }
    var report = Report()
    report.section("Tensors")
    report.table(tensorTable)
    addFiles(to: &report, summary.facts)
    summary.addCosts(to: &report)
    try report.write()
  }

  /// Says where calibration gave the token embedding bits of the output matrix.
  func tellExchange(from recipe: Recipe) {
    guard recipe.tokenEmbeddingType == nil, let embedding = plan.recipe.tokenEmbeddingType,
      let output = plan.recipe.outputTensorType
    else { return }
    Notes.write(
      "with calibration, the token embedding gets \(embedding) and the output matrix \(output), which do"
        + " less damage than the preset's types in no more bytes (--token-embedding-type and"
        + " --output-tensor-type choose others)")
  }

  private var tensorTable: Table {
    var table = Table([
      .flexible("tensor"), .number("shape"), .text("from"), .text("to"), .number("size"),
    ])
    for tensor in plan.plan.tensors {
      let source = tensor.slices.first.map { plan.plan.source.tensors[$0.tensor].type.name } ?? ""
      table.add(
        tensor.description.name,
        tensor.description.dimensions.map(String.init).joined(separator: "×"), source,
        tensor.action == .copy ? "copied" : tensor.description.type.name,
        Units.shortBytes(tensor.byteCount))
    }
    return table
  }

  private func addFiles(to report: inout Report, _ more: [(String, String?)] = []) {
    report.section(plan.plan.files.count == 1 ? "File" : "Files")
    for file in plan.plan.files {
      report.line("\(file.path)  \(Units.bytes(file.layout.byteCount))")
    }
    report.facts(
      [
        ("exact size", Units.exactBytes(plan.plan.byteCount)),
        ("bits per weight", Units.bitsPerWeight(Self.bitsPerWeight(plan.plan))),
        ("effort", plan.recipe.effort == .default ? nil : plan.recipe.effort.rawValue),
        ("calibration", calibration.map { CalibrationView.line($0.origin) }),
      ] + more)
  }

  static func bitsPerWeight(_ plan: ModelPlan) -> Double {
    Double(plan.tensorByteCount) * 8 / Double(max(1, plan.weightCount))
  }

  // MARK: After

  /// Shows what was written, by role.
  func showReport(_ outcome: PlanOutcome) throws {
    let calibrated = outcome.calibration.map(CalibrationView.init)
    calibrated?.tell()
    for loss in LossWarnings(plan).found(outcome.report) { Warnings.write(loss) }
    let roles = plan.plan.roles(errors: outcome.report.errors)
    if isJSON {
      return try JSONOutput.write(ReportJSON(plan, roles, outcome))
    }
    var report = Report()
    report.section("Tensors by role")
    report.table(roleTable(roles))
    calibrated?.add(to: &report)
    let (resumed, pieces) = (outcome.report.resumedSlabs, outcome.report.slabCount)
    addFiles(
      to: &report,
      [
        ("time", Units.duration(outcome.time)),
        ("resumed from", resumed == 0 ? nil : "\(resumed) of \(pieces) pieces done before"),
      ])
    try report.write()
  }

  private func roleTable(_ roles: [RoleSummary]) -> Table {
    var table = Table([
      .flexible("role"), .text("type"), .number("tensors"), .number("weights"), .number("size"),
      .number("bits"), .number("error"),
    ])
    for role in roles {
      table.add(
        role.role, role.type.name, "\(role.tensorCount)", Units.count(role.weightCount),
        Units.shortBytes(role.byteCount), Units.bitsPerWeight(role.bitsPerWeight),
        role.error.reference > 0 ? Units.fixed(role.error.relative * 100, 3) + " %" : "–")
    }
    return table
  }
}

/// A plan as JSON.
private struct PlanJSON: Encodable {
  struct Tensor: Encodable {
    let name: String
    let shape: [Int]
    let fromType: String
    let type: String
    let fallbackFrom: String?
    let isCopied: Bool
    let sizeBytes: Int
    let file: Int
  }

  let preset: String
  let recipe: String
  let effort: String
  let layout: String
  let totalBytes: Int
  let bitsPerWeight: Double
  let planFingerprint: String?
  let files: [ShardCostJSON]
  let tensors: [Tensor]
  let promotedTensors: [String]
  let leftTensors: [String]
  let tensorsLackingImportance: [String]
  let unwritableTypes: [String]
  let calibration: CalibrationOriginJSON?

  init(
    _ requantize: RequantizePlan, _ summary: PlanSummary, _ request: CalibrationRequest?
  ) {
    calibration = request.map { CalibrationOriginJSON($0.origin) }
    let plan = requantize.plan
    preset = requantize.recipe.preset?.name ?? "COPY"
    recipe = requantize.recipe.text
    effort = requantize.recipe.effort.rawValue
    layout = requantize.recipe.layout.rawValue
    promotedTensors = requantize.promotedTensors.map(\.name)
    leftTensors = requantize.leftTensors
    totalBytes = plan.byteCount
    bitsPerWeight = RequantizeView.bitsPerWeight(plan)
    planFingerprint = summary.fingerprint
    files = summary.costs.map(ShardCostJSON.init)
    tensors = plan.tensors.map { tensor in
      Tensor(
        name: tensor.description.name, shape: tensor.description.dimensions,
        fromType: tensor.slices.first.map { plan.source.tensors[$0.tensor].type.name } ?? "",
        type: tensor.description.type.name, fallbackFrom: tensor.fallbackFrom?.name,
        isCopied: tensor.action == .copy, sizeBytes: tensor.byteCount, file: tensor.file)
    }
    tensorsLackingImportance = requantize.tensorsLackingImportance
    unwritableTypes = requantize.unwritableTypes.map(\.name)
  }
}

/// A finished run as JSON.
private struct ReportJSON: Encodable {
  struct Role: Encodable {
    let role: String
    let type: String
    let tensors: Int
    let weights: Int
    let sizeBytes: Int
    let bitsPerWeight: Double
    let relativeError: Double?
  }
  struct File: Encodable {
    let path: String
    let sizeBytes: Int
  }
  struct Coverage: Encodable {
    let missingTensors: [String]
    let uncoveredExperts: [String: [Int]]
    let surplusEntries: [String]
  }

  let recipe: String
  let effort: String
  let layout: String
  let promotedTensors: [String]
  let leftTensors: [String]
  let files: [File]
  let totalBytes: Int
  let bitsPerWeight: Double
  let roles: [Role]
  let seconds: Double
  let resumedPieces: Int
  let pieces: Int
  let importanceCoverage: Coverage?
  let losses: [TensorLoss]
  let calibration: CalibrationJSON?

  init(_ requantize: RequantizePlan, _ roles: [RoleSummary], _ outcome: PlanOutcome) {
    let report = outcome.report
    calibration = outcome.calibration.map(CalibrationJSON.init)
    recipe = requantize.recipe.text
    effort = requantize.recipe.effort.rawValue
    layout = requantize.recipe.layout.rawValue
    promotedTensors = requantize.promotedTensors.map(\.name)
    leftTensors = requantize.leftTensors
    files = requantize.plan.files.map { File(path: $0.path, sizeBytes: $0.layout.byteCount) }
    totalBytes = requantize.plan.byteCount
    bitsPerWeight = RequantizeView.bitsPerWeight(requantize.plan)
    self.roles = roles.map { role in
      Role(
        role: role.role, type: role.type.name, tensors: role.tensorCount,
        weights: role.weightCount, sizeBytes: role.byteCount, bitsPerWeight: role.bitsPerWeight,
        relativeError: role.error.reference > 0 ? role.error.relative : nil)
    }
    seconds = outcome.time / .seconds(1)
    resumedPieces = report.resumedSlabs
    pieces = report.slabCount
    losses = report.losses(of: requantize.plan)
    importanceCoverage = requantize.coverage.map { coverage in
      Coverage(
        missingTensors: coverage.missingTensors,
        uncoveredExperts: Dictionary(
          coverage.uncoveredExperts.map { ($0.tensor, $0.experts) }, uniquingKeysWith: { a, _ in a }
        ), surplusEntries: coverage.surplusEntries)
    }
  }
}
