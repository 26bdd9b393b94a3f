// SPDX-License-Identifier: MIT
import Quant

/// Logits for people: the most probable next tokens of each position.
struct LogitsView {
  let logits: Matrix
  let tokens: [Int32]
  let tokenizer: Tokenizer?

  private struct Position: Encodable {
    struct Candidate: Encodable {
      let token: Int
      let piece: String
      let logit: Float
    }
    let position: Int
    let token: Int32
    let best: [Candidate]
  }

  private struct JSON: Encodable {
    let compute: String
    let tokenCount: Int
    let vocabulary: Int
    let output: String?
    let positions: [Position]
  }

  /// Writes the result.
  func show(_ mode: ComputeMode, output: String?, isJSON: Bool) throws {
    let positions = tokens.indices.map(position)
    if isJSON {
      return try JSONOutput.write(
        JSON(
          compute: mode.rawValue, tokenCount: tokens.count, vocabulary: logits.columns,
          output: output, positions: positions))
    }
    var report = Report()
    report.section("Logits")
    report.facts([
      ("positions", Units.grouped(tokens.count)), ("vocabulary", Units.grouped(logits.columns)),
      ("compute", mode.rawValue), ("written to", output),
    ])
    if output == nil { report.table(table(positions)) }
    try report.write()
  }

  private func table(_ positions: [Position]) -> Table {
    var table = Table([.number("position"), .text("token"), .flexible("most probable next")])
    for position in positions {
      let best = position.best.map { "\($0.piece) \(Units.fixed(Double($0.logit), 2))" }
      table.add(
        String(position.position), piece(Int(position.token)), best.joined(separator: "  "))
    }
    return table
  }

  private func position(_ row: Int) -> Position {
    let best = logits.withRow(row) { span in
      var best: [(token: Int, logit: Float)] = []
      for token in span.indices {
        guard best.count < 5 || span[token] > best[4].logit else { continue }
        let place = best.firstIndex { $0.logit < span[token] } ?? best.count
        best.insert((token, span[token]), at: place)
        if best.count > 5 { best.removeLast() }
      }
      return best
    }
    return Position(
      position: row, token: tokens[row],
      best: best.map { .init(token: $0.token, piece: piece($0.token), logit: $0.logit) })
  }

  private func piece(_ token: Int) -> String {
    guard let tokenizer, token < tokenizer.vocabulary.count else { return "\(token)" }
    return String(decoding: tokenizer.piece(of: Int32(token)), as: UTF8.self).debugDescription
  }
}
