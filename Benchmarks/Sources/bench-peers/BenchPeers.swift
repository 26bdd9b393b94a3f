// SPDX-License-Identifier: MIT
import ArgumentParser
import BenchSupport
import Foundation
import GGUF
import Quant

/// Measures our formats against the reference's, in one process on the same rows.
@main
struct BenchPeers: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure our formats against the reference's.",
    discussion: """
      Both work in one process on one thread, run after run by turns on the same rows. Only ratios \
      mean anything on a machine that does other things, too; a ratio with ! misses its goal.
      """)

  @Option(help: ArgumentHelp("Types, with commas between them.", valueName: "types"))
  var types = TypeList.all

  @Option(help: ArgumentHelp("Time for each measurement.", valueName: "seconds"))
  var seconds = 1.0

  @Option(help: ArgumentHelp("Rows to work on.", valueName: "count"))
  var rows = 64

  @Option(help: ArgumentHelp("Weights a row, a multiple of 256.", valueName: "count"))
  var rowWeights = 1024

  @Option(help: ArgumentHelp("The clock: wall, or cpu for this thread's time.", valueName: "clock"))
  var clock = Clock.cpu

  @Option(help: ArgumentHelp("The environment with llama-cpp-python.", valueName: "folder"))
  var reference =
    ProcessInfo.processInfo.environment["GGUF_TOOL_REFERENCE"] ?? ".build/reference"

  @Option(help: ArgumentHelp("The vectors, expanded: compare errors on them.", valueName: "file"))
  var vectors: String?

  @OptionGroup var effortOption: EffortOption

  @Flag(help: "Compare our three efforts instead, by their time and their errors on the vectors.")
  var efforts = false

  @Option(help: ArgumentHelp("Write the figures as JSON, too.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Renew the tables in a document; repeatable.", valueName: "file"))
  var markdown: [String] = []

  func validate() throws {
    guard rows > 0, rowWeights > 0, rowWeights % 256 == 0 else {
      throw ValidationError("--rows must be positive, --row-weights a multiple of 256.")
    }
    guard !efforts || vectors != nil else {
      throw ValidationError("--efforts needs --vectors.")
    }
  }

  func run() throws {
    try Machine.checkKernels()
    let vectors = try vectors.map { try VectorErrors(path: $0) }
    let rows = Rows(count: rows, rowWeights: rowWeights)
    if efforts, let vectors { return try compareEfforts(rows, vectors) }
    let library = try Reference(environment: reference)
    let lines = try types.types.compactMap { type in
      note("measuring \(type.name)")
      return try figures(of: type, library, rows, vectors)
    }
    let report = PeerReport(
      reference: library.version, rows: self.rows, rowWeights: rowWeights, clock: clock,
      effort: effortOption.effort.rawValue, types: lines)
    report.printTables(withVectors: vectors != nil)
    if let json { try JSONText.data(of: report).write(to: URL(filePath: json)) }
    for path in markdown { try report.renewTables(in: path) }
  }

  private func compareEfforts(_ rows: Rows, _ vectors: VectorErrors) throws {
    let report = EffortReport(
      types: types.types.compactMap { type in
        note("measuring \(type.name)")
        return EffortFigures(of: type, rows, vectors, seconds: seconds, clock: clock)
      })
    print(report.table().text())
    if let json { try JSONText.data(of: report).write(to: URL(filePath: json)) }
    for path in markdown {
      var document = try MarkedDocument(path: path)
      document.replace("bench-peers efforts", with: report.table().markdown())
      try document.write()
    }
  }

  /// All figures of one type; nothing where the reference does not know it.
  private func figures(
    of type: TensorType, _ library: Reference, _ rows: Rows, _ vectors: VectorErrors?
  ) throws -> PeerFigures? {
    guard let codec = Codec(type, effort: effortOption.effort),
      let reference = try library.format(of: type)
    else {
      note("\(type.name): skipped, the reference does not know it")
      return nil
    }
    if !codec.encodes { note("\(type.name): encoding skipped, we cannot write it yet") }
    let measurement = PeerMeasurement(
      codec: codec, reference: reference, rows: rows, seconds: seconds, clock: clock)
    return PeerFigures(
      type: type.name, weighted: try measurement.encode(weighted: true),
      plain: try measurement.encode(weighted: false), decode: measurement.decode(),
      vectors: vectors?.errors(of: type, codec) ?? [])
  }

  private func note(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }
}

extension PeerReport {
  /// Prints all tables.
  fileprivate func printTables(withVectors: Bool) {
    print(conditions.joined(separator: "\n"))
    print("\(unit); a ratio with ! misses its goal")
    print(speedTable().text())
    guard withVectors else { return }
    print("Errors as a multiple of the reference's, on the committed vectors")
    print(vectorTable().text())
    print(vectorSummary)
  }

  /// Writes the tables into a document, each where it has a mark for it.
  fileprivate func renewTables(in path: String) throws {
    var document = try MarkedDocument(path: path)
    document.replace("bench-peers conditions", with: conditions.joined(separator: "; ") + ".\n")
    document.replace("bench-peers speed", with: speedTableForDocuments().markdown())
    document.replace("bench-peers summary", with: summaryTable().markdown())
    document.replace("bench-peers errors", with: errorTable().markdown())
    document.replace("bench-peers vectors", with: vectorTable().markdown() + "\n\(vectorSummary)\n")
    try document.write()
  }

  private var vectorSummary: String {
    let weighted = Figures.ratio(meanVectorRatio(weighted: true))
    let plain = Figures.ratio(meanVectorRatio(weighted: false))
    return """
      Mean over all sets, of the types that the reference searches with importance:
      \(weighted) with importance, \(plain) plain.
      """
  }
}
