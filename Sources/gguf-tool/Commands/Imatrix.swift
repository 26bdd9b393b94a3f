// SPDX-License-Identifier: MIT
public import ArgumentParser
import GGUF
public import Quant

extension ImportanceMatrix.Form: ExpressibleByArgument {}

/// Gathers an importance matrix, or does without a model what can be done with matrices.
struct Imatrix: ParsableCommand, SettingOptions, ProgressShowing {
  static let configuration = CommandConfiguration(
    abstract: "Gather, merge, convert or describe importance matrices.",
    usage: """
      gguf-tool imatrix <model> --corpus <text> ... -o <file> [<options>]
      gguf-tool imatrix --in-file <file> ... -o <file> [--output-format <form>]
      gguf-tool imatrix --convert <file> -o <file>
      gguf-tool imatrix --statistics <file> [--plot <file>] [--json]
      """,
    discussion: """
      Records the mean square of the inputs to each column of each matrix, separately for each \
      expert. Quantizers weight errors with it. An output name ending in .dat selects the older \
      format, without counts. Without a model, merges matrices of either format, converts one into \
      the other, or shows statistics.

      Example: gguf-tool imatrix model.gguf --corpus text.txt --ctx 16 -o gathered.gguf
      Example: gguf-tool imatrix mtp.gguf --corpus text.txt --ctx 16 --mtp -o all.gguf
      Example: gguf-tool imatrix --in-file imatrix.gguf imatrix.dat -o merged.gguf
      Example: gguf-tool imatrix --convert imatrix.dat -o converted.gguf
      Example: gguf-tool imatrix --statistics imatrix.gguf --plot statistics.svg
      """)

  @Argument(
    help: ArgumentHelp(
      "The model, or any shard of it; with --statistics, an importance matrix.", valueName: "model"),
    completion: .model)
  var model: String?

  @OptionGroup var text: CorpusOptions

  @Option(
    name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file"),
    completion: .file())
  var output: String?

  @Option(
    help: ArgumentHelp(
      "The format to write: gguf or dat (default: by the name of the output).", valueName: "form"))
  var outputFormat: ImportanceMatrix.Form?

  @Option(
    name: [.long, .customLong("in-file")], parsing: .upToNextOption,
    help: ArgumentHelp("Merge these matrices, gathered over other texts.", valueName: "file"),
    completion: .imatrix)
  var merge: [String] = []

  @Option(
    help: ArgumentHelp("Write this matrix in the other format, or as a copy.", valueName: "file"),
    completion: .imatrix)
  var convert: String?

  @Flag(
    name: [.long, .customLong("show-statistics")],
    help: "Show statistics of tensors, layers and experts.")
  var statistics = false

  @Option(
    help: ArgumentHelp("Draw them as an SVG picture.", valueName: "file"),
    completion: .file())
  var plot: String?

  @Flag(help: "Also gather for the output matrix.")
  var processOutput = false

  @Flag(help: "Also gather for the layers that predict further tokens (MTP).")
  var mtp = false

  @OptionGroup var part: PartOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var progressOptions: ProgressOptions
  @OptionGroup var json: JSONOption

  static let settings = CorpusOptions.settings

  private var gathers: Bool { !text.corpus.isEmpty }

  func validate() throws {
    try part.check(against: [
      ("--merge", !merge.isEmpty), ("--statistics", showsStatistics),
      ("--output-format", outputFormat != nil),
    ])
    if gathers { return try checkGathering() }
    guard part.part == nil, !processOutput, !mtp else { throw CorpusOptions.missingTexts }
    guard text.ctx != 0 else {
      throw ValidationError(
        "--ctx 0 stands for the model's context length: expected a number, as there is no model.")
    }
    if showsStatistics {
      guard convert == nil else {
        throw ValidationError("--statistics shows a matrix: expected no --convert.")
      }
      guard !sources.isEmpty else {
        throw ValidationError("--statistics: expected an importance matrix.")
      }
      return
    }
    guard !sources.isEmpty, model == nil else { throw CorpusOptions.missingTexts }
    guard output != nil else { throw ValidationError("Missing expected argument '-o <file>'.") }
    guard convert == nil || merge.isEmpty else {
      throw ValidationError(
        "--convert takes one matrix, and --merge several: expected one of them.")
    }
  }

  private func checkGathering() throws {
    guard model != nil else { throw ValidationError("Missing expected argument '<model>'.") }
    guard output != nil else { throw ValidationError("Missing expected argument '-o <file>'.") }
    guard convert == nil else {
      throw ValidationError("--convert needs no model: expected no --corpus.")
    }
  }

