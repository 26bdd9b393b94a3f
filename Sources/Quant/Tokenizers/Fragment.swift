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
  /// Appends the tokens of all fragments, in order.
  func encode(_ fragments: [Fragment], of text: [UInt8], into ids: inout [Int32])
}
