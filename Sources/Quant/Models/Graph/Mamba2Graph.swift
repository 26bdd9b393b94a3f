// SPDX-License-Identifier: MIT
package import GGUF

/// To be filled.
public struct Mamba2Graph: Sendable {
  /// The matrices that quantizers may change.
  package var tensors: [TensorInfo] { [] }
}
