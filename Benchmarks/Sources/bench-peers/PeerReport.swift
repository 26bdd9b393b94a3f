// SPDX-License-Identifier: MIT
import BenchSupport
import Quant

/// All figures of a run, and what they were measured with.
struct PeerReport: Encodable {
  /// The processor's name.
  let processor = Machine.processor
  /// The level of our kernels.
  let kernels = Machine.kernels
  /// What our figures are compared with.
  let reference: String
  /// Rows of the speed measurement.
  let rows: Int
  /// Weights a row.
  let rowWeights: Int
  /// The clock that runs were measured with.
  let clock: Clock
  /// How long our encoders searched.
  let effort: String
  /// Million weights a second on one thread.
  let unit = "million weights a second on one thread"
  /// A line for each type.
  let types: [PeerFigures]

  /// What was measured, and with what: a line for each matter.
  var conditions: [String] {
    let time = clock == .cpu ? "processor time" : "wall clock"
    return [
      "\(processor), one thread, \(kernels) kernels"
        + (effort == Effort.default.rawValue ? "" : ", --effort \(effort)"),
      "against \(reference)",
      "medians of interleaved runs (\(time)), \(rows) rows of \(rowWeights) weights",
    ]
  }
}

extension PeerReport {
  /// Speeds, and the ratios of errors on the timed rows.
  func speedTable() -> TextTable {
    var table = TextTable(
      header: ["", "with", "imp.", "", "plain", "", "", "decode", "", "", "error", "ratio"],
      ["type", "ours", "ref", "×", "ours", "ref", "×", "ours", "ref", "×", "imp.", "plain"])
    for line in types {
      table.add(
        speedCells(line) + [
          Figures.ratio(line.weighted?.error.ratio), Figures.ratio(line.plain?.error.ratio),
        ])
    }
    return table
  }

  /// Speeds alone, with titles that stand by themselves.
  func speedTableForDocuments() -> TextTable {
    var table = TextTable(
      header: [
        "type", "encode, importance", "reference", "×", "encode, plain", "reference", "×",
        "decode", "reference", "×",
      ])
    for line in types { table.add(speedCells(line)) }
    return table
  }

  /// Relative errors on the timed rows.
  func errorTable() -> TextTable {
    var table = TextTable(
      header: ["type", "importance", "reference", "ratio", "plain", "reference", "ratio"])
    for line in types where line.weighted != nil || line.plain != nil {
      table.add([line.type] + cells(line.weighted?.error) + cells(line.plain?.error))
    }
    return table
  }

  /// The ratios alone, for a document that has room for few columns.
  func summaryTable() -> TextTable {
    var table = TextTable(
      header: ["type", "encode", "decode", "error, importance", "error, plain"])
    for line in types {
      table.add([
        line.type, Figures.times(line.weighted?.speed.ratio), Figures.times(line.decode?.ratio),
        Figures.ratio(line.weighted?.error.ratio), Figures.ratio(line.plain?.error.ratio),
      ])
    }
    return table
  }

  /// Ratios of errors over the committed vectors.
  func vectorTable() -> TextTable {
    let titles = VectorErrors.sets.flatMap { ["\($0), imp.", "plain"] }
    var table = TextTable(header: ["type"] + titles)
    for line in types where !line.vectors.isEmpty {
      table.add([line.type] + columns { line.ratio($0, weighted: $1) }.map(Figures.ratio))
    }
    let searched = types.filter(\.usesImportance)
    table.add(
      ["mean"]
        + columns { set, weighted in
          Figures.mean(searched.compactMap { $0.ratio(set, weighted: weighted) })
        }.map(Figures.ratio))
    return table
  }

  /// The mean ratio over all sets, of the types that the reference searches by importance.
  func meanVectorRatio(weighted: Bool) -> Double? {
    let ratios = types.filter(\.usesImportance).flatMap(\.vectors)
      .filter { $0.isWeighted == weighted }.map(\.error.ratio)
    return Figures.mean(ratios.filter(\.isFinite))
  }

  private func columns(_ cell: (String, Bool) -> Double?) -> [Double?] {
    VectorErrors.sets.flatMap { [cell($0, true), cell($0, false)] }
  }

  private func speedCells(_ line: PeerFigures) -> [String] {
    [line.type] + cells(line.weighted?.speed, goal: Goals.encode(line.type))
      + cells(line.plain?.speed, goal: 0) + cells(line.decode, goal: Goals.decode)
  }

  /// Two speeds and how many times the first is the second, marked where it misses its goal.
  private func cells(_ speed: Comparison?, goal: Double) -> [String] {
    guard let speed else { return Array(repeating: Figures.none, count: 3) }
    let mark = speed.ratio < goal * Goals.part ? "!" : ""
    return [
      Figures.speed(speed.ours), Figures.speed(speed.reference), Figures.speed(speed.ratio) + mark,
    ]
  }

  private func cells(_ error: Comparison?) -> [String] {
    [
      Figures.error(error?.ours), Figures.error(error?.reference), Figures.ratio(error?.ratio),
    ]
  }
}

extension PeerFigures {
  /// Whether the reference was recorded with importance: it is for all types that it searches.
  fileprivate var usesImportance: Bool { vectors.contains(where: \.isWeighted) }

  /// The ratio of errors on one set of vectors.
  fileprivate func ratio(_ set: String, weighted: Bool) -> Double? {
    vectors.first { $0.set == set && $0.isWeighted == weighted }?.error.ratio
  }
}
