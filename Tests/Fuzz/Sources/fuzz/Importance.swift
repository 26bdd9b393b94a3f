// SPDX-License-Identifier: MIT
import GGUF
import Quant

extension Target {
  /// Importance matrices, in GGUF and in the older form: all values, what reports say of them, and
  /// both forms written and read back.
  static let importance = Target(name: "importance") { bytes in
    file.fill(bytes)
    _ = try? ImportanceMatrix.isImportanceMatrix(atPath: file.path)
    guard let matrix = try? ImportanceMatrix.read(file.path) else { return }
    for entry in matrix.entries { read(entry, of: matrix) }
    _ = ExpertCoverage(matrix).layers
    _ = try? matrix.merging(matrix)
    check(matrix)
  }
}

private let file = InputFile("imatrix")
private let copy = InputFile("copy")

private func read(_ entry: ImportanceMatrix.Entry, of matrix: ImportanceMatrix) {
  for expert in 0..<entry.expertCount { _ = entry.values(expert: expert) }
  _ = matrix.entry(forTensor: entry.name)
  for dimensions in [[entry.rowWeights, 8], [entry.rowWeights, 8, entry.expertCount], [8, 0]] {
    let tensor = TensorDescription(name: entry.name, dimensions: dimensions, type: .F16)
    _ = try? matrix.entry(fitting: TensorInfo(planned: tensor))
  }
}

/// What was written says the same; names that GGUF does not allow cannot be.
private func check(_ matrix: ImportanceMatrix) {
  guard (try? matrix.write(to: copy.path)) != nil else { return }
  guard let again = try? ImportanceMatrix.read(copy.path) else {
    preconditionFailure("a matrix that was written must be readable")
  }
  precondition(again.entries.count == matrix.entries.count, "every entry must be written")
  _ = try? matrix.writeLegacy(to: copy.path)
}
