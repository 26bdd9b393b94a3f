// SPDX-License-Identifier: MIT
import Foundation
import Quant

/// Where figures were measured: they mean nothing without it.
package enum Machine {
  /// The processor's name.
  package static var processor: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = line?.split(separator: ":").last.map(String.init)
    return name?.trimmingCharacters(in: .whitespaces) ?? "unknown processor"
  }

  /// The level of our kernels that this process runs, such as `avx2`.
  package static var kernels: String { KernelLevel.current.rawValue }

  /// The levels that this machine can run, with commas between them.
  package static var kernelLevels: String {
    KernelLevel.available.map(\.rawValue).joined(separator: ",")
  }

  /// Throws if the environment asks for a level that this machine does not have.
  package static func checkKernels() throws { try KernelLevel.check() }

  /// The variable of the environment that asks for a level.
  package static var kernelVariable: String { KernelLevel.variable }
}
