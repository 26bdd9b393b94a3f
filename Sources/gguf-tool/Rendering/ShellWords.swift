// SPDX-License-Identifier: MIT

/// Words of a command line that can be pasted into a shell.
package enum ShellWords {
  private static let plain = Set(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+:,./-")

  /// A word as a shell reads it back.
  package static func quoted(_ word: String) -> String {
    if !word.isEmpty, word.allSatisfy(plain.contains) { return word }
    guard Text.printable(word) == word else {
      return "$'" + word.unicodeScalars.map(escaped).joined() + "'"
    }
    return "'"
      + word.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
  }

  /// The name of a file as a shell reads it back, and no program takes it for an option.
  package static func quoted(path: String) -> String {
    quoted(path.hasPrefix("-") ? "./" + path : path)
  }

  /// A character between `$'` and `'`: those that must not be printed as the numbers of their bytes.
  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    if scalar == "'" || scalar == "\\" { return "\\\(scalar)" }
    guard Text.printable(String(scalar)) != String(scalar) else { return String(scalar) }
    return String(scalar).utf8.map { byte in
      let digits = String(byte, radix: 8)
      return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
    }.joined()
  }
}
