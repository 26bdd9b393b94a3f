// SPDX-License-Identifier: MIT
import Quant

/// What looking through a model found.
struct VerifyView {
  let model: Verification
  /// The model's own faults, and those by a manifest or another model.
  let faults: [Fault]
  let comparison: ModelComparison?
  /// How the other model's keys differ from this one's.
  let metadata: MetadataDifference?
  let showsHashes: Bool
  let showsTensors: Bool
  /// The manifest that was written.
  let manifest: String?
  let time: Duration

  /// Lines for people are to be read; `--json` has all.
  private static let shownFaults = 20

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
    if let comparison { report.add(comparison, showsTensors: showsTensors) }
    if let metadata, !metadata.isEmpty {
      report.section("Keys that differ (- those of the other model)")
      report.add(metadata)
    }
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
    against = view.comparison.map { ComparisonJSON($0, metadata: view.metadata) }
    seconds = view.time / .seconds(1)
  }
}
