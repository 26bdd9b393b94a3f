// SPDX-License-Identifier: MIT
import BenchSupport
import GGUF
import Quant

/// One type, encoded with one effort.
struct EffortFigure: Encodable {
  /// The effort.
  let effort: String
  /// The time with importance, as a multiple of the default's.
  let time: Double
  /// Our error as a multiple of the reference's, with importance: the mean over the sets of vectors.
  let weighted: Double?
  /// The same without.
  let plain: Double?
}

/// One type, encoded with all efforts.
struct EffortFigures: Encodable {
  /// The type's name.
  let type: String
  /// A figure for each effort.
  let figures: [EffortFigure]

  /// Measures a type; `nil` if it is not written, or the same with every effort.
  init?(
    of type: TensorType, _ rows: Rows, _ vectors: VectorErrors, seconds: Double, clock: Clock
  ) {
    let efforts = Effort.allCases.map { ($0, Codec(type, effort: $0)) }
    var blocks = Effort.allCases.map { _ in [UInt8]() }
    func encode(_ index: Int) {
      efforts[index].1?.encode(
        rows.weights, rowWeights: rows.rowWeights, importance: rows.importance,
        into: &blocks[index])
    }
    for (index, codec) in efforts.map(\.1).enumerated() {
      guard let codec, codec.encodes else { return nil }
      blocks[index] = [UInt8](repeating: 0, count: codec.byteCount(rows.weights.count))
      encode(index)
    }
    guard Set(blocks).count > 1, let middle = Effort.allCases.firstIndex(of: .default)
    else { return nil }
    self.type = type.name
    figures = efforts.enumerated().compactMap { index, pair in
      guard let codec = pair.1 else { return nil }
      let times =
        index == middle
        ? (1, 1)
        : Timing.medians(seconds: seconds, clock: clock) {
          encode(index)
        } _: {
          encode(middle)
        }
      let errors = vectors.errors(of: type, codec)
      return EffortFigure(
        effort: pair.0.rawValue, time: times.0 / times.1,
        weighted: Figures.mean(errors.filter(\.isWeighted).map(\.error.ratio)),
        plain: Figures.mean(errors.filter { !$0.isWeighted }.map(\.error.ratio)))
    }
  }
}

/// What more and less effort come to.
struct EffortReport: Encodable {
  /// A line for each type that effort changes.
  let types: [EffortFigures]

  /// Times and errors of each effort, with their means.
  func table() -> TextTable {
    var table = TextTable(
      header: ["type"]
        + Effort.allCases.flatMap { effort in
          (effort == .default ? [] : ["\(effort), time"]) + ["\(effort), imp.", "plain"]
        })
    for line in types { table.add([line.type] + line.figures.flatMap(cells)) }
    let means = Effort.allCases.map { effort in
      let all = types.flatMap(\.figures).filter { $0.effort == effort.rawValue }
      return EffortFigure(
        effort: effort.rawValue, time: Figures.mean(all.map(\.time)) ?? .nan,
        weighted: Figures.mean(all.compactMap(\.weighted)),
        plain: Figures.mean(all.compactMap(\.plain)))
    }
    table.add(["mean"] + means.flatMap(cells))
    return table
  }

  private func cells(_ figure: EffortFigure) -> [String] {
    (figure.effort == Effort.default.rawValue ? [] : [Figures.ratio(figure.time)])
      + [Figures.ratio(figure.weighted), Figures.ratio(figure.plain)]
  }
}
