// SPDX-License-Identifier: MIT
import Quant

/// What became of a part of a job.
struct PartView {
  /// What of something there is much of was done.
  struct Share: Encodable {
    /// What it is: a text, or the grid.
    let name: String
    /// How many windows or variants were done.
    let done: Int
    /// All of them.
    let total: Int
  }

  let kind: PartJob.Kind
  let part: JobPart
  let model: String
  let output: String
  let shares: [Share]

  private struct JSON: Encodable {
    let kind: PartJob.Kind
    let part: Int
    let parts: Int
    let model: String
    let output: String
    let shares: [Share]
  }

  /// Writes the result.
  func show(isJSON: Bool) throws {
    guard !isJSON else {
      return try JSONOutput.write(
        JSON(
          kind: kind, part: part.number, parts: part.count, model: model, output: output,
          shares: shares))
    }
    var report = Report()
    report.section("Part \(part.number) of \(part.count) of \(kind.rawValue)")
    report.facts([("model", model), ("written to", output)])
    let noun = kind == .frontier ? "variants" : "windows"
    var table = Table([
      .flexible(kind == .frontier ? "grid" : "text"), .number("\(noun) done"), .number("of"),
    ])
    for share in shares {
      table.add(share.name, Units.grouped(share.done), Units.grouped(share.total))
    }
    report.table(table)
    try report.write()
  }
}
