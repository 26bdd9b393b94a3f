// SPDX-License-Identifier: MIT

/// Cuts tokens out of a text that stand for themselves wherever they are written.
///
/// The longest are cut first, over the whole text; of those of one length the ones with smaller
/// numbers, and each from left to right. This is llama.cpp's order (`tokenizer_st_partition`), done
/// in one walk over the text instead of one for each token.
struct SpecialTokenCutter: Sendable {
  /// Attributes of tokens that may be cut out.
  static let special: TokenAttributes = [.control, .userDefined, .unknown]

  private let vocabulary: Vocabulary
  private let all: ByteTrie
  private let userDefined: ByteTrie
  private let hasUserDefined: Bool

  init(_ vocabulary: Vocabulary) {
    var (all, userDefined) = (ByteTrie(), ByteTrie())
    var hasUserDefined = false
    for id in 0..<Int32(vocabulary.count) {
      let attributes = vocabulary.attributes(of: id)
      guard !attributes.isDisjoint(with: Self.special) else { continue }
      all.insert(vocabulary.text(of: id), value: id)
      guard attributes.isDisjoint(with: [.control, .unknown]) else { continue }
      userDefined.insert(vocabulary.text(of: id), value: id)
      hasUserDefined = true
    }
    self.vocabulary = vocabulary
    self.all = all
    self.userDefined = userDefined
    self.hasUserDefined = hasUserDefined
  }

  private struct Occurrence {
    let id: Int32
    let range: Range<Int>
  }

  /// Cuts a text.
  ///
  /// - Parameters:
  ///   - text: The bytes.
  ///   - parseSpecial: Whether control tokens and the unknown token are cut out too, and not only
  ///     user-defined ones.
  /// - Returns: Tokens and what lies between them; no empty parts.
  /// - Complexity: O(*n* log *n*) in the bytes, for tokens of bounded length.
  func cut(_ text: [UInt8], parseSpecial: Bool) -> [Fragment] {
    let whole: [Fragment] = text.isEmpty ? [] : [.text(text.indices)]
    guard parseSpecial || hasUserDefined else { return whole }
    var found = occurrences(of: parseSpecial ? all : userDefined, in: text)
    guard !found.isEmpty else { return whole }
    found.sort { a, b in
      (b.range.count, a.id, a.range.lowerBound) < (a.range.count, b.id, b.range.lowerBound)
    }
    return fragments(of: text, around: choose(found, text))
  }

  private func occurrences(of trie: ByteTrie, in text: [UInt8]) -> [Occurrence] {
    var found: [Occurrence] = []
    for start in text.indices {
      var (node, end) = (ByteTrie.root, start)
      while end < text.count {
        node = trie.child(node, text[end])
        guard node != ByteTrie.none else { break }
        end += 1
        let id = trie.value(node)
        if id != ByteTrie.none { found.append(Occurrence(id: id, range: start..<end)) }
      }
    }
    return found
  }

  /// The occurrences that do not touch what was taken by one before them, in the order of the text;
  /// ranges take in the white space that belongs to the tokens.
  private func choose(_ found: [Occurrence], _ text: [UInt8]) -> [Occurrence] {
    var isTaken = [Bool](repeating: false, count: text.count)
    var chosen: [Occurrence] = []
    for occurrence in found where !occurrence.range.contains(where: { isTaken[$0] }) {
      var (start, end) = (occurrence.range.lowerBound, occurrence.range.upperBound)
      let attributes = vocabulary.attributes(of: occurrence.id)
      if attributes.contains(.stripsLeft) {
        while start > 0, !isTaken[start - 1], Self.isSpace(text[start - 1]) { start -= 1 }
      }
      if attributes.contains(.stripsRight) {
        while end < text.count, !isTaken[end], Self.isSpace(text[end]) { end += 1 }
      }
      for place in start..<end { isTaken[place] = true }
      chosen.append(Occurrence(id: occurrence.id, range: start..<end))
    }
    return chosen.sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  private func fragments(of text: [UInt8], around chosen: [Occurrence]) -> [Fragment] {
    var fragments: [Fragment] = []
    var start = 0
    for occurrence in chosen {
      if start < occurrence.range.lowerBound {
        fragments.append(.text(start..<occurrence.range.lowerBound))
      }
      fragments.append(.token(occurrence.id))
      start = occurrence.range.upperBound
    }
    if start < text.count { fragments.append(.text(start..<text.count)) }
    return fragments
  }

  /// White space as C's `isspace` sees it.
  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }
}
