// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
public import QuantModels

extension ImportanceMatrix {
  /// What a matrix knows of one tensor: sums of squared activations, for each expert apart.
  public struct Entry: Sendable {
    /// The tensor's name.
    public let name: String
    /// Columns: weights in a row of the tensor.
    public let rowWeights: Int
    /// Matrices in the tensor: experts of a merged tensor, else 1.
    public let expertCount: Int
    /// Activations that went into each expert's sums; `nil` in the older form, which does not say.
    public let counts: [Float]?
    /// Experts that no text reached, or about which the sums say nothing (all columns alike).
    public let uncoveredExperts: [Int]

    /// What sums are divided by where there are no counts: runs in the older form, at least 1.
    let calls: Float
    /// `rowWeights` sums for each expert.
    let sums: FloatStore
  }
}

extension ImportanceMatrix.Entry {
  /// Makes an entry from gathered sums.
  ///
  /// - Parameters:
  ///   - name: The tensor's name.
  ///   - rowWeights: Columns.
  ///   - sums: Sums of squared activations, `rowWeights` for each expert.
  ///   - counts: Activations in each expert's sums.
  /// - Throws: `QuantError.content` for numbers that are negative or not finite.
  public init(
    name: String, rowWeights: Int, sums: [Float], counts: [Float]
  ) throws(QuantError) {
    try self.init(
      file: "importance matrix", name: name, rowWeights: rowWeights, expertCount: counts.count,
      counts: counts, sums: FloatStore(sums))
  }

  /// Checks all numbers and finds the experts that were not reached.
  init(
    file: String, name: String, rowWeights: Int, expertCount: Int, counts: [Float]?,
    calls: Float = 1, sums: FloatStore
  ) throws(QuantError) {
    precondition(
      rowWeights * expertCount == sums.count && (counts?.count ?? expertCount) == expertCount)
    var uncovered: [Int] = []
    for expert in 0..<expertCount {
      let count = counts?[expert] ?? calls
      let values = sums.values(expert * rowWeights..<(expert + 1) * rowWeights)
      if let fault = Self.fault(count: count, sums: values) {
        let place = expertCount > 1 ? ", expert \(expert)" : ""
        throw .content(file: file, line: 0, what: "entry \"\(name)\"\(place): \(fault)")
      }
      if !Self.isInformative(values, count: count, isCounted: counts != nil) {
        uncovered.append(expert)
      }
    }
    self.name = name
    self.rowWeights = rowWeights
    self.expertCount = expertCount
    self.counts = counts
    self.calls = calls
    self.sums = sums
    uncoveredExperts = uncovered
  }

  /// Mean squared activations of an expert's columns: what errors are weighted with.
  ///
  /// `nil` for an expert of `uncoveredExperts`: all columns then matter alike.
  public func values(expert: Int) -> [Float]? {
    precondition((0..<expertCount).contains(expert), "no such expert")
    guard !uncoveredExperts.contains(expert) else { return nil }
    let count = counts?[expert] ?? calls
    return sums.values(expert * rowWeights..<(expert + 1) * rowWeights).map { $0 / count }
  }

  /// All sums, with zeros for experts of `uncoveredExperts`: some writers fill in ones, which would drown
  /// what another matrix knows of them.
  var reachedSums: [Float] {
    var values = sums.values(0..<sums.count)
    for expert in uncoveredExperts {
      for place in expert * rowWeights..<(expert + 1) * rowWeights { values[place] = 0 }
    }
    return values
  }

  /// The same sums cut into matrices of `columns` columns, as `tensor` needs them.
  func recut(
    columns: Int, experts: Int, for tensor: TensorInfo, file: String
  ) throws(QuantError) -> ImportanceMatrix.Entry {
    if let cut = try cut(columns: columns, experts: experts, file: file) { return cut }
    throw .content(
      file: file, line: 0,
      what: "entry \"\(name)\": expected \(columns) × \(experts) values for tensor "
        + "\"\(tensor.name)\", found \(rowWeights) × \(expertCount)")
  }

  /// The same sums cut into matrices of `columns` columns; `nil` if they cannot be.
  ///
  /// The older form does not know where an expert begins, and llama.cpp counts once for all heads of a
  /// tensor, as if they were one matrix. Entries with a count for each matrix are cut already.
  func cut(columns: Int, experts: Int, file: String) throws(QuantError) -> ImportanceMatrix.Entry? {
    if rowWeights == columns && expertCount == experts { return self }
    guard (counts?.count ?? 1) == 1, columns > 0, sums.count == columns * experts else {
      return nil
    }
    return try ImportanceMatrix.Entry(
      file: file, name: name, rowWeights: columns, expertCount: experts,
      counts: counts.map { Array(repeating: $0[0], count: experts) }, calls: calls, sums: sums)
  }

  /// One expert as an entry of its own.
  func only(_ expert: Int, file: String) throws(QuantError) -> ImportanceMatrix.Entry {
    try ImportanceMatrix.Entry(
      file: file, name: name, rowWeights: rowWeights, expertCount: 1,
      counts: counts.map { [$0[expert]] }, calls: calls,
      sums: FloatStore(sums.values(expert * rowWeights..<(expert + 1) * rowWeights)))
  }

  /// What makes numbers unusable, in words.
  private static func fault(count: Float, sums: [Float]) -> String? {
    guard count.isFinite, count >= 0 else { return "a count of \(count)" }
    for (column, sum) in sums.enumerated() where !(sum >= 0 && (sum / max(count, 1)).isFinite) {
      return "column \(column): expected a finite number that is not negative, found \(sum)"
    }
    return nil
  }

  /// Whether values tell columns apart. Without counts, constants stand for experts never reached:
  /// zeros, or the ones that some writers fill in.
  private static func isInformative(_ sums: [Float], count: Float, isCounted: Bool) -> Bool {
    guard count > 0 else { return false }
    let isConstant = sums.count > 1 && sums.allSatisfy { $0 == sums[0] }
    return isCounted ? sums.contains { $0 > 0 } : !isConstant && sums.contains { $0 > 0 }
  }
}
