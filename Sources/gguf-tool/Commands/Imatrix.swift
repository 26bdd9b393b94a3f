// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Gathers an importance matrix.
struct Imatrix: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Gather an importance matrix by running a model over text.",
    discussion: """
      For each column of each matrix: the mean square of what goes in, for each expert apart. The \
      quantizers weigh errors with it. A name ending in .dat gives the older form, without counts.

      Example: gguf-tool imatrix model.gguf --corpus text.txt --ctx 16 -o gathered.gguf
      """)

  @Argument(help: ArgumentHelp("The model, or any shard of it.", valueName: "model"))
  var model: String

  @OptionGroup var text: CorpusOptions

  @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file"))
  var output: String

  @Option(
    name: [.long, .customLong("in-file")], parsing: .upToNextOption,
    help: ArgumentHelp("Add what these matrices gathered over other texts.", valueName: "file"))
  var merge: [String] = []

  @Flag(help: "Gather for the output matrix, too.")
  var processOutput = false

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var json: JSONOption

  func run() throws {
    let file = try GGUFFile.open(model)
    try OutputPath.check([output], isNot: file, others: merge + text.files())
    let tokenizer = try text.tokenizer(file)
    let others = try merge.map { try ImportanceMatrix.read($0) }
    var matrix: ImportanceMatrix?
    for corpus in try text.corpora() {
      let gathered = try gather(corpus, file, tokenizer)
      matrix = try matrix?.merging(gathered) ?? gathered
    }
    for other in others { matrix = try matrix?.merging(other) ?? other }
    guard let matrix else { return }
    try write(matrix)
    try ImatrixView(model: file.path, output: output, matrix: matrix).show(isJSON: json.isJSON)
  }

  private func gather(
    _ corpus: Corpus, _ file: GGUFFile, _ tokenizer: Tokenizer
  ) throws -> ImportanceMatrix {
    let windows = try text.windows(of: corpus, tokenizer, .llama)
    let evaluator = try compute.evaluator(file, contextLength: windows.length)
    let gathering = ImportanceGathering(includesOutput: processOutput)
    let progress = Progress(corpus.name, total: windows.tokens.count, unit: .items("tokens"))
    try evaluator.gather(gathering, over: windows) { step in
      progress.update(to: step.done / max(1, step.total / windows.tokens.count))
    }
    progress.finish()
    return try gathering.matrix(datasets: corpus.files, windows: windows)
  }

  private func write(_ matrix: ImportanceMatrix) throws {
    if output.hasSuffix(".dat") {
      try matrix.writeLegacy(to: output)
    } else {
      try matrix.write(to: output)
    }
  }
}
