// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Shows what tokens a model makes of a text.
struct Tokenize: ParsableCommand, SettingOptions {
  static let configuration = CommandConfiguration(
    abstract: "Show how a model tokenizes a text.",
    usage: "gguf-tool tokenize <model> (<file> | - | --text <text>) [<options>]",
    discussion: """
      The tokens are those of llama.cpp. On a terminal, shows the text with its tokens in alternating \
      colours; elsewhere, one line per token with its id and text. Only the model's header is needed.

      Example: gguf-tool tokenize model.gguf --text 'Hello world' --ids
      """)

  @Argument(
    help: ArgumentHelp("The model, or any shard of it.", valueName: "model"),
    completion: .model)
  var model: String

  @Argument(
    help: ArgumentHelp("A file with the text, or - for standard input.", valueName: "file"),
    completion: .file())
  var file: String?

  @Option(
    name: [.long, .customLong("prompt"), .customShort("p")],
    help: ArgumentHelp("The text itself, instead of a file.", valueName: "text"))
  var text: String?

  @Flag(help: "Read the text from standard input.")
  var stdin = false

  @Flag(help: "Print only the token ids, as a list in brackets.")
  var ids = false

  @Flag(
    name: [.long, .customLong("show-count")],
    help: "Print the number of tokens, alone or after the output of --ids.")
  var count = false

  @Option(
    help: ArgumentHelp(
      "The pre-tokenizer, where the file names none or a wrong one; an unknown name lists them.",
      valueName: "name"))
  var pre: String?

  @Flag(help: "Do not add the special tokens that the model puts at the ends of a text.")
  var noBos = false

  @Flag(
    help: "Parse texts such as </s> as control tokens, as llama-tokenize does.")
  var parseSpecial = false

  @OptionGroup var json: JSONOption

  static let settings: [QuantError.Setting: SettingWords] = [.preTokenizer: .pre]

  func validate() throws {
    let sources = [file != nil, text != nil, stdin].filter { $0 }.count
    guard sources == 1 else {
      throw ValidationError("Expected one of: a file, - for standard input, --text.")
    }
  }

  func run() throws {
    let tokenizer = try Tokenizer(PartialModel.open(model), pre: pre)
    for warning in tokenizer.warnings { Warnings.write("\(model): \(warning)") }
    let ids = tokenizer.encode(try input(), addSpecial: !noBos, parseSpecial: parseSpecial)
    try TokenView(tokenizer: tokenizer, ids: ids).show(form, count: count)
  }

  private var form: TokenView.Form {
    if json.isJSON { return .json }
    if ids { return .ids }
    if count { return .count }
    return Terminal.output.hasStyle ? .colours : .lines
  }

  private func input() throws -> [UInt8] {
    if let text { return Array(text.utf8) }
    return try Input.read(stdin ? "-" : file ?? "-")
  }
}
