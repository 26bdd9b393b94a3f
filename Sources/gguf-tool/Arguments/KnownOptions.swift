// SPDX-License-Identifier: MIT
import ArgumentParser

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The options and arguments of one command, as the command describes itself to other programs.
struct KnownOptions {
  /// An option, a flag or an argument without a name.
  struct Entry: Decodable {
    enum Kind: String, Decodable { case option, flag, positional }

    struct Name: Decodable {
      let kind: String
      let name: String

      /// The name with its hyphens.
      var spelling: String { (kind == "long" ? "--" : "-") + name }
    }

    let kind: Kind
    let isRepeating: Bool
    let names: [Name]?
    let preferredName: Name?
    let valueName: String?

    /// The name that messages use.
    var spelling: String { preferredName?.spelling ?? valueName ?? "" }
    /// Whether a second value would replace the first.
    var takesOneValue: Bool { kind == .option && !isRepeating }
  }

  private struct Dump: Decodable {
    struct Command: Decodable { let arguments: [Entry]? }
    let command: Command
  }

  /// What stands without a name, in order.
  let positionals: [Entry]
  /// The names of options, in the order of the help.
  let spellings: [String]
  private let byName: [String: Entry]

  /// Names that every command has.
  private static let builtIn = ["help", "version"]

  /// Asks a command.
  ///
  /// Throws `DecodingError` if the description has another form: another version of ArgumentParser.
  init(of command: any ParsableCommand.Type) throws {
    let dump = try JSONDecoder().decode(Dump.self, from: Data(command._dumpHelp().utf8))
    let entries = dump.command.arguments ?? []
    positionals = entries.filter { $0.kind == .positional }
    let named = entries.filter { $0.kind != .positional }
    spellings = named.map(\.spelling).filter { !Self.builtIn.contains(String($0.dropFirst(2))) }
    byName = Dictionary(
      named.flatMap { entry in (entry.names ?? []).map { ($0.spelling, entry) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// The option of a name with its hyphens.
  subscript(_ name: String) -> Entry? { byName[name] }

  /// All names that an option may be given by.
  var names: [String] { byName.keys.sorted() }

  /// Whether a word such as `-xv` is several flags of one letter.
  func areFlags(_ word: String) -> Bool {
    !word.hasPrefix("--") && word.dropFirst().allSatisfy { byName["-\($0)"]?.kind == .flag }
  }

  /// Whether the word is for the parser: help, versions and completions are the same in every command.
  static func isBuiltIn(_ name: String) -> Bool {
    let words = [
      "--help", "-h", "-help", "--help-hidden", "-help-hidden", "--version",
      "--experimental-dump-help", "--generate-completion-script",
    ]
    return words.contains(name)
  }
}
