// SPDX-License-Identifier: MIT
internal import QuantModels

/// An importance matrix in a few numbers.
public struct ImportanceSummary: Sendable, Encodable {
  /// One tensor that the matrix knows.
  public struct Entry: Sendable, Encodable {
    /// The tensor's name.
    public let name: String
    /// Columns.
    public let rowWeights: Int
    /// Experts, or 1.
    public let expertCount: Int
    /// Experts that no text reached.
    public let uncoveredExperts: [Int]
    /// The fewest and the most activations of an expert; `nil` in the older form.
    public let fewestCount: Float?, mostCount: Float?
  }

  /// The path that was read.
  public let path: String
  /// `gguf`, or `dat` for the older form.
  public let form: String
  /// The texts that it was made from.
  public let datasets: [String]
  /// Chunks of text that were run.
  public let chunkCount: Int?
  /// Tokens in a chunk.
  public let chunkSize: Int?
  /// What it knows, in the order of the file.
  public let entries: [Entry]

  /// Reads the numbers off a matrix.
  public init(_ matrix: ImportanceMatrix) {
    path = matrix.path
    form = matrix.entries.allSatisfy { $0.counts == nil } ? "dat" : "gguf"
    datasets = matrix.datasets
    chunkCount = matrix.chunkCount
    chunkSize = matrix.chunkSize
    entries = matrix.entries.map { entry in
      Entry(
        name: entry.name, rowWeights: entry.rowWeights, expertCount: entry.expertCount,
        uncoveredExperts: entry.uncoveredExperts, fewestCount: entry.counts?.min(),
        mostCount: entry.counts?.max())
    }
  }

  /// Entries with experts that no text reached.
  public var entriesWithGaps: [Entry] { entries.filter { !$0.uncoveredExperts.isEmpty } }

  /// Experts that no text reached, over all entries.
  public var uncoveredCount: Int { entries.clampedSum(\.uncoveredExperts.count) }
}
