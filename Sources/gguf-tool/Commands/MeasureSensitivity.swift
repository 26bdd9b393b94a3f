// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Measures what each part of a model would suffer from each type.
struct MeasureSensitivity: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sensitivity",
    abstract: "Measure what each part of a model would suffer from each type.")

  @Argument(help: ArgumentHelp("The model, or any shard of it.", valueName: "model"))
  var model: String

  @OptionGroup var text: CorpusOptions

  @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file"))
  var output: String

  @Option(help: ArgumentHelp("An importance matrix.", valueName: "file"))
  var imatrix: String?

  @Option(help: ArgumentHelp("Windows of each probe.", valueName: "count"))
  var probeWindows = 8

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var json: JSONOption

  func run() throws {
    let file = try GGUFFile.open(model)
    let tokenizer = try text.tokenizer(file)
    let importance = try imatrix.map { try ImportanceMatrix.read($0) }
    for corpus in try text.corpora() {
      let windows = try text.windows(of: corpus, tokenizer, .full)
      let evaluator = try compute.evaluator(file, contextLength: windows.length)
      let found = try SensitivityMeasurement(
        evaluator, windows,
        types: [.IQ1_S, .IQ1_M, .IQ2_XXS, .IQ2_XS, .IQ2_S, .Q2_K, .IQ3_XXS, .IQ3_S, .Q3_K, .IQ4_XS, .IQ4_NL, .Q4_K, .Q5_K, .Q5_0, .Q5_1, .Q6_K, .Q8_0],
        importance: importance, probeWindows: probeWindows).run()
      try PlainFile.write(JSONOutput.text(of: found), to: output)
    }
  }
}
