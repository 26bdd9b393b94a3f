// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Puts the partial results of several machines together.
struct MergeResults: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge-results",
    abstract: "Merge the partial results that --part wrote.",
    discussion: """
      Takes all partial results of one perplexity, imatrix, hessians, sensitivity or frontier job, in any \
      order. \
      The figures equal those of a single run to the last bit if all machines round alike, but \
      for hessians, whose sums are rounded otherwise. \
      Results of different jobs, duplicates and missing parts are errors.

      Example: gguf-tool merge-results part-1.gguf part-2.gguf
      """)

  @Argument(
    help: ArgumentHelp("All partial results of one job.", valueName: "file"),
    completion: .file())
  var files: [String]

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "What to write: the importance matrix, the Hessians, the sensitivity file or the frontier's"
        + " page (- for standard output).",
      valueName: "file"),
    completion: .file())
  var output: String?

  @OptionGroup var json: JSONOption

  func run() throws {
    if try files.contains(where: { try MomentsFile.isOne($0) }) { return try mergeHessians() }
    let parts = try PartSet(files)
    if let difference = parts.difference { Warnings.write(difference) }
    switch parts.job.kind {
    case .perplexity:
      guard output == nil else {
        throw ValidationError("-o: expected none, as perplexity results are only printed.")
      }
      try PerplexityView(found: Losses(merging: parts)).show(isJSON: json.isJSON)
    case .imatrix:
      let output = try checkedOutput(parts)
      let found = try GatheredImportance(merging: parts)
      let matrix = try found.matrix()
      try matrix.write(as: output)
      try ImatrixView(model: found.model, output: output, matrix: matrix).show(isJSON: json.isJSON)
    case .frontier:
      let output = try checkedOutput(parts)
      let frontier = try Frontier(merging: parts)
      try ResultFile.write(frontier, to: output)
      guard !ByteStream.isStandardOutput(output) else { return }
      try FrontierView(output: output, frontier: frontier).show(isJSON: json.isJSON)
    case .sensitivity:
      let output = try checkedOutput(parts)
      let found = try SensitivityPart(merging: parts).sensitivity
      try PlainFile.write(found.bytes(), to: output)
      guard !ByteStream.isStandardOutput(output) else { return }
      try SensitivityView(output: output, found: found).show(isJSON: json.isJSON)
    }
  }

  private func mergeHessians() throws {
    let found = try MomentsFile.merge(files, to: try checkedOutput("hessians", mayStream: false))
    let view = HessiansView(model: nil, file: found)
    view.warn()
    try view.show(isJSON: json.isJSON)
  }

  private func checkedOutput(_ parts: PartSet) throws -> String {
    try checkedOutput(parts.job.kind.rawValue, mayStream: parts.job.kind != .imatrix)
  }

  /// Where the whole goes: not over a part of it.
  private func checkedOutput(_ kind: String, mayStream: Bool) throws -> String {
    guard let output else {
      throw ValidationError("-o: expected a file for the merged \(kind) result.")
    }
    guard !(mayStream && ByteStream.isOne(output)) else { return output }
    for name in [output, OutputFile.temporaryPath(of: output)] {
      guard let identity = Disk.identity(of: name) else { continue }
      for file in files where Disk.identity(of: file) == identity {
        throw QuantError.content(
          file: output, line: 0, what: "writing it would overwrite the partial result \(file)")
      }
    }
    return output
  }
}
