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

  /// Refuses a text of one window, which leaves none to test on.
  static func check(_ windows: EvaluationWindows) throws(QuantError) {
    guard windows.count > 1 else {
      throw .setting(
        .windowCount,
        what: "1 window: expected at least 2 to calibrate with, as some are held out to test on")
    }
  }

  /// Whether a token's window is held out. One of a short text is, too, unless it is the only one.
  func isHeldOut(token: Int) -> Bool {
    let period = min(Self.period, windows.count)
    return period > 1 && token / length % period == period - 1
  }

  /// Rows of whole windows, `chunk` at once.
  func chunks(of chunk: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: chunk).map { $0..<min($0 + chunk, count) }
  }

  /// Adds rows to moments, or keeps them apart.
  ///
  /// - Parameters:
  ///   - x: The quantized model's rows.
  ///   - whole: The whole model's.
  ///   - debt: What outputs are to make up for, if anything.
  ///   - tokens: Which tokens of the text they are of, in order.
  ///   - moments: What they are added to.
  ///   - workers: Threads to work with.
  /// - Throws: Nothing of its own.
  func add(
    _ x: Matrix, whole: Matrix?, debt: Matrix? = nil, of tokens: some RandomAccessCollection<Int>,
    to moments: SecondMoments, _ workers: Workers
  ) throws(QuantError) {
    let areHeldOut = tokens.map { isHeldOut(token: $0) }
    var start = 0
    while start < areHeldOut.count {
      let end = areHeldOut[start...].firstIndex { $0 != areHeldOut[start] } ?? areHeldOut.count
      let rows = start..<end
      if areHeldOut[start] {
        moments.keepApart(x.rows(rows), whole: whole?.rows(rows), debt: debt?.rows(rows))
      } else {
        try moments.add(
          x.rows(rows), whole: whole?.rows(rows), debt: debt?.rows(rows), workers)
      }
      start = end
    }
  }
}
