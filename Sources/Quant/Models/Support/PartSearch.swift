// SPDX-License-Identifier: MIT

extension String {
  /// Whether a text stands anywhere in this one, byte for byte.
  ///
  /// The library's `contains` compares characters, which takes a hundred times as long: too long for the
  /// forty parts of names that are looked for in every tensor's name.
  ///
  /// - Complexity: O(*n* · *m*) in bytes.
  package func holds(_ part: String) -> Bool {
    let (text, wanted) = (utf8.span, part.utf8.span)
    guard wanted.count <= text.count else { return false }
    for start in 0...text.count - wanted.count {
      var length = 0
      while length < wanted.count, text[start + length] == wanted[length] { length += 1 }
      if length == wanted.count { return true }
    }
    return false
  }
}
