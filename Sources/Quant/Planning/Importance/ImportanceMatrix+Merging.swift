// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels

extension ImportanceMatrix {
  /// Adds up what two runs over different texts gathered.
  ///
  /// - Parameter other: A matrix of the same model; names that only one of them has are kept.
  /// - Returns: The sum, with the texts of both.
  /// - Throws: `QuantError.content` if an entry differs in size, or if only one of the two knows
  ///   its counts: sums of the older form are of another scale.
  /// - Complexity: O(*n*) in the values, which are held in memory.
  public func merging(_ other: ImportanceMatrix) throws(QuantError) -> ImportanceMatrix {
    var merged: [Entry] = []
    for entry in entries {
      guard let second = other[entry.name] else {
        merged.append(entry)
        continue
      }
      merged.append(try entry.adding(second, file: other.path))
    }
    let chunks = chunks(with: other)
    return try ImportanceMatrix(
      path: path, datasets: datasets + other.datasets.filter { !datasets.contains($0) },
      chunkCount: chunks.count, chunkSize: chunks.size,
      entries: merged + other.entries.filter { self[$0.name] == nil })
  }

  /// Chunks of both: of two sizes, the largest that divides both, and as many as make up all tokens.
  private func chunks(with other: ImportanceMatrix) -> (count: Int?, size: Int?) {
    guard let size = chunkSize, let second = other.chunkSize, size > 0, second > 0 else {
      let isSame = chunkSize == other.chunkSize
      return (sum(chunkCount, other.chunkCount), isSame ? chunkSize : nil)
    }
    let common = Self.commonDivisor(size, second)
    let count = sum(
      Self.product(chunkCount, size / common), Self.product(other.chunkCount, second / common))
    return (count, common)
  }

  private static func commonDivisor(_ a: Int, _ b: Int) -> Int {
    b == 0 ? a : commonDivisor(b, a % b)
  }

  private static func product(_ a: Int?, _ b: Int) -> Int? {
    guard let (value, overflow) = a?.multipliedReportingOverflow(by: b) else { return nil }
    return overflow ? nil : value
  }

  private func sum(_ a: Int?, _ b: Int?) -> Int? {
    guard let a, let b else { return nil }
    let (value, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : value
  }
}

extension ImportanceMatrix.Entry {
  /// The sum of two entries, cut as the one that is cut finer.
  fileprivate func adding(
    _ other: ImportanceMatrix.Entry, file: String
  ) throws(QuantError) -> ImportanceMatrix.Entry {
    let first =
      try cut(columns: other.rowWeights, experts: other.expertCount, file: file) ?? self
    let second =
      try other.cut(columns: first.rowWeights, experts: first.expertCount, file: file) ?? other
    return try first.addingSameSize(second, file: file)
  }

  private func addingSameSize(
    _ other: ImportanceMatrix.Entry, file: String
  ) throws(QuantError) -> ImportanceMatrix.Entry {
    guard rowWeights == other.rowWeights, expertCount == other.expertCount,
      (counts == nil) == (other.counts == nil)
    else {
      throw .content(
        file: file, line: 0,
        what: "entry \"\(name)\": expected \(rowWeights) × \(expertCount) sums "
          + "\(counts == nil ? "without" : "with") counts, found "
          + "\(other.rowWeights) × \(other.expertCount) "
          + "\(other.counts == nil ? "without" : "with") counts")
    }
    return try ImportanceMatrix.Entry(
      file: file, name: name, rowWeights: rowWeights, expertCount: expertCount,
      counts: counts.map { zip($0, other.counts ?? []).map(+) }, calls: calls + other.calls,
      sums: FloatStore(zip(reachedSums, other.reachedSums).map(+)))
  }
}