  private var showsStatistics: Bool { statistics || plot != nil }

  /// The matrices that are read where nothing is gathered.
  private var sources: [String] {
    merge + (convert.map { [$0] } ?? []) + (showsStatistics ? model.map { [$0] } ?? [] : [])
  }

  func run() throws {
    guard gathers, let model, let output else { return try runWithoutModel() }
    let file = try GGUFFile.open(model)
    try OutputPath.check([output, plot], isNot: file, others: merge + text.files())
    let tokenizer = try text.tokenizer(file)
    let others = try merge.map { try ImportanceMatrix.read($0) }
    var job = PartJob(.imatrix, toolVersion: Version.current)
    try job.add("model", part.part == nil ? nil : file)
    job.add("compute mode", compute.mode.rawValue)
    job.add("output matrix", processOutput ? "gathered for" : "left out")
    job.add("MTP layers", mtp ? "gathered for" : "left out")
    let cut = try text.corpora().map { corpus in
      (corpus, try text.windows(of: corpus, tokenizer, .llama, for: file))
    }
    let progress = TextProgress(cut.map { part.range(of: $1).count * $1.length })
    var texts: [TextImportance] = []
    for (corpus, windows) in cut {
      job.add(corpus.name, windows)
      texts.append(try gather(corpus, windows, file, progress))
    }
    progress.finish()
    let gathered = GatheredImportance(model: file.path, texts: texts)
    if let part = part.part { return try write(part, of: job, gathered, to: output) }
    let matrix = try merged([try gathered.matrix()] + others)
    try finish(matrix, of: file.path, to: output)
  }

  /// Merges, converts or describes.
  private func runWithoutModel() throws {
    try OutputPath.check([output, plot], reading: sources)
    var matrix = try merged(try sources.map { try ImportanceMatrix.read($0) })
    if let output {
      // The newer format has counts in tokens, which only the user may know.
      let form = outputFormat ?? ImportanceMatrix.Form(ofFile: output)
      if form == .gguf { matrix = try matrix.counted(chunkSize: chunkSize) }
    }
    try finish(matrix, of: sources.joined(separator: ", "), to: output)
  }

  /// Tokens of a chunk of matrices that do not say.
  private var chunkSize: Int { text.ctx ?? ImportanceMatrix.usualChunkSize }

  private func merged(_ matrices: [ImportanceMatrix]) throws -> ImportanceMatrix {
    let isMixed = matrices.contains { $0.lacksCounts } && matrices.contains { !$0.lacksCounts }
    if isMixed, text.ctx == nil {
      Warnings.write(
        "matrices in the older format do not say how many tokens they are of: taking"
          + " \(chunkSize) for each of their chunks, and all of these for every expert (--ctx)")
    }
    return try ImportanceMatrix.merging(matrices, chunkSize: chunkSize)
  }

  private func finish(_ matrix: ImportanceMatrix, of source: String, to output: String?) throws {
    if let output {
      try matrix.write(
        to: output, as: outputFormat ?? ImportanceMatrix.Form(ofFile: output))
    }
    guard showsStatistics else {
      return try ImatrixView(model: source, output: output ?? "", matrix: matrix)
        .show(isJSON: json.isJSON)
    }
    let view = ImportanceStatisticsView(matrix)
    if let plot { try PlainFile.write(HeatMapSVG.text(of: view.maps), to: plot) }
    try view.show(isJSON: json.isJSON)
  }

  private func gather(
    _ corpus: Corpus, _ windows: EvaluationWindows, _ source: any ModelSource,
    _ progress: TextProgress
  ) throws -> TextImportance {
    let evaluator = try compute.evaluator(
      source, contextLength: windows.length, runsAhead: mtp)
    progress.begin(corpus.name)
    return try evaluator.gatherImportance(
      over: windows, datasets: corpus.files, includesOutput: processOutput,
      only: part.range(of: windows)
    ) { progress.update($0) }
  }

  private func write(
    _ part: JobPart, of job: PartJob, _ gathered: GatheredImportance, to output: String
  ) throws {
    try gathered.write(part, of: job, to: output)
    try PartView(
      kind: .imatrix, part: part, model: gathered.model, output: output,
      shares: gathered.texts.map {
        .init(
          name: $0.datasets.joined(separator: ", "), done: $0.range.count, total: $0.counts.windows)
      }
    ).show(isJSON: json.isJSON)
  }
}
