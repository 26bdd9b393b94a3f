// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// What `inspect` says of metadata and of importance matrices.
extension Report {
  /// Keys and values; long ones shortened unless all is asked for.
  mutating func add(_ metadata: Metadata, isFull: Bool) {
    section("Metadata")
    facts(
      metadata.entries.map { entry in
        (
          entry.key,
          entry.key == HeaderRoom.key
            ? metadata.headerRoom.map { "\(Units.bytes($0)) for later edits" }
            : Self.text(entry.value, isFull: isFull)
        )
      })
  }

  /// A value in words; long ones shortened unless all is asked for.
  static func text(_ value: MetadataValue, isFull: Bool) -> String {
    switch value {
    case .string(let string):
      return isFull ? string.text : Text.shortened(string.text, to: longText)
    case .bool(let flag): return flag ? "true" : "false"
    case .float32(let number): return "\(number)"
    case .float64(let number): return "\(number)"
    case .uint64(let number): return "\(number)"
    case .array(let array): return text(array, isFull: isFull)
    default: return value.integer.map(String.init) ?? ""
    }
  }

  private static func text(_ array: MetadataArray, isFull: Bool) -> String {
    let shown = isFull ? array.count : min(array.count, fewElements)
    let values = array.values(shown).map { value in
      let text = text(value, isFull: isFull)
      return value.text == nil ? text : "\"\(text)\""
    }
    let rest = array.count > shown ? ", …" : ""
    return "\(array.count) × \(array.elementType): \(values.joined(separator: ", "))\(rest)"
  }

  private static let longText = 160
  private static let fewElements = 6

  /// An importance matrix in a few numbers.
  mutating func add(_ matrix: ImportanceSummary) {
    section(matrix.path)
    let columns = matrix.entries.map(\.rowWeights)
    facts([
      ("kind", "importance matrix (\(matrix.form == "dat" ? "older format" : "GGUF"))"),
      ("made from", matrix.datasets.isEmpty ? nil : matrix.datasets.joined(separator: ", ")),
      ("chunks", Self.chunks(matrix)),
      ("tensors", "\(matrix.entries.count)"),
      ("columns", Self.range(columns)),
      ("experts", Self.coverage(matrix)),
    ])
    guard !matrix.entriesWithGaps.isEmpty else { return }
    section("Experts that no text reached")
    var table = Table([.flexible("tensor"), .number("of"), .flexible("experts")])
    for entry in matrix.entriesWithGaps {
      table.add(entry.name, "\(entry.expertCount)", NumberList.text(of: entry.uncoveredExperts))
    }
    self.table(table)
  }

  private static func chunks(_ matrix: ImportanceSummary) -> String? {
    matrix.chunkCount.map { count in
      matrix.chunkSize.map { "\(count) of \($0) tokens" } ?? "\(count)"
    }
  }

  private static func coverage(_ matrix: ImportanceSummary) -> String? {
    let merged = matrix.entries.filter { $0.expertCount > 1 }
    guard let most = merged.map(\.expertCount).max() else { return nil }
    let missing = matrix.uncoveredCount
    let all = missing == 0 ? "all reached" : "\(Text.plural(missing, "matrix slice")) not reached"
    let counts = merged.compactMap(\.fewestCount) + merged.compactMap(\.mostCount)
    let range = range(counts.map { Int(min($0, 1e18)) }).map { "; \($0) activations each" } ?? ""
    return "\(most) in \(Text.plural(merged.count, "tensor")), \(all)\(range)"
  }

  private static func range(_ numbers: [Int]) -> String? {
    guard let least = numbers.min(), let most = numbers.max() else { return nil }
    return least == most
      ? Units.grouped(least)
      : "\(Units.grouped(least)) to \(Units.grouped(most))"
  }
}
