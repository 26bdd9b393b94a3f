// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// What is said of an importance matrix that may be of another model.
enum ImportanceWarnings {
  /// Says which entries are for layers that a model does not have.
  static func warn(_ matrix: ImportanceMatrix?, for source: any ModelSource) {
    warn(surplus: matrix?.surplusEntries(for: source.tensors) ?? [])
  }

  /// Says that entries are for layers that a model does not have.
  static func warn(surplus entries: [String]) {
    guard !entries.isEmpty else { return }
    Warnings.write(
      "the importance matrix has entries for layers that the model does not have,"
        + " \(RequantizeView.list(entries)): if layers were removed, the others have other"
        + " numbers now, and the matrix does not fit; gather one for this model")
  }
}
