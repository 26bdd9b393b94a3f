// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Gathers second moments of what goes into a model's matrices.
struct Hessians: ParsableCommand, SettingOptions, ProgressShowing {
  static let configuration = CommandConfiguration(
    commandName: "hessians",
    abstract: "Gather the second moments of the inputs of each matrix.",
    usage: "gguf-tool hessians <model> --corpus <text> ... -o <file> [<options>]",
    discussion: """
      Sums the products of all pairs of columns over a text, separately for each expert: the Hessian of \
      a matrix's squared output error. `requantize --hessians` calibrates with the file, for any types \
      and without the text. The file takes 2 · columns² bytes for each input. With \
      `requantize --calibrate` no such file is needed, and the result is better.

      At most 256 windows of 512 tokens of each text are taken, unless --chunks and --ctx say \
      otherwise. Merged parts are as accurate as a single run, but rounded otherwise.

      An interrupted run leaves FILE.states and files of the layers done; the same command continues \
      from there.

      Example: gguf-tool hessians model.gguf --corpus text.txt --ctx 16 -o gathered.gguf
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

  @OptionGroup var part: PartOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var progressOptions: ProgressOptions
  @OptionGroup var json: JSONOption

  static let settings = CorpusOptions.settings

  func validate() throws { try text.requireTexts() }

  func run() throws {
    let file = try GGUFFile.open(model)
    try OutputPath.check([output], isNot: file, others: text.files())
    let (windows, names) = try text.joinedWindows(
      for: file, length: CalibrationOptions.windowLength, limit: CalibrationOptions.windowCount)
    let states = output + ".states"
    if Disk.exists(states) { Notes.write("continuing from \(states)") }
    let evaluator = try compute.evaluator(file, contextLength: windows.length)
    var options = MomentsOptions()
    options.part = part.part
    let progress = Progress("gathering", unit: .share)
    let found = try evaluator.gatherMoments(
      over: windows, datasets: names, options: options, to: output
    ) { progress.update(to: $0.done, of: $0.total, earlier: $0.earlier) }
    progress.finish()
    let view = HessiansView(model: file.path, file: found)
    if part.part == nil { view.warn() }
    try view.show(isJSON: json.isJSON)
  }
}
