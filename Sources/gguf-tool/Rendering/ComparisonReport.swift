// SPDX-License-Identifier: MIT
import Quant

/// What reports say of how far the weights of two models are apart.
extension Report {
  /// Lines for people are to be read; `--json` has all.
  private static let shownTensors = 10

  /// The difference by role, and by tensor: all, or those with the largest errors.
  mutating func add(_ comparison: ModelComparison, showsTensors: Bool) {
    section("Difference from \(comparison.otherPath)")
    var table = Table([
      .flexible("role"), .number("tensors"), .number("weights"), .number("error"),
      .number("largest"), .number("cosine"),
    ])
    for (role, count, difference) in comparison.byRole {
      table.add([role, Units.grouped(count)] + Self.cells(difference))
    }
    table.add(["all", Units.grouped(comparison.tensors.count)] + Self.cells(comparison.whole))
    self.table(table)
    let shown = showsTensors ? comparison.tensors : Self.worst(of: comparison)
    guard !shown.isEmpty else { return }
    section(showsTensors ? "Tensors" : "Tensors with the largest errors")
    self.table(Self.table(of: shown))
  }

  private static func worst(of comparison: ModelComparison) -> [ModelComparison.Tensor] {
    let errors = comparison.tensors.map { tensor in
      // What is no number, or cannot be one, is worse than any that is.
      (tensor, tensor.difference.relativeError.flatMap { $0.isNaN ? nil : $0 } ?? .infinity)
    }
    return errors.filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }.prefix(shownTensors).map(\.0)
  }

  private static func table(of tensors: [ModelComparison.Tensor]) -> Table {
    var table = Table([
      .flexible("tensor"), .text("type"), .text("other"), .number("error"), .number("largest"),
      .number("cosine"),
    ])
    for tensor in tensors {
      table.add(
        [tensor.name, tensor.type, tensor.otherType] + cells(tensor.difference).dropFirst())
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

/// How far two models are apart, for programs.
struct ComparisonJSON: Encodable {
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
  let metadata: MetadataDifference?

  init(_ comparison: ModelComparison, metadata: MetadataDifference?) {
    self.metadata = metadata
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
