// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Measures the damage of each type to each part of a model.
struct MeasureSensitivity: ParsableCommand, SettingOptions, ProgressShowing {
  static let configuration = CommandConfiguration(
    commandName: "sensitivity",
    abstract: "Measure the damage of each type to each expert and tensor.",
    usage: "gguf-tool sensitivity <model> --corpus <text> ... -o <file> [<options>]",
    discussion: """
      Tries every type for every expert's projections and every other matrix on a calibration text. \
      Measures bytes, output error and the divergence added to the model's predictions. Reads the \
      model once. `plan` chooses types from the file.

      An interrupted run leaves FILE.state; the same command continues from there. With -o - it leaves \
      nothing.

      Example: gguf-tool sensitivity model.gguf --corpus text.txt --ctx 16 --types Q4_0,Q8_0 -o \
      damage.json --progress plain
      """)

  @Argument(
    help: ArgumentHelp("The model, or any shard of it.", valueName: "model"),
    completion: .model)
  var model: String

  @OptionGroup var text: CorpusOptions

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("The file to write; - for standard output.", valueName: "file"),
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
  @OptionGroup var progressOptions: ProgressOptions
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
    guard !isPrinted || !json.isJSON else {
      throw ValidationError("--json needs -o with a file for the measurement.")
    }
  }

  /// Whether the measurement goes to standard output.
  private var isPrinted: Bool { ByteStream.isStandardOutput(output) }

  /// Where an interrupted run leaves what it knows: beside a file, and nowhere for a stream.
  private var state: String? { ByteStream.isOne(output) ? nil : output + ".state" }

  func run() throws {
    let file = try GGUFFile.open(model)
    try OutputPath.check(
      [output, state], isNot: file, others: [imatrix] + text.files(),
      streamed: part.part == nil ? [output] : [])
    let importance = try imatrix.map { try ImportanceMatrix.read($0) }
    warn(importance, for: file)
    let (windows, names) = try text.joinedWindows(
      for: file, length: Self.usualLength, limit: Self.usualWindows)
    let evaluator = try compute.evaluator(file, contextLength: windows.length)
    let job = try SensitivityMeasurement(
      evaluator, windows, of: names, types: try tried(), importance: importance,
      probeWindows: probeWindows, only: part.part)
    if let state { tell(of: state, job) }
    let progress = Progress("measuring", unit: .share)
    let found = try job.run(keepingStateIn: state) {
      progress.update(to: $0.done, of: $0.total, earlier: $0.earlier)
    }
    progress.finish()
    if let part = part.part {
      try write(part, found, job, file)
    } else {
      try PlainFile.write(found.sensitivity.bytes(), to: output)
      if !isPrinted {
        try SensitivityView(output: output, found: found.sensitivity).show(isJSON: json.isJSON)
      }
    }
    if let state { SensitivityMeasurement.removeState(state) }
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

  /// States of this size or more are told of beforehand.
  private static let largeState = 64 << 20

  private func tell(of state: String, _ job: SensitivityMeasurement) {
    if SensitivityMeasurement.isResuming(state) { Notes.write("continuing from \(state)") }
    let bytes = job.stateBytes
    guard bytes >= Self.largeState else { return }
    Notes.write(
      "\(state) will grow to about \(Units.bytes(bytes)), twice that while it is written anew after a"
        + " layer; it is removed at the end")
  }

  private func warn(_ importance: ImportanceMatrix?, for source: any ModelSource) {
    guard importance == nil else { return ImportanceWarnings.warn(importance, for: source) }
    Warnings.write(
      "without --imatrix, types that need an importance matrix are skipped, and the others are"
        + " measured as they are written without one")
  }

  private func tried() throws -> [TensorType] {
    try types.map { try TypeList.types($0, option: "--types") } ?? SensitivityTypes.usual
  }
}
