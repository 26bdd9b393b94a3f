// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// How two models differ.
struct DiffView {
  let difference: ModelDifference
  let comparison: ModelComparison?
  let readsData: Bool

  /// Writes the result.
  func show(isJSON: Bool) throws {
    if isJSON { return try JSONOutput.write(DiffJSON(self)) }
    var report = Report()
    report.section("\(difference.path) and \(difference.otherPath)")
    report.facts([("result", verdict), ("tensors", compared)])
    if !difference.metadata.isEmpty {
      report.section("Keys")
      report.add(difference.metadata)
    }
    if !difference.tensors.isEmpty {
      report.section("Tensors")
      for tensor in difference.tensors { report.verbatim(Self.line(tensor)) }
    }
    if let comparison { report.add(comparison, showsTensors: false) }
    try report.write()
  }

  private var verdict: String {
    let counts = [
      (difference.metadata.count, "key"), (difference.tensors.count, "tensor"),
    ].filter { $0.0 > 0 }
    guard !counts.isEmpty else { return readsData ? "no differences" : "no differences in headers" }
    let verb = difference.metadata.count + difference.tensors.count == 1 ? "differs" : "differ"
    return counts.map { Text.plural($0, $1) }.joined(separator: " and ") + " \(verb)"
  }

  private var compared: String {
    Text.plural(difference.tensorCount, "tensor") + " compared, "
      + (readsData ? "with their bytes" : "without their bytes")
  }

  private static func line(_ tensor: ModelDifference.Tensor) -> String {
    switch tensor.kind {
    case .removed: "- \(tensor.name): \(described(tensor.old))"
    case .added: "+ \(tensor.name): \(described(tensor.new))"
    case .shape: "~ \(tensor.name): \(described(tensor.old)) → \(described(tensor.new))"
    case .type:
      "~ \(tensor.name): \(described(tensor.old)) → \(tensor.new.map(typeAndSize) ?? "")"
    case .bytes: "~ \(tensor.name): \(described(tensor.old)), with other bytes"
    }
  }

  private static func described(_ tensor: TensorSummary?) -> String {
    tensor.map { "\(Text.shape($0.dimensions)) \(typeAndSize($0))" } ?? ""
  }

  private static func typeAndSize(_ tensor: TensorSummary) -> String {
    tensor.type + (tensor.tensorBytes.map { ", \(Units.shortBytes($0))" } ?? "")
  }
}

/// What `diff --json` gives.
private struct DiffJSON: Encodable {
  let first: String
  let second: String
  let isSame: Bool
  let readsData: Bool
  let tensorCount: Int
  let metadata: MetadataDifference
  let tensors: [ModelDifference.Tensor]
  let weights: ComparisonJSON?

  init(_ view: DiffView) {
    first = view.difference.path
    second = view.difference.otherPath
    isSame = view.difference.isEmpty
    readsData = view.readsData
    tensorCount = view.difference.tensorCount
    metadata = view.difference.metadata
    tensors = view.difference.tensors
    weights = view.comparison.map { ComparisonJSON($0, metadata: nil) }
  }
}
