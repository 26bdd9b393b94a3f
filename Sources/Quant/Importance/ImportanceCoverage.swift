// SPDX-License-Identifier: MIT
public import GGUF

/// How far an importance matrix covers the tensors that are to be encoded.
public struct ImportanceCoverage: Sendable {
  /// Tensors that the matrix does not know at all: encoded by the plain rule.
  public let missingTensors: [String]
  /// Experts that the calibration text never reached, by tensor: encoded by the plain rule.
  public let uncoveredExperts: [(tensor: String, experts: [Int])]
  /// Tensors whose entry has another shape: the matrix is of another model.
  public let misfits: [String]

  /// Compares a matrix with tensors under their names in the source.
  public init(_ matrix: ImportanceMatrix, _ tensors: [TensorInfo]) {
    var missing: [String] = []
    var uncovered: [(String, [Int])] = []
    var misfits: [String] = []
    for tensor in tensors {
      guard let (entry, expert) = matrix.entry(forTensor: tensor.name) else {
        missing.append(tensor.name)
        continue
      }
      let experts = expert.map { $0...$0 } ?? 0...max(0, entry.expertCount - 1)
      let stacked = expert == nil ? tensor.dimensions.dropFirst(2).reduce(1, *) : 1
      if entry.rowWeights != tensor.rowWeights || (expert == nil && entry.expertCount != stacked) {
        misfits.append(tensor.name)
      }
      let cold = entry.uncoveredExperts.filter(experts.contains)
      if !cold.isEmpty { uncovered.append((tensor.name, cold)) }
    }
    missingTensors = missing
    uncoveredExperts = uncovered
    self.misfits = misfits
  }
}
