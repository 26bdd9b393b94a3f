// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Gathers an importance matrix.
struct Imatrix: ParsableCommand, SettingOptions {
  static let configuration = CommandConfiguration(
    abstract: "Gather an importance matrix by running a model over text.",
    discussion: """
      Records the mean square of the inputs to each column of each matrix, separately for each \
      expert. Quantizers weight errors with it. An output name ending in .dat selects the older \
      format, without counts.

      Example: gguf-tool imatrix model.gguf --corpus text.txt --ctx 16 -o gathered.gguf
      """)

  @Argument(help: ArgumentHelp("The model, or any shard of it.", valueName: "model"))
  var model: String

  @OptionGroup var text: CorpusOptions

  @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file"))
  var output: String

  @Option(
    name: [.long, .customLong("in-file")], parsing: .upToNextOption,
    help: ArgumentHelp("Merge with these matrices, gathered over other texts.", valueName: "file"))
  var merge: [String] = []

  @Flag(help: "Also gather for the output matrix.")
  var processOutput = false

  @OptionGroup var part: PartOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var json: JSONOption

  static let settings = CorpusOptions.settings

  func validate() throws { try part.check(against: [("--merge", !merge.isEmpty)]) }

  func run() throws {
    let file = try GGUFFile.open(model)
    try OutputPath.check([output], isNot: file, others: merge + text.files())
    let tokenizer = try text.tokenizer(file)
    let others = try merge.map { try ImportanceMatrix.read($0) }
    var job = PartJob(.imatrix, toolVersion: Version.current)
    try job.add("model", part.part == nil ? nil : file)
    job.add("compute mode", compute.mode.rawValue)
    job.add("output matrix", processOutput ? "gathered for" : "left out")
    var texts: [TextImportance] = []
    for corpus in try text.corpora() {
      let windows = try text.windows(of: corpus, tokenizer, .llama)
      job.add(corpus.name, windows)
      texts.append(try gather(corpus, windows, file))
    }
    let gathered = GatheredImportance(model: file.path, texts: texts)
    if let part = part.part { return try write(part, of: job, gathered) }
    var matrix = try gathered.matrix()
    for other in others { matrix = try matrix.merging(other) }
    try matrix.write(as: output)
    try ImatrixView(model: file.path, output: output, matrix: matrix).show(isJSON: json.isJSON)
  }

  private func gather(
    _ corpus: Corpus, _ windows: EvaluationWindows, _ source: any ModelSource
  ) throws -> TextImportance {
    let range = part.part?.range(of: windows.count) ?? 0..<windows.count
    let evaluator = try compute.evaluator(source, contextLength: windows.length)
    let tokens = range.count * windows.length
    let progress = Progress(corpus.name, total: tokens, unit: .items("tokens"))
    let found = try evaluator.gatherImportance(
      over: windows, datasets: corpus.files, includesOutput: processOutput, only: range
    ) { step in
      progress.update(to: step.done / max(1, step.total / max(1, tokens)))
    }
    progress.finish()
    return found
  }

  private func write(
    _ part: JobPart, of job: PartJob, _ gathered: GatheredImportance
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
