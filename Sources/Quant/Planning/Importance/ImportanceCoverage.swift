// SPDX-License-Identifier: MIT
public import GGUF
public import QuantModels

/// How far an importance matrix covers the tensors that are to be encoded.
public struct ImportanceCoverage: Sendable {
  /// Tensors that the matrix does not know at all: encoded by the plain rule.
  public let missingTensors: [String]
  /// Experts that the calibration text never reached, by tensor: encoded by the plain rule.
  public let uncoveredExperts: [(tensor: String, experts: [Int])]
  /// Entries for layers that the model does not have: the matrix may be of another model.
  public let surplusEntries: [String]

  /// Compares a matrix with tensors under their names in the source.
  ///
  /// - Parameters:
  ///   - matrix: The matrix.
  ///   - tensors: The tensors to be encoded.
  ///   - all: All tensors of the model.
  /// - Throws: `QuantError.content` if an entry has another shape than its tensor: the matrix is of
  ///   another model.
  public init(
    _ matrix: ImportanceMatrix, _ tensors: [TensorInfo], of all: [TensorInfo]
  ) throws(QuantError) {
    var missing: [String] = []
    var uncovered: [(String, [Int])] = []
    for tensor in tensors {
      guard let entry = try matrix.entry(fitting: tensor) else {
        missing.append(tensor.name)
        continue
      }
      guard !entry.uncoveredExperts.isEmpty else { continue }
      let single = ExpertTensorName(tensor.name)?.expert.map { [$0] }
      uncovered.append((tensor.name, single ?? entry.uncoveredExperts))
    }
    missingTensors = missing
    uncoveredExperts = uncovered
    surplusEntries = matrix.surplusEntries(for: all)
  }
}

extension ImportanceMatrix {
  /// Entries for layers that a model of these tensors does not have: the matrix may be of another model.
  public func surplusEntries(for tensors: [TensorInfo]) -> [String] {
    let layers = Set(tensors.compactMap { LayeredName($0.name).layer })
    return entries.map(\.name).filter { name in
      LayeredName(name).layer.map { !layers.contains($0) } ?? false
    }
  }
}
