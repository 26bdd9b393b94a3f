// SPDX-License-Identifier: MIT
import Quant

/// What looking through a model found.
struct VerifyView {
  let model: Verification
  /// The model's own faults, and those by a manifest or another model.
  let faults: [Fault]
  let comparison: ModelComparison?
  let showsHashes: Bool
  let showsTensors: Bool
  /// The manifest that was written.
  let manifest: String?
  let time: Duration

  /// Lines for people are to be read; `--json` has all.
  private static let shownFaults = 20
  private static let shownTensors = 10

  /// Writes the result.
  func show(isJSON: Bool) throws {
    if isJSON { return try JSONOutput.write(VerifyJSON(self)) }
    var report = Report()
    report.section(model.path)
    report.facts(facts)
    addFaults(to: &report)
    report.add(model.warnings)
    if showsHashes, !model.files.isEmpty {
      report.section("Hashes")
      for line in Manifest.text(of: model).split(separator: "\n") { report.verbatim(String(line)) }
    }
    if let comparison { add(comparison, to: &report) }
    try report.write()
  }

  private var facts: [(String, String?)] {
    let checked = model.tensors.count(where: \.isChecked)
    let unchecked = model.uncheckedTensors
    return [
      ("result", verdict),
      (
        "checked",
        "\(Text.plural(checked, "tensor")), \(Units.bytes(model.checkedBytes))"
      ),
      (
        "not checked",
        unchecked.isEmpty
          ? nil
          : "\(Text.plural(unchecked.count, "tensor")) of types that this tool does not decode"
      ),
      ("time", Units.duration(time)), ("manifest", manifest),
    ]
  }

  private var verdict: String {
    let count = faults.count + model.unlistedFaultCount
    return count == 0 ? "no faults" : Text.plural(count, "fault")
  }

  private func addFaults(to report: inout Report) {
    guard !faults.isEmpty else { return }
    report.section("Faults")
    for fault in faults.prefix(Self.shownFaults) { report.line(sentence(fault)) }
    let others = faults.count - Self.shownFaults
    if others > 0 { report.line("and \(others) more; --json lists all") }
    for tensor in model.tensors where tensor.faultyBlocks > ModelVerifier.listedBlocks {
      report.line(
        "tensor \"\(tensor.name)\": \(Units.grouped(tensor.faultyBlocks)) blocks with faults in all"
      )
    }
  }

  /// Which of several files a tensor is in is worth knowing.
  private func sentence(_ fault: Fault) -> String {
    guard model.files.count > 1, fault.tensor != nil, let file = fault.file else {
      return fault.description
    }
    return "\(file): \(fault)"
  }

  // MARK: Another model

  private func add(_ comparison: ModelComparison, to report: inout Report) {
    report.section("Difference from \(comparison.otherPath)")
    var table = Table([
      .flexible("role"), .number("tensors"), .number("weights"), .number("error"),
      .number("largest"), .number("cosine"),
    ])
    for (role, count, difference) in comparison.byRole {
      table.add([role, Units.grouped(count)] + Self.cells(difference))
    }
    table.add(["all", Units.grouped(comparison.tensors.count)] + Self.cells(comparison.whole))
    report.table(table)
    let shown = showsTensors ? comparison.tensors : worst(of: comparison)
    guard !shown.isEmpty else { return }
    report.section(showsTensors ? "Tensors" : "Tensors with the largest errors")
    report.table(self.table(of: shown))
  }

  private func worst(of comparison: ModelComparison) -> [ModelComparison.Tensor] {
    let errors = comparison.tensors.map { tensor in
      // What is no number, or cannot be one, is worse than any that is.
      (tensor, tensor.difference.relativeError.flatMap { $0.isNaN ? nil : $0 } ?? .infinity)
    }
    return errors.filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }.prefix(Self.shownTensors).map(\.0)
  }

  private func table(of tensors: [ModelComparison.Tensor]) -> Table {
    var table = Table([
      .flexible("tensor"), .text("type"), .text("other"), .number("error"), .number("largest"),
      .number("cosine"),
    ])
    for tensor in tensors {
      table.add(
        [tensor.name, tensor.type, tensor.otherType] + Self.cells(tensor.difference).dropFirst())
    }
    return table
  }

  /// Weights, relative error, largest difference and cosine.
  private static func cells(_ difference: DifferenceSums) -> [String] {
    [
      Units.count(difference.count),
      difference.relativeError.map { $0 == 0 ? "0 %" : "\(Units.significant($0 * 100, 4)) %" }
        ?? "–",
      difference.largest == 0 ? "0" : Units.significant(difference.largest, 4),
      difference.cosine.map { Units.fixed($0, 6) } ?? "–",
    ]
  }
}

/// What `verify --json` gives.
struct VerifyJSON: Encodable {
  private let model: String
  private let isSound: Bool
  private let faultCount: Int
  private let faults: [Fault]
  private let warnings: [InspectionWarning]
  private let checkedBytes: Int
  private let checkedBlocks: Int
  private let files: [Verification.File]
  private let tensors: [Verification.Tensor]
  private let manifest: String?
  private let against: ComparisonJSON?
  private let seconds: Double

  init(_ view: VerifyView) {
    model = view.model.path
    isSound = view.faults.isEmpty
    faultCount = view.faults.count + view.model.unlistedFaultCount
    faults = view.faults
    warnings = view.model.warnings
    checkedBytes = view.model.checkedBytes
    checkedBlocks = view.model.checkedBlocks
    files = view.model.files
    tensors = view.model.tensors
    manifest = view.manifest
    against = view.comparison.map(ComparisonJSON.init)
    seconds = view.time / .seconds(1)
  }
}

/// How far two models are apart, for programs.
private struct ComparisonJSON: Encodable {
  struct Row: Encodable {
    let name: String
    var type: String?
    var otherType: String?
    var tensors: Int?
    let weights: Int
    let relativeError: Double?
    let largestDifference: Double
    let cosine: Double?

    init(_ name: String, _ difference: DifferenceSums) {
      self.name = name
      weights = difference.count
      relativeError = difference.relativeError
      largestDifference = difference.largest
      cosine = difference.cosine
    }
  }

  let model: String
  let whole: Row
  let roles: [Row]
  let tensors: [Row]

  init(_ comparison: ModelComparison) {
    model = comparison.otherPath
    whole = Row("all", comparison.whole)
    roles = comparison.byRole.map { role, count, difference in
      var row = Row(role, difference)
      row.tensors = count
      return row
    }
    tensors = comparison.tensors.map { tensor in
      var row = Row(tensor.name, tensor.difference)
      row.type = tensor.type
      row.otherType = tensor.otherType
      return row
    }
  }
}
