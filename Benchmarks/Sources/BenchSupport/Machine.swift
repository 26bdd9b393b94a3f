// SPDX-License-Identifier: MIT
import Foundation

/// Where figures were measured: they mean nothing without it.
package enum Machine {
  /// The processor's name.
  package static var processor: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = line?.split(separator: ":").last.map(String.init)
    return name?.trimmingCharacters(in: .whitespaces) ?? "unknown processor"
  }

  /// The level of our kernels that the environment forces, if any.
  package static var forcedKernels: String? {
    ProcessInfo.processInfo.environment["GGUF_TOOL_KERNELS"]
  }
}
