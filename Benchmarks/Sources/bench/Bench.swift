// SPDX-License-Identifier: MIT
import ArgumentParser
import BenchSupport
import Foundation
import Quant

/// Measures every encoder and decoder at every level of the kernels.
@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure every encoder and decoder at every level of the kernels.",
    discussion: """
      The level is chosen once a process, so each is measured by a process of its own; they take \
      turns. Figures are medians, in million weights a second on one thread.
      """)

  @Option(help: ArgumentHelp("Types, with commas between them.", valueName: "types"))
  var types = TypeList.all

  @Option(help: ArgumentHelp("Levels, with commas between them.", valueName: "levels"))
  var levels = Machine.kernelLevels

  @Option(help: ArgumentHelp("Time for each measurement of a round.", valueName: "seconds"))
  var seconds = 0.2

  @Option(help: ArgumentHelp("How often each level has its turn.", valueName: "count"))
  var rounds = 3

  @Option(help: ArgumentHelp("Rows of 1,024 weights.", valueName: "count"))
  var rows = 64

  @Option(help: ArgumentHelp("The clock: wall, or cpu for this thread's time.", valueName: "clock"))
  var clock = Clock.wall

  @OptionGroup var effortOption: EffortOption

  @Option(help: ArgumentHelp("Write the figures as JSON, too.", valueName: "file"))
  var json: String?

  @Flag(help: .hidden)
  var measure = false

  func run() throws {
    guard !measure else { return try measureThisLevel() }
    let names = levels.split(separator: ",").map(String.init)
    var figures: [String: [[SpeedFigures]]] = [:]
    for _ in 0..<max(rounds, 1) {
      for name in names { figures[name, default: []].append(try measured(at: name)) }
    }
    let report = BenchReport(levels: names, figures: figures.mapValues(SpeedFigures.medians))
    print(report.text(), terminator: "")
    if let json { try JSONText.data(of: report).write(to: URL(filePath: json)) }
  }

  /// What the process for one level does.
  private func measureThisLevel() throws {
    try Machine.checkKernels()
    let rows = Rows(count: rows, rowWeights: 1024)
    let figures = types.types.compactMap {
      SpeedFigures(
        measuring: $0, effortOption.effort, rows: rows, seconds: seconds, clock: clock)
    }
    FileHandle.standardOutput.write(try JSONText.data(of: figures))
  }

  /// Starts the process for one level and takes its figures; none where the level does not run.
  private func measured(at level: String) throws -> [SpeedFigures] {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = [
      "--measure", "--types", types.argument, "--seconds", "\(seconds)", "--rows", "\(rows)",
      "--clock", clock.rawValue, "--effort", effortOption.effort.rawValue,
    ]
    process.environment = ProcessInfo.processInfo.environment
      .merging([Machine.kernelVariable: level]) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return [] }
    return try JSONText.value([SpeedFigures].self, from: data)
  }
}
