// SPDX-License-Identifier: MIT
package import Quant

/// A command, or a group of its options, that says by which of them errors of the library are put right.
package protocol SettingOptions {
  /// The words for the settings that the options choose.
  static var settings: [QuantError.Setting: SettingWords] { get }
}

/// How the sentence of an error names options.
package enum SettingWords: Sendable {
  /// The option whose value is refused: it stands before the sentence.
  case option(String)
  /// What can be done: it follows the sentence.
  case hint(String)

  /// For commands with `--pre`.
  static let pre = hint("; choose one with --pre")
  /// For commands with `--restart`.
  static let restart = hint("; pass --restart to discard it")
}
