// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Words of a command line for which the command has no place.
struct ExtraArguments {
  private let words: [String]
  private let options: KnownOptions
  /// The words that were too many.
  private let extra: [String]

  /// Finds them in the parser's sentence; `nil` if it is about something else.
  ///
  /// - Parameters:
  ///   - sentence: What the parser says: it has no other way to tell.
  ///   - words: The command line without the program's name.
  ///   - command: The command that they are for.
  init?(_ sentence: String, in words: [String], of command: any ParsableCommand.Type) {
    let beginning = #/Unexpected argument '|[0-9]+ unexpected arguments: '/#
    guard (try? beginning.prefixMatch(in: sentence)) != nil,
      let options = try? KnownOptions(of: command)
    else { return nil }
    self.words = words
    self.options = options
    extra = words.filter { sentence.contains("'\($0)'") }
  }

  /// What was expected in their place.
  var expected: String {
    let shards = words.compactMap(SplitName.init(path:))
    if shards.count > 1, Set(shards.map(\.prefix)).count == 1 {
      return "one shard of the model, \(shards[0].path), which stands for all of them"
    }
    if options["--type"] != nil, !words.contains(where: { $0.hasPrefix("--type") }),
      let preset = extra.first(where: { Recipe(presetName: $0) != nil })
    {
      return "--type \(preset)"
    }
    if words.contains(where: isModelOption) { return "the model once, alone or after -m" }
    let names = options.positionals.map { "<\($0.spelling)>" }
    return names.isEmpty ? "options alone" : names.joined(separator: " ") + " and options"
  }

  private func isModelOption(_ word: String) -> Bool {
    let name = String(word.prefix { $0 != "=" })
    return options[name] == nil && LlamaOptions.place(name, in: options) == 0
  }
}
