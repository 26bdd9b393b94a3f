// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels

extension ImportanceMatrix {
  /// Tokens of a chunk, where nothing says how many: what llama.cpp's tool takes.
  public static let usualChunkSize = 512

  /// Whether it is of the older form, which has no counts.
  public var lacksCounts: Bool { entries.contains { $0.counts == nil } }

  /// The matrix with a count for each expert, so that it can be added to others.
  ///
  /// The older form says how many chunks were run, and nothing of the tokens that reached each expert:
  /// every expert is taken to have seen all of them, as llama.cpp's tool takes it. Means stay as they are.
  ///
  /// - Parameters:
  ///   - chunkSize: Tokens of a chunk.
  ///   - model: A matrix of the same model, whose entries say where an expert begins.
  /// - Returns: The matrix; the same if it has counts.
  /// - Throws: `QuantError.content` for sums that become too large.
  /// - Complexity: O(*n*) in the values, which are held in memory.
  public func counted(
    chunkSize: Int, like model: ImportanceMatrix? = nil
  ) throws(QuantError) -> ImportanceMatrix {
    precondition(chunkSize > 0)
    guard lacksCounts else { return self }
    var counted: [Entry] = []
    for entry in entries {
      counted.append(try entry.counted(chunkSize, like: model?[entry.name], file: path))
    }
    return try ImportanceMatrix(
      path: path, datasets: datasets, chunkCount: chunkCount,
      chunkSize: self.chunkSize ?? chunkSize, entries: counted)
  }

  /// Adds up matrices of either form.
  ///
  /// - Parameters:
  ///   - matrices: Matrices of one model, at least one.
  ///   - chunkSize: Tokens of a chunk of those of the older form.
  /// - Returns: The sum, with the texts of all; with counts if any of them has counts.
  /// - Throws: `QuantError.content` if an entry differs in size.
  /// - Complexity: O(*n*) in the values, which are held in memory.
  public static func merging(
    _ matrices: [ImportanceMatrix], chunkSize: Int = usualChunkSize
  ) throws(QuantError) -> ImportanceMatrix {
    precondition(!matrices.isEmpty)
    let model = matrices.first { !$0.lacksCounts }
    var sum: ImportanceMatrix?
    for matrix in matrices {
      let next = model == nil ? matrix : try matrix.counted(chunkSize: chunkSize, like: model)
      sum = try sum?.merging(next) ?? next
    }
    return sum ?? matrices[0]
  }
}

extension ImportanceMatrix.Entry {
  /// The entry with counts, cut into experts as another one is.
  fileprivate func counted(
    _ chunkSize: Int, like other: ImportanceMatrix.Entry?, file: String
  ) throws(QuantError) -> ImportanceMatrix.Entry {
    guard counts == nil else { return self }
    var (columns, experts) = (rowWeights, expertCount)
    if let other, other.sums.count == sums.count {
      (columns, experts) = (other.rowWeights, other.expertCount)
    }
    let whole = try ImportanceMatrix.Entry(
      file: file, name: name, rowWeights: columns, expertCount: experts, counts: nil,
      calls: calls, sums: sums)
    let tokens = Float(chunkSize)
    return try ImportanceMatrix.Entry(
      file: file, name: name, rowWeights: columns, expertCount: experts,
      counts: (0..<experts).map { whole.uncoveredExperts.contains($0) ? 0 : calls * tokens },
      sums: FloatStore(whole.reachedSums.map { $0 * tokens }))
  }
}

extension ImportanceMatrix {
  /// The forms of the file.
  public enum Form: String, Sendable, CaseIterable {
    /// GGUF, with counts for each expert.
    case gguf
    /// The older one, with means alone.
    case dat

    /// The form that a file's name asks for.
    public init(ofFile path: String) { self = path.hasSuffix(".dat") ? .dat : .gguf }
  }

  /// Writes a form.
  ///
  /// - Parameters:
  ///   - path: The file; it is replaced only when the new one is whole.
  ///   - form: The form.
  /// - Throws: `QuantError.file` if it cannot be written.
  public func write(to path: String, as form: Form) throws(QuantError) {
    switch form {
    case .gguf: try write(to: path)
    case .dat: try writeLegacy(to: path)
    }
  }
}
