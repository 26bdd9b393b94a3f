// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Shows what GGUF files hold.
struct Inspect: ParsableCommand, ProgressShowing {
  static let configuration = CommandConfiguration(
    abstract: "Show what a model or an importance matrix holds.",
    discussion: """
      Without options, shows a summary, the types, the experts, and the tensors with identical layers \
      grouped; of several models, a table with a column for each. For a file without all of its data, \
      such as a download in progress, shows what the header tells. Recognises importance matrices in both \
      formats. Where the output is no terminal, tables are as wide as they need to be.

      Example: gguf-tool inspect model.gguf --filter 'blk\\.0\\.'
      Example: gguf-tool inspect model.gguf --key general.name --raw
      Example: gguf-tool inspect model.gguf --key 'general.*' --json
      Example: gguf-tool inspect *.gguf
      """)

  @Argument(
    help: ArgumentHelp(
      "GGUF files, any of the files of a split model, or importance matrices.", valueName: "file"),
    completion: .file(extensions: ["gguf", "dat"]))
  var models: [String]

  @Flag(help: "Show only the named sections; repeatable.")
  var sections: [ModelSection] = []

  @Option(
    help: ArgumentHelp(
      "Show only tensors whose names match this regular expression.",
      valueName: "regex"))
  var filter: String?

  @Option(help: ArgumentHelp("Decode this tensor and describe its weights.", valueName: "name"))
  var tensor: String?

  @Option(help: ArgumentHelp("With --tensor: how many weights to print.", valueName: "count"))
  var values = 16

  @Option(
    help: ArgumentHelp(
      "Show all of the value of this key, or of all keys that begin like this: tokenizer.*. Repeatable.",
      valueName: "name"))
  var key: [String] = []

  @Flag(
    help: """
      With --key: print the value alone, as edit --set-from-file reads it. A text is printed to the byte, \
      a list as a line for each element.
      """)
  var raw = false

  @Flag(help: "Show all sections, without shortening.")
  var full = false

  @OptionGroup var progressOptions: ProgressOptions
  @OptionGroup var json: JSONOption

  func validate() throws {
    guard (0...1_000_000).contains(values) else {
      throw ValidationError("--values must be from 0 to 1000000, not \(values).")
    }
    if let filter, (try? Regex(filter)) == nil {
      throw ValidationError("--filter: '\(filter)' is not a regular expression.")
    }
    guard key.isEmpty || (isPlain && tensor == nil) else {
      throw ValidationError(
        "--key shows nothing but keys: leave out --tensor, --filter, --full and names of sections.")
    }
    guard !raw || (key.count == 1 && models.count == 1 && !json.isJSON) else {
      throw ValidationError(
        "--raw prints one value: expected one file and one --key, without --json.")
    }
  }

  /// Whether nothing is asked for beyond what everybody sees.
  private var isPlain: Bool { sections.isEmpty && filter == nil && !full }

  func run() throws {
    if raw { return try rawValue().write() }
    guard models.count > 1 else {
      let view = try view(of: models[0])
      if json.isJSON { return try JSONOutput.write(view) }
      var report = Report()
      view.add(to: &report)
      return try report.write()
    }
    let found = InspectedFiles(files: models.map(file))
    try found.write(isJSON: json.isJSON, isCompared: isPlain && tensor == nil && key.isEmpty)
    for error in found.errors { ErrorLines.write("Error: \(error)") }
    guard found.errors.isEmpty else { throw ExitCode.failure }
  }

  /// What came of one of several files: an error hides none of the others.
  private func file(_ path: String) -> InspectedFiles.File {
    do {
      return .view(try view(of: path))
    } catch {
      return .failure(path: path, error: "\(ErrorSentence.of(error, in: Self.self))")
    }
  }

  private func view(of path: String) throws -> any InspectView {
    if !key.isEmpty { return try keys(of: path) }
    if let tensor { return try describe(tensor, in: path) }
    if sections.isEmpty, filter == nil, try ImportanceMatrix.isImportanceMatrix(atPath: path) {
      return MatrixView(
        matrix: ImportanceSummary(try ImportanceMatrix.read(path)),
        file: full ? try? ModelInspection.open(path) : nil)
    }
    let model = try ModelInspection.open(path)
    return ModelView(
      model: model, tensors: try filtered(model.source.tensors), sections: chosenSections(model),
      isFull: full)
  }

  // MARK: Keys

  private func keys(of path: String) throws -> KeysView {
    let metadata = try PartialModel.open(path).metadata
    let found = try key.flatMap { try Self.keys(like: $0, in: metadata, path) }
    return KeysView(path: path, metadata: metadata, keys: Set(found))
  }

  private func rawValue() throws -> RawValue {
    let view = try keys(of: models[0])
    guard view.keys.count == 1, let name = view.keys.first, let value = view.metadata[name] else {
      throw ValidationError(
        "--raw prints one value: expected one key, found \(view.keys.count) like \"\(key[0])\".")
    }
    return RawValue(path: view.path, key: name, value: value)
  }

  private static func keys(
    like pattern: String, in metadata: Metadata, _ path: String
  ) throws(QuantError) -> [String] {
    let found = metadata.keys(like: pattern)
    guard found.isEmpty else { return found }
    let near = NearName.question(pattern, among: metadata.keys)
    throw .content(
      file: path, line: 0,
      what: "there is no key \"\(pattern)\"\(near.isEmpty ? "; --metadata shows all" : near)")
  }

  // MARK: Tensors

  private func describe(_ name: String, in path: String) throws -> TensorView {
    let file = try PartialModel.open(path)
    guard file.contains(name) else {
      let near = NearName.question(name, among: file.tensors.map(\.name))
      throw QuantError.content(
        file: path, line: 0, what: "there is no tensor \"\(name)\"\(near)")
    }
    let info = try file.tensor(name)
    let progress = Progress("reading", total: info.weightCount, unit: .items("weights"))
    let statistics = try TensorStatistics.measure(
      info, of: file, valueCount: values, progress: progress.advance)
    progress.finish()
    return TensorView(path: path, tensor: info, statistics: statistics)
  }

  private func filtered(_ tensors: [TensorInfo]) throws -> [TensorInfo] {
    guard let filter else { return tensors }
    let regex = try Regex(filter)
    return tensors.filter { $0.name.contains(regex) }
  }

  private func chosenSections(_ model: ModelInspection) -> [ModelSection] {
    if full { return ModelSection.allCases }
    if filter != nil { return sections + (sections.contains(.tensors) ? [] : [.tensors]) }
    guard sections.isEmpty else { return sections }
    return [.summary, .types, .experts, .layers] + (model.files.count > 1 ? [.files] : [])
  }
}
