// SPDX-License-Identifier: MIT

/// A part of a text between special tokens, or one of them.
enum Fragment: Equatable {
  /// Bytes to be encoded.
  case text(Range<Int>)
  /// A token that stands for itself.
  case token(Int32)
}

/// One way of turning text into tokens.
protocol TextEncoder: Sendable {
  /// Whether the first tokens of a text are the same whatever follows, but for what follows closely.
  var isLocal: Bool { get }

  /// Appends the tokens of all fragments, in order, or at least the first ones.
  ///
  /// - Parameters:
  ///   - fragments: The parts of the text.
  ///   - text: The text.
  ///   - ids: Where to append.
  ///   - enough: With so many tokens in `ids` a local encoder may stop, after a word.
  /// - Returns: How many bytes were left when it stopped, as the encoder writes them.
  func encode(
    _ fragments: [Fragment], of text: [UInt8], into ids: inout [Int32], enough: Int
  ) -> Int
}
