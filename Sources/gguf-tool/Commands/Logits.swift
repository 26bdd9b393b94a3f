// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Computes the logits of a text at every position.
struct Logits: ParsableCommand, SettingOptions {
  static let configuration = CommandConfiguration(
    abstract: "Compute logits at every position of a text.",
    usage: "gguf-tool logits <model> [<options>]",
    discussion: """
      Writes a GGUF file with the tensors tokens (I32) and logits (F32, one row per token), to compare \
      with other engines. Without -o, shows the five most probable next tokens at each position. With \
      --states, the tensor states has the state of each token after the last norm: the output of \
      encoders such as BERT, which have no logits.

      Example: gguf-tool logits model.gguf --ids 1,5,7 -o logits.gguf
      Example: gguf-tool logits model.gguf --ids 1,5,7 --states -o states.gguf
      """)

  @Argument(
    help: ArgumentHelp("The model, or any shard of it.", valueName: "model"),
    completion: .model)
  var model: String

  @Option(help: ArgumentHelp("The token ids, such as 1,5,7.", valueName: "list"))
  var ids: String?

  @Option(name: [.long, .customShort("p")], help: ArgumentHelp("The text.", valueName: "text"))
  var text: String?

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("The file to write; - for standard output.", valueName: "file"),
    completion: .file())
  var output: String?

  @Flag(help: "Write the states after the last norm instead of logits (requires -o).")
  var states = false

  @Option(help: ArgumentHelp("The position of the first token.", valueName: "number"))
  var firstPosition = 0

  @Option(
    name: [.customShort("c"), .customLong("ctx"), .customLong("ctx-size")],
    help: ArgumentHelp(
      "Context length, for models that depend on it; 0: the model's (default: the length of the"
        + " text).", valueName: "count"),
    transform: TokenCount.parse)
  var ctx: Int?

  @Option(
    help: ArgumentHelp(
      "The pre-tokenizer, where the file names none or a wrong one.", valueName: "name"))
  var pre: String?

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var json: JSONOption

  static let settings: [QuantError.Setting: SettingWords] = [.preTokenizer: .pre]

  func validate() throws {
    guard (ids == nil) != (text == nil) else {
      throw ValidationError("Give either --ids or --text.")
    }
    guard !states || output != nil else {
      throw ValidationError("--states: expected -o with a file.")
    }
    _ = try ids.map(Self.numbers)
    guard (0...(1 << 24)).contains(firstPosition) else {
      throw ValidationError("--first-position must be from 0 to \(1 << 24).")
    }
  }

  func run() throws {
    let file = try GGUFFile.open(model)
    try OutputPath.check([output], isNot: file, streamed: [output])
    guard !isPrinted || !json.isJSON else {
      throw ValidationError(
        "--json: expected -o with a file, as the \(states ? "states" : "logits") go to standard output."
      )
    }
    let tokens = try tokens(file)
    let evaluator = try compute.evaluator(
      file,
      contextLength: try TokenCount.context(ctx, of: file) ?? firstPosition + tokens.count,
      firstPosition: firstPosition)
    let rows = states ? try evaluator.hiddenStates(tokens) : try evaluator.logits(tokens)
    try write(rows, tokens, of: file)
    guard !isPrinted else { return }
    if let output, states {
      return try StatesView(states: rows)
        .show(compute.mode, output: output, isJSON: json.isJSON)
    }
    try LogitsView(logits: rows, tokens: tokens, tokenizer: try? Tokenizer(file, pre: pre))
      .show(compute.mode, output: output, isJSON: json.isJSON)
  }

  private func write(_ rows: Matrix, _ tokens: [Int32], of file: GGUFFile) throws {
    guard let output else { return }
    let content: LogitsFile.Content = states ? .states : .logits
    if ByteStream.isOne(output) {
      try PlainFile.write(
        LogitsFile.bytes(rows, tokens, model: file.path, content: content), to: output)
    } else {
      try LogitsFile.write(rows, tokens, to: output, model: file.path, content: content)
    }
  }

  /// Whether the logits go to standard output.
  private var isPrinted: Bool { output.map(ByteStream.isStandardOutput) ?? false }

  private func tokens(_ source: any ModelSource) throws -> [Int32] {
    if let ids { return try Self.numbers(ids) }
    let tokens = try Tokenizer(source, pre: pre).encode(text ?? "")
    guard !tokens.isEmpty else { throw ValidationError("--text: expected text, found none.") }
    return tokens
  }

  private static func numbers(_ list: String) throws -> [Int32] {
    try list.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let number = Int32(part.filter { $0 != " " }) else {
        throw ValidationError("--ids: expected numbers such as 1,5,7, found \"\(part)\".")
      }
      return number
    }
  }
}
