// SPDX-License-Identifier: MIT
internal import GGUF

extension TensorInfo {
  /// Matrices of a tensor: experts, or heads.
  package var matrixCount: Int { dimensions.dropFirst(2).reduce(1, *) }
}
