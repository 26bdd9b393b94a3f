// SPDX-License-Identifier: MIT
package import GGUF

/// To be filled.
public struct MambaGraph: Sendable {
  /// The matrices that quantizers may change.
  package var tensors: [TensorInfo] { [] }
}
