// SPDX-License-Identifier: MIT
internal import QuantEvaluation
internal import QuantModels

/// The text of a calibration: its rows as they are worked on, and those that are held out.
struct CalibrationText {
  let windows: EvaluationWindows
  /// Every so many windows the last is held out.
  static let period = 8

  /// Tokens.
  var count: Int { windows.tokens.count }
  private var length: Int { windows.length }

  /// Whether a token's window is held out. One of a short text is, too, unless it is the only one.
  func isHeldOut(token: Int) -> Bool { isHeldOut(window: token / length) }

  private func isHeldOut(window: Int) -> Bool {
    let period = min(Self.period, windows.count)
    return period > 1 && window % period == period - 1
  }

  /// Rows of whole windows, `chunk` at once.
  func chunks(of chunk: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: chunk).map { $0..<min($0 + chunk, count) }
  }

  /// Adds rows to moments, or keeps them apart.
  ///
  /// - Parameters:
  ///   - x: The quantized model's rows of whole windows.
  ///   - whole: The whole model's.
  ///   - rows: Which rows of the text they are.
  ///   - moments: What they are added to.
  ///   - workers: Threads to work with.
  /// - Throws: Nothing of its own.
  func add(
    _ x: Matrix, whole: Matrix?, of rows: Range<Int>, to moments: SecondMoments, _ workers: Workers
  ) throws(QuantError) {
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: length) {
      let part = start - rows.lowerBound..<start - rows.lowerBound + length
      if isHeldOut(token: start) {
        moments.keepApart(x.rows(part), whole: whole?.rows(part))
      } else {
        try moments.add(x.rows(part), whole: whole?.rows(part), workers)
      }
    }
  }
}
