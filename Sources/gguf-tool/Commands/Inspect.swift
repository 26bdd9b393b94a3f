// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Shows what a GGUF file holds.
struct Inspect: ParsableCommand, ProgressShowing {
  static let configuration = CommandConfiguration(
    abstract: "Show what a model or an importance matrix holds.",
    discussion: """
      Without options, shows a summary, the types, the experts, and the tensors with identical layers \
      grouped. For a file without all of its data, such as a download in progress, shows what the \
      header tells. Recognises importance matrices in both formats.

      Example: gguf-tool inspect model.gguf --filter 'blk\\.0\\.'
      """)

  /// The parts of the result.
  enum Section: String, EnumerableFlag {
    case summary, types, experts, layers, files, metadata, tensors

    static func help(for value: Section) -> ArgumentHelp? {
      switch value {
      case .summary: "Show a summary of the model."
      case .types: "Show the types and their shares of the model."
      case .experts: "Show the experts layer by layer."
      case .layers: "Show the tensors, with identical layers grouped."
      case .files: "Show the files of a split model."
      case .metadata: "Show the metadata keys and values."
      case .tensors: "Show the tensors one by one."
      }
    }
  }

  @Argument(
    help: ArgumentHelp(
      "A GGUF file, any of the files of a split model, or an importance matrix.",
      valueName: "file"),
    completion: .file(extensions: ["gguf", "dat"]))
  var model: String

  @Flag(help: "Show only the named sections; repeatable.")
  var sections: [Section] = []

  @Option(
    help: ArgumentHelp(
      "Show only tensors whose names match this regular expression.",
      valueName: "regex"))
  var filter: String?

  @Option(help: ArgumentHelp("Decode this tensor and describe its weights.", valueName: "name"))
  var tensor: String?

  @Option(help: ArgumentHelp("With --tensor: how many weights to print.", valueName: "count"))
  var values = 16

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
  }

  func run() throws {
    if let tensor { return try describe(tensor) }
    guard sections.isEmpty, filter == nil, !(full && json.isJSON),
      let matrix = try importanceMatrix()
    else { return try describe(ModelInspection.open(model)) }
    if json.isJSON { return try JSONOutput.write(ImportanceJSON(importanceMatrix: matrix)) }
    var report = Report()
    report.add(matrix)
    if full, let file = try? ModelInspection.open(model) {
      report.add(file.source.metadata, isFull: true)
      report.add(file.source.tensors, fileCount: file.files.count)
    }
    try report.write()
  }

  /// The matrix, if the file is one.
  private func importanceMatrix() throws -> ImportanceSummary? {
    guard try ImportanceMatrix.isImportanceMatrix(atPath: model) else { return nil }
    return ImportanceSummary(try ImportanceMatrix.read(model))
  }

  private func describe(_ name: String) throws {
    let file = try PartialModel.open(model)
    let info = try file.tensor(name)
    let progress = Progress("reading", total: info.weightCount, unit: .items("weights"))
    let statistics = try TensorStatistics.measure(
      info, of: file, valueCount: values, progress: progress.advance)
    progress.finish()
    if json.isJSON { return try JSONOutput.write(TensorJSON(info, statistics)) }
    var report = Report()
    report.add(info, statistics: statistics)
    try report.write()
  }

  private func describe(_ model: ModelInspection) throws {
    let tensors = try filtered(model.source.tensors)
    if json.isJSON { return try JSONOutput.write(ModelJSON(model, tensors: tensors, isFull: full)) }
    var report = Report()
    for section in chosenSections(model) {
      switch section {
      case .summary: report.add(model.summary, of: model)
      case .types: report.add(model.types)
      case .experts: if let experts = model.experts { report.add(experts) }
      case .layers: report.add(model.layerGroups)
      case .files: report.add(model.files)
      case .metadata: report.add(model.source.metadata, isFull: full)
      case .tensors: report.add(tensors, fileCount: model.files.count)
      }
    }
    report.add(model.warnings)
    try report.write()
  }

  private func chosenSections(_ model: ModelInspection) -> [Section] {
    if full { return Section.allCases }
    if filter != nil { return sections + (sections.contains(.tensors) ? [] : [.tensors]) }
    guard sections.isEmpty else { return sections }
    return [.summary, .types, .experts, .layers] + (model.files.count > 1 ? [.files] : [])
  }

  private func filtered(_ tensors: [TensorInfo]) throws -> [TensorInfo] {
    guard let filter else { return tensors }
    let regex = try Regex(filter)
    return tensors.filter { $0.name.contains(regex) }
  }
}
