// SPDX-License-Identifier: MIT
import Quant

/// The one place that knows the version.
package enum Version {
  /// The version of tool and libraries.
  package static let current = "0.1.0"

  /// The version with what matters for speed on this machine.
  static var verbose: String {
    let available = KernelLevel.available.map(\.rawValue).joined(separator: ", ")
    return """
      gguf-tool  \(current)
      kernels    \(KernelLevel.current.rawValue) (this machine has \(available);
                 \(KernelLevel.variable) chooses another)
      """
  }
}
