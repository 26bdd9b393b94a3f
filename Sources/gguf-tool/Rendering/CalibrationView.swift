// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// How a calibration is shown: what it left as it was, and what came of it.
struct CalibrationView {
  let report: CalibrationReport

  /// Says on standard error which tensors are not calibrated, and where text is short.
  func tell() {
    for name in report.unusedTensors {
      Notes.write("\(name) is not calibrated: no product with the text takes it")
    }
    if let name = report.tiedEmbedding {
      Notes.write("\(name) is not calibrated: it is the embedding and the output matrix in one")
    }
    for tensor in report.tensorsWithoutFeedback {
      Notes.write("\(tensor.name) is not calibrated: \(tensor.type) has no codes to choose")
    }
    warnOfShortText()
    let unreached = report.matrices.count { $0.outcome == .unreached }
    if unreached > 0 {
      Warnings.write("\(unreached) matrices had no token of the text and are not calibrated")
    }
    let untested = report.matrices.count { $0.outcome == .rejected && $0.heldOutTokens == 0 }
    if untested > 0 {
      Warnings.write(
        "\(untested) matrices had no token of the text that is held out to test on, and are not"
          + " calibrated")
    }
  }

  private func warnOfShortText() {
    let few = report.matrices.filter { $0.outcome == .accepted && $0.tokens < $0.columns }
    guard
      let worst = few.min(by: { $0.tokens * $1.columns < $1.tokens * $0.columns })
    else { return }
    ShortText(
      tensor: worst.tensor, tokens: worst.tokens, columns: worst.columns,
      effectiveRank: worst.effectiveRank
    ).warn("\(few.count) matrices have")
  }

  /// Adds what came of it, by role.
  func add(to out: inout Report) {
    out.section("Calibration")
    var table = Table([
      .flexible("role"), .text("type"), .number("matrices"), .number("improved"),
      .number("error left"),
    ])
    for role in report.roles {
      table.add(
        role.role, role.type.name, Units.grouped(role.matrices), Units.grouped(role.accepted),
        role.remaining.map { Units.percent($0) } ?? "–")
    }
    out.table(table)
    out.line("Error left: of the squared error of outputs on text held out. Errors of weights")
    out.line("grow, so that those of outputs shrink.")
  }

  /// How a calibration is done, in a line.
  static func line(_ origin: CalibrationOrigin) -> String {
    let text = "\(Units.grouped(origin.windowCount)) windows of \(origin.windowLength) tokens"
    return "\(origin.method.rawValue), \(text)" + (origin.file.map { " (\($0))" } ?? "")
  }
}

/// A matrix that the text hardly serves.
struct ShortText {
  let tensor: String
  let tokens: Int
  let columns: Int
  let effectiveRank: Double

  /// Warns of it as the worst of some; `subject` says how many have.
  func warn(_ subject: String) {
    Warnings.write(
      "\(subject) fewer calibration tokens than columns (\(tensor): \(tokens) tokens, \(columns)"
        + " columns, effective rank \(Int(effectiveRank))); more text would serve them better")
  }
}

/// How a calibration is asked for, as JSON.
struct CalibrationOriginJSON: Encodable {
  let method: String
  let hessians: String?
  let datasets: [String]
  let windows: Int
  let windowLength: Int

  init(_ origin: CalibrationOrigin) {
    method = origin.method.rawValue
    hessians = origin.file
    datasets = origin.datasets
    windows = origin.windowCount
    windowLength = origin.windowLength
  }
}

/// What a calibration did, as JSON.
struct CalibrationJSON: Encodable {
  struct Settings: Encodable {
    let damping: Double
    let repair: Double
    let debtRepair: Double
    let passes: Int
    let compute: String
  }
  struct Role: Encodable {
    let role: String
    let type: String
    let matrices: Int
    let improved: Int
    let plainError: Double
    let error: Double
  }
  struct Matrix: Encodable {
    let tensor: String
    let part: Int?
    let type: String
    let outcome: String
    let tokens: Int
    let heldOutTokens: Int
    let effectiveRank: Double
    let damping: Double
    let plainError: Double
    let calibratedError: Double
  }

  let origin: CalibrationOriginJSON
  let settings: Settings
  let roles: [Role]
  let matrices: [Matrix]
  let uncalibratedTensors: [String]

  init(_ report: CalibrationReport) {
    origin = CalibrationOriginJSON(report.origin)
    let chosen = report.settings
    settings = Settings(
      damping: chosen.damping, repair: chosen.repair, debtRepair: chosen.debtRepair,
      passes: chosen.passes, compute: report.mode.rawValue)
    roles = report.roles.map {
      Role(
        role: $0.role, type: $0.type.name, matrices: $0.matrices, improved: $0.accepted,
        plainError: $0.plainError, error: $0.error)
    }
    matrices = report.matrices.map {
      Matrix(
        tensor: $0.tensor, part: $0.part, type: $0.type.name, outcome: $0.outcome.rawValue,
        tokens: $0.tokens, heldOutTokens: $0.heldOutTokens, effectiveRank: $0.effectiveRank,
        damping: $0.damping, plainError: $0.plainError, calibratedError: $0.calibratedError)
    }
    uncalibratedTensors =
      report.unusedTensors + (report.tiedEmbedding.map { [$0] } ?? [])
      + report.tensorsWithoutFeedback.map(\.name)
  }
}
