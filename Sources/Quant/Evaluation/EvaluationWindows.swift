// SPDX-License-Identifier: MIT
public import QuantModels

/// The tokens of a text as a protocol cuts them: windows side by side, none overlapping, what is left
/// at the end dropped.
public struct EvaluationWindows: Sendable, Equatable {
  /// The fewest tokens that a window may have.
  public static let shortest = 4

  /// The protocol.
  public let rules: EvaluationProtocol
  /// Tokens in a window.
  public let length: Int
  /// `count` · `length` tokens, window after window, as the model gets them.
  public let tokens: [Int32]
  /// The positions in a window whose logits count.
  public let counted: Range<Int>

  /// How many windows there are.
  public var count: Int { tokens.count / length }
  /// How many tokens are predicted and count, in all windows.
  public var countedTokens: Int { count * counted.count }

  /// Cuts a text.
  ///
  /// - Parameters:
  ///   - tokens: The whole text, with BOS before it if the tokenizer adds one.
  ///   - rules: The protocol.
  ///   - length: Tokens in a window; by default the protocol's.
  ///   - limit: The most windows to use.
  ///   - bos: The token that the tokenizer puts before a text, if it does. For `llama` it takes the
  ///     place of each window's first token, which counts nowhere.
  /// - Throws: `QuantError.setting` for a text shorter than two windows, whatever the limit, for
  ///   windows too short to count anything in, and for a limit below 1.
  public init(
    tokens: [Int32], rules: EvaluationProtocol, length: Int? = nil, limit: Int? = nil,
    bos: Int32? = nil
  ) throws(QuantError) {
    let length = length ?? rules.defaultWindow
    try Self.check(tokens: tokens.count, length: length, limit: limit)
    let count = min(tokens.count / length, limit ?? .max)
    var kept = Array(tokens[..<(count * length)])
    if let bos, rules == .llama {
      for start in stride(from: 0, to: kept.count, by: length) { kept[start] = bos }
    }
    self.rules = rules
    self.length = length
    self.tokens = kept
    counted = rules.countedPositions(length: length)
  }

  /// Puts the windows of several texts together.
  ///
  /// Throws `QuantError.setting` if there are none, or of different protocols or lengths.
  public init(joining parts: [EvaluationWindows]) throws(QuantError) {
    guard let first = parts.first else { throw .setting(.windowCount, what: "there is no text") }
    guard parts.allSatisfy({ $0.rules == first.rules && $0.length == first.length }) else {
      throw .setting(.windowLength, what: "texts can be joined only in windows of equal length")
    }
    rules = first.rules
    length = first.length
    counted = first.counted
    // In turns, so that the first windows are of all texts.
    let length = first.length
    let most = parts.map(\.count).max() ?? 0
    tokens = (0..<most).flatMap { window in
      parts.filter { window < $0.count }
        .flatMap { $0.tokens[window * length..<(window + 1) * length] }
    }
  }

  private init(_ all: EvaluationWindows, _ range: Range<Int>) {
    rules = all.rules
    length = all.length
    counted = all.counted
    tokens = Array(all.tokens[range.lowerBound * length..<range.upperBound * length])
  }

  /// Some of the windows.
  ///
  /// - Precondition: There are such windows.
  package func only(_ range: Range<Int>) -> EvaluationWindows { EvaluationWindows(self, range) }

  /// The token that the logits at a position of a window should predict.
  ///
  /// - Precondition: There are such a window and such a position, and the position is not the last.
  public func target(window: Int, position: Int) -> Int32 {
    precondition(position >= 0 && position + 1 < length)
    return tokens[window * length + position + 1]
  }

  private static func check(tokens: Int, length: Int, limit: Int?) throws(QuantError) {
    guard length >= shortest else {
      throw .setting(
        .windowLength, what: "windows of \(length) tokens: expected at least \(shortest)")
    }
    if let limit, limit < 1 {
      throw .setting(.windowCount, what: "\(limit) windows: expected at least 1")
    }
    guard tokens / 2 >= length else {
      throw .setting(
        .windowLength,
        what:
          "the text has \(tokens) tokens: too few for two windows of \(length). Take a longer text"
          + " or shorter windows")
    }
  }
}

extension EvaluationWindows {
  /// The rows of counted tokens alone, packed in place at the start of whole windows' rows.
  package func packCounted(_ states: Matrix) -> Matrix {
    let count = states.rows / length
    let size = counted.count
    for window in 0..<count {
      for index in 0..<size {
        let source = window * length + counted.lowerBound + index
        let target = window * size + index
        guard source != target else { continue }
        states.rows(target..<target + 1).copy(from: states.rows(source..<source + 1))
      }
    }
    return states.rows(0..<count * size)
  }
}
