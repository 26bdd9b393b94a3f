// SPDX-License-Identifier: MIT

/// Arguments that a command cannot be run with: the exit code is 64.
package struct WrongArguments: Error, CustomStringConvertible {
  /// The exit code, `EX_USAGE` of sysexits.h.
  package static let exitCode: Int32 = 64
  /// What was expected and what was found.
  package let description: String

  /// The lines for standard error; `command` says more, such as `gguf-tool inspect`.
  func lines(_ command: String) -> String {
    "Error: \(Text.printable(description))\n  See '\(command) --help' for more information.\n"
  }
}
