// SPDX-License-Identifier: MIT
public import ArgumentParser
import GGUF
public import Quant

extension ComputeMode: ExpressibleByArgument {}
extension EvaluationProtocol: ExpressibleByArgument {}

/// How a model is evaluated, for every command that runs one.
struct ComputeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How matrices are multiplied: f32; bf16x3, as exact to four digits or more, where processors "
        + "multiply tiles faster than f32; bf16, faster still and less exact; llama, rounding as "
        + "llama.cpp does (default: the faster of the first two here).",
      valueName: "mode"))
  var compute: ComputeMode?

  @Option(
    help: ArgumentHelp(
      "Memory for activations, such as 4GiB or 4G (powers of 1000; default: half of the free "
        + "memory). A text that needs more is split, and the model is read once for each piece.",
      valueName: "size"))
  var memory: String?

  @OptionGroup var threads: ThreadOptions

  func validate() throws { _ = try memory.map { try Size.bytes($0, option: "--memory") } }

  /// How matrices are multiplied.
  var mode: ComputeMode { compute ?? .accurate }

  /// Opens a model for evaluation.
  func evaluator(
    _ source: any ModelSource, contextLength: Int, firstPosition: Int = 0, runsAhead: Bool = false
  ) throws -> Evaluator {
    LongContext.warn(of: source, contextLength)
    var options = try options(firstPosition: firstPosition)
    options.runsAhead = runsAhead
    return try Evaluator(model: source, contextLength: contextLength, options: options)
  }

  /// What an evaluation may use.
  func options(firstPosition: Int = 0) throws -> EvaluationOptions {
    let bytes = try memory.map { try Size.bytes($0, option: "--memory") } ?? FreeMemory.bytes / 2
    return EvaluationOptions(
      threads: threads.count, mode: mode, memoryBytes: bytes, firstPosition: firstPosition)
  }
}

/// Which text a model is evaluated with, and how it is cut.
struct CorpusOptions: ParsableArguments, SettingOptions {
  @Option(
    name: [.long, .customShort("f"), .customLong("file")], parsing: .upToNextOption,
    help: ArgumentHelp(
      "Texts: wikitext2, ptb or c4, or files and folders: plain text, or .json and .jsonl with "
        + "\"text\", or with \"messages\" for the model's chat template; each may be compressed "
        + "(.gz, .zst). - is standard input.",
      valueName: "text"),
    completion: .file())
  var corpus: [String] = []

  @Option(
    help: ArgumentHelp(
      "The folder of wikitext2, ptb and c4 (default: the folder in GGUF_TOOL_CORPORA).",
      valueName: "folder"),
    completion: .directory)
  var corpusDir: String?

  @Option(
    name: [.customShort("c"), .customLong("ctx"), .customLong("ctx-size"), .customLong("window")],
    help: ArgumentHelp(
      "Tokens per window, \(TokenCount.help); 0: the model's context length (default: 512, or 2048 for"
        + " the protocol full).", valueName: "count"),
    transform: TokenCount.parse)
  var ctx: Int?

  @Option(help: ArgumentHelp("Use at most this many windows.", valueName: "count"))
  var chunks: Int?

  @Option(
    help: ArgumentHelp(
      "The pre-tokenizer, where the file names none or a wrong one.", valueName: "name"))
  var pre: String?

  @Option(
    help: ArgumentHelp(
      "The member of JSON objects that holds the text or the messages.", valueName: "name"))
  var field = CorpusReading.usualField

  @Flag(help: "Take the texts of control tokens for these tokens, as in texts of chats.")
  var parseSpecial = false

  static let settings: [QuantError.Setting: SettingWords] = [
    .windowLength: .hint(" (--ctx)"),
    .windowCount: .hint(" (--chunks)"),
    .preTokenizer: .pre,
  ]

  /// Refuses arguments without a text, for commands that cannot do without.
  func requireTexts() throws { if corpus.isEmpty { throw Self.missingTexts } }

  /// The error of arguments without a text.
  static let missingTexts = ValidationError("Missing expected argument '--corpus <text> ...'.")

  /// The texts, each by itself.
  func corpora() throws -> [Corpus] {
    try corpus.map { name in
      var corpus = try Corpus.named(name, in: corpusDir)
      corpus.reading = CorpusReading(field: field, parsesSpecial: parseSpecial)
      return corpus
    }
  }

  /// All files of the texts, which no output may replace.
  func files() throws -> [String] { try corpora().flatMap(\.files) }

  /// A text's windows for a model.
  func windows(
    of corpus: Corpus, _ tokenizer: Tokenizer, _ rules: EvaluationProtocol,
    for source: any ModelSource
  ) throws -> EvaluationWindows {
    let length = try TokenCount.context(ctx, of: source)
    return try EvaluationWindows(of: corpus, tokenizer, rules, length: length, limit: chunks)
  }

  /// The windows of all texts together, and the names of their files.
  ///
  /// - Parameters:
  ///   - source: The model.
  ///   - length: Tokens of a window, where `--ctx` does not say.
  ///   - limit: The most windows of each text, where `--chunks` does not say.
  /// - Returns: Both, in the order of the texts.
  /// - Throws: `QuantError` for texts that cannot be read or are too short.
  func joinedWindows(
    for source: any ModelSource, length: Int, limit: Int
  ) throws -> (EvaluationWindows, [String]) {
    let tokenizer = try tokenizer(source)
    var options = self
    options.ctx = ctx ?? length
    options.chunks = chunks ?? limit
    let texts = try corpora()
    let parts = try texts.map { try options.windows(of: $0, tokenizer, .llama, for: source) }
    return (try EvaluationWindows(joining: parts), texts.flatMap(\.files))
  }

  /// The model's tokenizer.
  func tokenizer(_ source: any ModelSource) throws -> Tokenizer {
    let tokenizer = try Tokenizer(source, pre: pre)
    for warning in tokenizer.warnings { Warnings.write("\(source.path): \(warning)") }
    return tokenizer
  }
}
