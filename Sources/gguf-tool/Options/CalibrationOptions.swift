// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// What a model is calibrated with while it is quantized.
struct CalibrationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Choose codes so that the model's outputs on this text stay right: wikitext2, ptb or c4, or a"
        + " file or folder; repeatable. It takes longer, and tensors take no more bytes.",
      valueName: "text"),
    completion: .file())
  var calibrate: [String] = []

  @Option(
    help: ArgumentHelp(
      "Calibrate each matrix by itself, with what `hessians` gathered instead of a text.",
      valueName: "file"),
    completion: .file())
  var hessians: String?

  @Flag(
    help: ArgumentHelp(
      "Calibrate each matrix by itself, with inputs from the whole model: errors of earlier layers"
        + " are not made up for, and shards can be written apart."))
  var oneShot = false

  @Option(
    name: [.customShort("c"), .long, .customLong("ctx-size")],
    help: ArgumentHelp(
      "Tokens per window of calibration (default: 512).", valueName: "count"),
    transform: TokenCount.parse)
  var ctx: Int?

  @Option(
    help: ArgumentHelp(
      "Calibrate with at most this many windows of each text (default: 256).", valueName: "count"))
  var chunks: Int?

  @Option(
    help: ArgumentHelp(
      "With --calibrate: memory for it, such as 4GiB (default: half of the free memory).",
      valueName: "size"))
  var memory: String?

  /// Tokens of a window, and windows of a text.
  static let windowLength = 512
  static let windowCount = 256
  /// The options that ask for a calibration.
  static let names = "--calibrate or --hessians"

  /// Whether a layer's inputs come from the quantized layers before it.
  var isSequential: Bool { !calibrate.isEmpty && !oneShot }

  func validate() throws {
    _ = try memory.map { try Size.bytes($0, option: "--memory") }
    guard calibrate.isEmpty || hessians == nil else {
      throw ValidationError("--calibrate and --hessians: expected one of them.")
    }
    guard !calibrate.isEmpty || ctx == nil && chunks == nil && !oneShot else {
      throw ValidationError("--ctx, --chunks and --one-shot are for texts: expected --calibrate.")
    }
    guard memory == nil || !calibrate.isEmpty else {
      throw ValidationError("--memory is for calibrating with a text: expected --calibrate.")
    }
  }

  private func corpora() throws -> [Corpus] { try calibrate.map { try Corpus.named($0) } }

  /// All files that are read, which no output may replace.
  func files() throws -> [String] {
    try corpora().flatMap(\.files) + (hessians.map { [$0] } ?? [])
  }

  /// What is wanted; `nil` for no calibration.
  func request(
    _ source: any ModelSource, threads: Int, isHeaderOnly: Bool
  ) throws -> CalibrationRequest? {
    let bytes = try memory.map { try Size.bytes($0, option: "--memory") } ?? FreeMemory.bytes / 2
    let options = EvaluationOptions(threads: threads, memoryBytes: bytes)
    if let hessians {
      return try CalibrationRequest(
        try MomentsFile(hessians), of: source, options: options, isHeaderOnly: isHeaderOnly)
    }
    guard !calibrate.isEmpty else { return nil }
    let tokenizer = try Tokenizer(source)
    for warning in tokenizer.warnings { Warnings.write("\(source.path): \(warning)") }
    let texts = try corpora()
    let length = try TokenCount.context(ctx, of: source) ?? Self.windowLength
    let windows = try texts.map {
      try EvaluationWindows(
        of: $0, tokenizer, .llama, length: length, limit: chunks ?? Self.windowCount)
    }
    LongContext.warn(of: source, length)
    return try CalibrationRequest(
      EvaluationWindows(joining: windows), datasets: texts.flatMap(\.files),
      method: oneShot ? .oneShot : .sequential, options: options)
  }
}
