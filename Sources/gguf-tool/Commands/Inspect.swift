// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF

/// Shows what a GGUF file holds.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a GGUF file holds.")

  @Argument(help: ArgumentHelp("The model.", valueName: "file"))
  var model: String

  func run() throws {
    var report = Report()
    report.section(model)
    report.facts([("tensors", "\(try GGUFFile.open(model).tensors.count)")])
    try report.write()
  }
}
