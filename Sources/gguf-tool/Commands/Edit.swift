// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Changes keys and names in a model.
struct Edit: ParsableCommand, SettingOptions, ProgressShowing {
  static let configuration = CommandConfiguration(
    abstract: "Change metadata keys and tensor names of a model.",
    usage: "gguf-tool edit <file> [-o <out>] [<options>]",
    discussion: """
      Changes the file itself, or writes another one with -o. Where the new header fits before the \
      data, only the header is written; else the whole file is written anew. A run that is killed leaves \
      the old file or the new one. Changes that would make the model faulty are refused. They are made in \
      this order: --copy-from, --delete, --rename, --set-from-file, --set.

      Example: gguf-tool edit model.gguf --set general.name='My model' --dry-run
      Example: gguf-tool edit model.gguf -o new.gguf --set llama.context_length=8192 --header-room 1MiB
      Example: gguf-tool edit model.gguf --set-from-file tokenizer.chat_template=text.txt
      Example: gguf-tool edit model.gguf --set 'general.tags[]=chat,small' --set 'general.tags[]+=en'
      Example: gguf-tool edit model.gguf --copy-from model.gguf 'tokenizer.*' --json
      """)

  @Argument(
    help: ArgumentHelp(
      "The model; of a split one, the first file holds the keys.", valueName: "file"),
    completion: .model)
  var model: String

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Write this file, and leave the model as it is.", valueName: "out"),
    completion: .model)
  var output: String?

  @OptionGroup var editOptions: EditOptions

  @Flag(help: "Show what would change, and stop.")
  var dryRun = false

  @OptionGroup var progressOptions: ProgressOptions
  @OptionGroup var jsonOption: JSONOption

  static let settings = EditOptions.settings

  func run() throws {
    let source = try GGUFFile.open(model, requiring: .headerOnly)
    if output != nil, source.files.count > 1 {
      throw ValidationError(
        "-o writes one file, and the model has \(source.files.count): leave it out to change the model"
          + " itself.")
    }
    try OutputPath.check([output], isNot: source, others: editOptions.files())
    let edit = try ModelEdit(
      source, changes: editOptions.changes(), renaming: editOptions.renamedTensors(),
      room: editOptions.room())
    // Before the file changes, in which the lists of the old header lie.
    let text = try EditView(edit: edit, output: output, isDryRun: dryRun)
      .text(isJSON: jsonOption.isJSON)
    if !dryRun { try write(edit.header) }
    try Output.write(text)
  }

  private func write(_ header: HeaderEdit) throws {
    let progress = Progress("writing", total: header.newByteCount - header.header.count)
    defer { progress.finish() }
    guard let output else {
      _ = try header.apply(progress: progress.advance)
      return
    }
    if Disk.exists(output) { Warnings.write("\(output) exists and will be replaced") }
    try header.write(to: output, progress: progress.advance)
  }
}
