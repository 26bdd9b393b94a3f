// SPDX-License-Identifier: MIT
package import GGUF

/// To be filled.
public struct ChannelMixGraph: Sendable {
  /// The matrices that quantizers may change.
  package var tensors: [TensorInfo] { [] }
}
