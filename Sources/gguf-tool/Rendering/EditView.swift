// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// What an edit changes, or has changed.
struct EditView {
  private let difference: MetadataDifference
  private let edit: ModelEdit
  private let output: String?
  private let isDryRun: Bool

  /// Compares both headers.
  init(edit: ModelEdit, output: String?, isDryRun: Bool) {
    self.edit = edit
    self.output = output
    self.isDryRun = isDryRun
    difference = MetadataDifference(from: edit.before, to: edit.after)
  }

  /// The result, as it will be if it is written.
  func text(isJSON: Bool) throws -> String {
    if isJSON { return try JSONOutput.text(of: json) + "\n" }
    var report = Report()
    report.section(edit.header.path)
    report.add(difference)
    for (old, new) in edit.renamedTensors { report.verbatim("~ tensor \(old) → \(new)") }
    if difference.isEmpty && edit.renamedTensors.isEmpty { report.line("no key changes") }
    report.section(isDryRun ? "Would be written" : "Written")
    report.facts([
      ("file", output ?? edit.header.path), ("how", how),
      ("header", Units.bytes(edit.header.header.count)),
      ("room in it", edit.header.roomBytes.map(Units.bytes)),
    ])
    return report.text
  }

  private var method: HeaderEdit.Method {
    if output != nil { return .file }
    if edit.header.isEmpty { return .unchanged }
    return edit.header.fitsInPlace ? .header : .file
  }

  private var how: String {
    switch method {
    case .unchanged: "nothing, as the header is the same"
    case .header: "the header alone, as it fits before the data"
    case .file: "the whole file, \(Units.bytes(edit.header.newByteCount))"
    }
  }

  private var json: EditJSON {
    EditJSON(
      model: edit.header.path, output: output ?? edit.header.path, isDryRun: isDryRun,
      written: method, headerBytes: edit.header.header.count,
      roomBytes: edit.header.roomBytes, fileBytes: edit.header.newByteCount,
      metadata: difference,
      renamedTensors: edit.renamedTensors.map { .init(old: $0.old, new: $0.new) })
  }
}

/// What `edit --json` gives.
private struct EditJSON: Encodable {
  struct Names: Encodable {
    let old: String
    let new: String
  }

  let model: String
  let output: String
  let isDryRun: Bool
  let written: HeaderEdit.Method
  let headerBytes: Int
  let roomBytes: Int?
  let fileBytes: Int
  let metadata: MetadataDifference
  let renamedTensors: [Names]
}
