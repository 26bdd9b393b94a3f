// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// Several models side by side.
extension Report {
  /// The files with their numbers, and a column for each; as many in a table as a line has room for.
  mutating func add(_ models: [ModelInspection]) {
    section("Files")
    facts(models.enumerated().map { ("\($0 + 1)", $1.source.path) })
    var first = 0
    while first < models.count {
      var end = first + 1
      while end < models.count, Self.sideBySide(models, first..<end + 1).width <= width - 2 {
        end += 1
      }
      let isAll = end - first == models.count
      section(
        isAll ? "Models" : end - first == 1 ? "Model \(end)" : "Models \(first + 1) to \(end)")
      table(Self.sideBySide(models, first..<end))
      first = end
    }
    for (number, model) in models.enumerated() where !model.warnings.isEmpty {
      section("Warnings of \(number + 1)")
      for warning in model.warnings { line(warning.message) }
    }
  }

  /// A table of some of the models: a row for what at least one of them has.
  private static func sideBySide(_ models: [ModelInspection], _ places: Range<Int>) -> Table {
    var table = Table([.text("")] + places.map { .flexible("\($0 + 1)") })
    let models = models[places]
    func add(_ name: String, _ value: (ModelInspection) -> String?) {
      let cells = models.map(value)
      guard cells.contains(where: { $0 != nil }) else { return }
      table.add([name] + cells.map { $0 ?? "–" })
    }
    for (name, value) in rows { add(name, value) }
    table.beginGroup("tensors and size by type")
    for type in typeNames(models) {
      add("  " + type) { model in model.types.shares.first { $0.type == type }.map(inWords) }
    }
    return table
  }

  private static let rows: [(name: String, value: @Sendable (ModelInspection) -> String?)] = [
    ("architecture", { $0.summary.architecture }),
    ("kind", { $0.summary.kind == "model" ? nil : $0.summary.kind }),
    ("weights", { Units.count($0.summary.weightCount) }),
    ("active", { $0.experts == nil ? nil : $0.summary.activeWeightCount.map(Units.count) }),
    ("size", { Units.shortBytes($0.summary.wholeFileBytes) }),
    ("bits/weight", { $0.summary.bitsPerWeight.map(Units.bitsPerWeight) }),
    ("file type", { $0.summary.fileType }),
    ("tensors", { Units.grouped($0.summary.tensorCount) }),
    ("layers", { $0.summary.layerCount.map(String.init) }),
    ("embedding", { $0.summary.embeddingLength.map(String.init) }),
    ("feed-forward", { number($0.summary.feedForwardLength) }),
    ("heads", { number($0.summary.headCount) }),
    ("KV heads", { number($0.summary.keyValueHeadCount) }),
    ("context", { $0.summary.contextLength.map(String.init) }),
    ("vocabulary", { $0.summary.vocabularySize.map(String.init) }),
    ("tokenizer", { $0.summary.tokenizer }),
    ("experts", { $0.experts.map { "\($0.expertCount)" } }),
    ("experts used", { $0.experts?.usedCount.map(String.init) }),
    ("importance", { $0.summary.importance.map { _ in "yes" } }),
  ]

  private static func number(_ value: PerLayer?) -> String? {
    value.flatMap { $0.isZero ? nil : "\($0)" }
  }

  /// The types of all models, those first that the first models have.
  private static func typeNames(_ models: ArraySlice<ModelInspection>) -> [String] {
    var names: [String] = []
    for share in models.flatMap(\.types.shares) where !names.contains(share.type) {
      names.append(share.type)
    }
    return names
  }

  private static func inWords(_ share: TypeHistogram.Share) -> String {
    let size = share.tensorBytes.map(Units.shortBytes) ?? "unknown"
    return "\(Units.grouped(share.tensorCount)), \(size)"
  }
}
