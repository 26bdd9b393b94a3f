// SPDX-License-Identifier: MIT

/// Which windows of a text are evaluated and which of their tokens count: results compare only within
/// one protocol.
public enum EvaluationProtocol: String, Sendable, CaseIterable, Encodable {
  /// That of llama.cpp and its tables: windows of 512, the first token of each replaced by BOS if the
  /// tokenizer adds one, and only tokens with at least half a window before them counted.
  case llama
  /// That of the GPTQ family of papers: windows of 2,048, as they are, all their tokens counted.
  case full

  /// Tokens in a window, where nothing else is asked for.
  public var defaultWindow: Int {
    switch self {
    case .llama: 512
    case .full: 2048
    }
  }

  /// The positions in a window whose logits count, each for the token after it.
  ///
  /// - Parameter length: Tokens in a window.
  /// - Returns: Positions from 0 on, never the last: no token follows that.
  public func countedPositions(length: Int) -> Range<Int> {
    switch self {
    case .llama: length / 2..<length - 1
    case .full: 0..<length - 1
    }
  }
}
