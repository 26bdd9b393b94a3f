// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// The texts that a plan is measured on, if it is.
///
/// They are those of `CorpusOptions`, but for `--ctx`, which a plan has for the GPU's context.
struct MeasuringOptions: ParsableArguments, SettingOptions {
  @Option(
    name: [.long, .customShort("f"), .customLong("file")], parsing: .upToNextOption,
    help: ArgumentHelp(
      "Texts to measure variants on: wikitext2, ptb or c4, or files and folders.",
      valueName: "text"),
    completion: .file())
  var corpus: [String] = []

  @Option(
    help: ArgumentHelp(
      "The folder of wikitext2, ptb and c4 (default: the folder in GGUF_TOOL_CORPORA).",
      valueName: "folder"),
    completion: .directory)
  var corpusDir: String?

  @Option(help: ArgumentHelp("Use at most this many windows of each.", valueName: "count"))
  var chunks: Int?

  @Option(
    help: ArgumentHelp(
      "Tokens per window (default: 512); --ctx is the context on the GPU.", valueName: "count"),
    transform: TokenCount.parse)
  var window: Int?

  static let settings: [QuantError.Setting: SettingWords] = [
    .windowLength: .hint(" (--window)"),
    .windowCount: .hint(" (--chunks)"),
  ]

  /// Measures variants of a model.
  func measurer(
    _ source: any ModelSource, _ importance: ImportanceMatrix?, _ compute: ComputeOptions,
    scratch: String
  ) throws -> VariantMeasurer {
    try options.measurer(source, importance, compute, scratch: scratch)
  }

  /// All files of the texts, which no output may replace.
  func files() throws -> [String] { try options.files() }

  private var options: CorpusOptions {
    var options = CorpusOptions()
    options.corpus = corpus
    options.corpusDir = corpusDir
    options.ctx = window
    options.chunks = chunks
    options.pre = nil
    options.field = CorpusReading.usualField
    options.parseSpecial = false
    return options
  }
}

extension CorpusOptions {
  /// Measures variants of a model on the texts.
  func measurer(
    _ source: any ModelSource, _ importance: ImportanceMatrix?, _ compute: ComputeOptions,
    scratch: String
  ) throws -> VariantMeasurer {
    VariantMeasurer(
      source, importance: importance, texts: try texts(source), options: try compute.options(),
      scratch: scratch, toolVersion: Version.current)
  }

  private func texts(_ source: any ModelSource) throws -> [VariantMeasurer.Text] {
    let tokenizer = try tokenizer(source)
    return try corpora().map { corpus in
      let windows = try windows(of: corpus, tokenizer, .llama, for: source)
      LongContext.warn(of: source, windows.length)
      return .init(name: corpus.name, windows: windows)
    }
  }
}
