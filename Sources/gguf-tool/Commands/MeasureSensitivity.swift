// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Measures the damage of each type to each part of a model.
struct MeasureSensitivity: ParsableCommand, SettingOptions {
  static let configuration = CommandConfiguration(
    commandName: "sensitivity",
    abstract: "Measure the damage of each type to each expert and tensor.",
    usage: "gguf-tool sensitivity <model> --corpus <text> ... -o <file> [<options>]",
    discussion: """
      Tries every type for every expert's projections and every other matrix on a calibration text. \
      Measures bytes, output error and the divergence added to the model's predictions. Reads the \
      model once. `plan` chooses types from the file.

      An interrupted run leaves FILE.state; the same command continues from there.

      Example: gguf-tool sensitivity model.gguf --corpus text.txt --ctx 16 --types Q4_0,Q8_0 -o \
      damage.json
      """)

  @Argument(
    help: ArgumentHelp("The model, or any shard of it.", valueName: "model"),
    completion: .model)
  var model: String

  @OptionGroup var text: CorpusOptions

  @Option(
    name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file"),
    completion: .file())
  var output: String

  @Option(
    help: ArgumentHelp(
      "An importance matrix for the encoders; without one, types that need it are skipped.",
      valueName: "file"),
    completion: .imatrix)
  var imatrix: String?

  @Option(
    help: ArgumentHelp(
      "The types to try (default: \(SensitivityTypes.usual.map(\.name).joined(separator: ", "))).",
      valueName: "types"))
  var types: String?

  @Option(
    help: ArgumentHelp(
      "Windows of text that each trial runs through the whole model.",
      valueName: "count"))
  var probeWindows = 16

  @OptionGroup var part: PartOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var json: JSONOption

  static let settings = CorpusOptions.settings

  /// Windows of a text that calibrate well enough, and of the usual length.
  private static let usualWindows = 32
  private static let usualLength = 512

  func validate() throws {
    try text.requireTexts()
    guard (1...65_536).contains(probeWindows) else {
      throw ValidationError("--probe-windows: expected 1 to 65536, found \(probeWindows).")
    }
    _ = try tried()
  }

  func run() throws {
    let file = try GGUFFile.open(model)
    try OutputPath.check(
      [output, output + ".state"], isNot: file, others: [imatrix] + text.files())
    let importance = try imatrix.map { try ImportanceMatrix.read($0) }
    warn(importance)
    let (windows, names) = try windows(file)
    let evaluator = try compute.evaluator(file, contextLength: windows.length)
    let job = try SensitivityMeasurement(
      evaluator, windows, of: names, types: try tried(), importance: importance,
      probeWindows: probeWindows, only: part.part)
    let state = output + ".state"
    if SensitivityMeasurement.isResuming(state) { Notes.write("continuing from \(state)") }
    let progress = Progress("measuring", total: job.trialCount, unit: .items("trials"))
    let found = try job.run(keepingStateIn: state) { progress.update(to: $0.done) }
    progress.finish()
    if let part = part.part {
      try write(part, found, job, file)
    } else {
      try found.sensitivity.write(to: output)
      try SensitivityView(output: output, found: found.sensitivity).show(isJSON: json.isJSON)
    }
    SensitivityMeasurement.removeState(state)
  }

  private func write(
    _ part: JobPart, _ found: SensitivityPart, _ measurement: SensitivityMeasurement,
    _ source: any ModelSource
  ) throws {
    var job = PartJob(.sensitivity, toolVersion: Version.current)
    try measurement.describe(&job)
    try found.write(part, of: job, to: output)
    try PartView(
      kind: .sensitivity, part: part, model: source.path, output: output,
      shares: [
        .init(
          name: found.corpora.joined(separator: ", "), done: found.windowCount,
          total: found.allWindows)
      ]
    ).show(isJSON: json.isJSON)
  }

  private func warn(_ importance: ImportanceMatrix?) {
    guard importance == nil else { return }
    Warnings.write(
      "without --imatrix, types that need an importance matrix are skipped, and the others are"
        + " measured as they are written without one")
  }

  /// The windows of all texts together.
  private func windows(_ source: any ModelSource) throws -> (EvaluationWindows, [String]) {
    let tokenizer = try text.tokenizer(source)
    var options = text
    options.ctx = text.ctx ?? Self.usualLength
    options.chunks = text.chunks ?? Self.usualWindows
    var parts: [EvaluationWindows] = []
    var names: [String] = []
    for corpus in try text.corpora() {
      parts.append(try options.windows(of: corpus, tokenizer, .llama, for: source))
      names += corpus.files
    }
    return (try EvaluationWindows(joining: parts), names)
  }

  private func tried() throws -> [TensorType] {
    try types.map { try TypeList.types($0, option: "--types") } ?? SensitivityTypes.usual
  }
}
