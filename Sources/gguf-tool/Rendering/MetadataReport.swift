// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// What `inspect` says of metadata and of importance matrices.
extension Report {
  /// Keys and values, of all keys or of those that are wanted; long values shortened unless all is asked
  /// for.
  mutating func add(_ metadata: Metadata, keys: Set<String>? = nil, isFull: Bool) {
    section("Metadata")
    let tokens = NamedTokens(metadata)
    let words = isFull ? MetadataText.whole : .short
    entries(
      metadata.entries.filter { keys?.contains($0.key) ?? true }.map { entry in
        if entry.key == HeaderRoom.key, let bytes = metadata.headerRoom {
          return (entry.key, "\(Units.bytes(bytes)) for later edits")
        }
        let isToken = NamedTokens.areGiven(by: entry.key)
        return (entry.key, words.text(entry.value, tokens: isToken ? tokens : nil))
      })
  }

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
