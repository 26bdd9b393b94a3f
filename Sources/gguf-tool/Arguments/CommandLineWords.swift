// SPDX-License-Identifier: MIT
package import ArgumentParser
import Quant

/// The words of the command line, made ready for the parser.
///
/// The parser takes `-ctk` for `-c` followed by `-tk`, lets a later value replace an earlier one, and takes
/// no negative value. So options are looked up here first.
package struct CommandLineWords {
  private let command: any ParsableCommand.Type
  private let path: [String]
  /// The names of all commands.
  private let commands: [String]
  private var rest: ArraySlice<String>

  /// Puts llama.cpp's short options in the parser's words, and refuses names that there are not and options
  /// that are given twice.
  ///
  /// - Parameters:
  ///   - words: The command line without the program's name.
  ///   - root: The command that the others belong to.
  /// - Returns: Words for `root`'s parser.
  /// - Throws: `WrongArguments`, with the nearest name there is.
  package static func parsed(
    _ words: [String], by root: any ParsableCommand.Type
  ) throws -> [String] {
    let found = CommandLineWords(words, root)
    let options = try KnownOptions(of: found.command)
    guard !found.isGroup(options) else {
      try found.checkCommand()
      return words
    }
    return try found.words(options)
  }

  /// The command that words name, such as `gguf-tool inspect`.
  static func command(of words: [String], by root: any ParsableCommand.Type) -> String {
    CommandLineWords(words, root).path.joined(separator: " ")
  }

  /// The command that words are for.
  static func type(
    of words: [String], by root: any ParsableCommand.Type
  ) -> any ParsableCommand.Type {
    CommandLineWords(words, root).command
  }

  /// Follows the names of commands as far as they lead.
  private init(_ words: [String], _ root: any ParsableCommand.Type) {
    var (command, count) = (root, 0)
    while let word = count < words.count ? words[count] : nil,
      let next = command.configuration.subcommands.first(where: {
        $0._commandName == word || $0.configuration.aliases.contains(word)
      })
    {
      (command, count) = (next, count + 1)
    }
    self.command = command
    commands = root.configuration.subcommands.map { $0._commandName }
    path = [root._commandName] + words[..<count]
    rest = words[count...]
  }

  /// Whether the command only holds others: there is nothing that it takes itself.
  private func isGroup(_ options: KnownOptions) -> Bool {
    !command.configuration.subcommands.isEmpty
      && (command.configuration.defaultSubcommand != nil || options.positionals.isEmpty)
  }

  private func checkCommand() throws {
    guard command.configuration.defaultSubcommand == nil, let word = rest.first,
      !word.hasPrefix("-"), word != "help"
    else { return }
    let names = command.configuration.subcommands.map { $0._commandName }
    throw wrong(
      "there is no command \"\(word)\"\(NearName.question(word, among: names)); commands are "
        + names.joined(separator: ", "))
  }

  // MARK: Options

  private func words(_ options: KnownOptions) throws -> [String] {
    var (before, found, after) = ([String](), [String](), [String]())
    var given: [String: Int] = [:]
    var rest = rest
    while let word = rest.popFirst() {
      guard word != "--" else {
        after += [word] + rest
        break
      }
      guard word.hasPrefix("-"), word != "-" else {
        found.append(word)
        continue
      }
      let name = String(word.prefix { $0 != "=" })
      if LlamaOptions.name(name, in: options) == nil,
        let place = LlamaOptions.place(name, in: options)
      {
        try count(name, &given)
        let value = try value(of: word, name, &rest)
        if place == 0 { before.append(value) } else { after.append(value) }
        continue
      }
      found.append(try option(word, name, options, &given, &rest))
    }
    return path.dropFirst() + before + found + after
  }

  /// An option in the parser's words, with its value where the parser would not take it.
  private func option(
    _ word: String, _ name: String, _ options: KnownOptions, _ given: inout [String: Int],
    _ rest: inout ArraySlice<String>
  ) throws -> String {
    if KnownOptions.isBuiltIn(name) || options.areFlags(word) { return word }
    guard let known = LlamaOptions.name(name, in: options), let entry = options[known] else {
      throw unknown(name, options)
    }
    if entry.takesOneValue { try count(entry.spelling, &given) }
    let text = known + word.dropFirst(name.count)
    guard entry.kind == .option, text == known, let next = rest.first, Self.isNegative(next) else {
      return text
    }
    rest = rest.dropFirst()
    // The parser takes a value with a hyphen only behind a sign of equality.
    return known + "=" + next
  }

  /// `-1` and `-1GiB`, which are values and no options.
  private static func isNegative(_ word: String) -> Bool {
    word.hasPrefix("-") && word.dropFirst().first?.isWholeNumber == true
  }

  private func value(
    of word: String, _ name: String, _ rest: inout ArraySlice<String>
  ) throws -> String {
    if word != name { return String(word.dropFirst(name.count + 1)) }
    guard let value = rest.popFirst() else { throw wrong("\(name): expected a value, found none") }
    return value
  }

  private func count(_ name: String, _ given: inout [String: Int]) throws {
    given[name, default: 0] += 1
    guard given[name] == 1 else {
      throw wrong("\(name) is given twice, and takes one value: expected it once")
    }
  }

  private func unknown(_ name: String, _ options: KnownOptions) -> WrongArguments {
    let isCommand = commands.contains { "--" + $0 == name && !path.contains($0) }
    let near =
      isCommand
      ? " (\(name.dropFirst(2)) is a command of its own)"
      : NearName.question(name, among: options.names)
    return wrong(
      "\(path.dropFirst().joined(separator: " ")) has no option \(name)\(LlamaOptions.meaning(name))"
        + near + "; options are "
        + options.spellings.joined(separator: ", "))
  }

  private func wrong(_ sentence: String) -> WrongArguments {
    WrongArguments(description: sentence)
  }
}
