// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// How files that a model was copied to are shown, before and after.
struct CopyView {
  let plan: ModelPlan
  let isJSON: Bool

  /// Shows the files, and what the run was if there was one.
  func show(_ report: PlanReport? = nil, _ time: Duration? = nil) throws {
    if isJSON { return try JSONOutput.write(JSON(plan, report, time)) }
    var text = Report()
    text.section(plan.files.count == 1 ? "File" : "Files")
    var table = Table([.flexible("file"), .number("tensors"), .number("size")])
    for file in plan.files {
      table.add(file.path, "\(file.tensors.count)", Units.bytes(file.layout.byteCount))
    }
    text.table(table)
    text.facts([
      ("exact size", Units.exactBytes(plan.byteCount)), ("time", time.map(Units.duration)),
    ])
    try text.write()
  }

  private struct JSON: Encodable {
    struct File: Encodable {
      let path: String
      let sizeBytes: Int
      let tensors: Int
    }

    let tensors: Int
    let totalBytes: Int
    let files: [File]
    let seconds: Double?
    let resumedPieces: Int?
    let pieces: Int?

    init(_ plan: ModelPlan, _ report: PlanReport?, _ time: Duration?) {
      tensors = plan.tensors.count
      totalBytes = plan.byteCount
      files = plan.files.map {
        File(path: $0.path, sizeBytes: $0.layout.byteCount, tensors: $0.tensors.count)
      }
      seconds = time.map { $0 / .seconds(1) }
      resumedPieces = report?.resumedSlabs
      pieces = report?.slabCount
    }
  }
}
