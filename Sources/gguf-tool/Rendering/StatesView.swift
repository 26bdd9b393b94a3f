// SPDX-License-Identifier: MIT
import Quant

/// What was written of a text's states.
struct StatesView {
  let states: Matrix

  private struct JSON: Encodable {
    let compute: String
    let tokenCount: Int
    let width: Int
    let output: String
  }

  /// Writes the result.
  func show(_ mode: ComputeMode, output: String, isJSON: Bool) throws {
    if isJSON {
      return try JSONOutput.write(
        JSON(
          compute: mode.rawValue, tokenCount: states.rows, width: states.columns, output: output))
    }
    var report = Report()
    report.section("States")
    report.facts([
      ("positions", Units.grouped(states.rows)), ("width", Units.grouped(states.columns)),
      ("compute", mode.rawValue), ("written to", output),
    ])
    try report.write()
  }
}
