// SPDX-License-Identifier: MIT

/// Cuts tokens out of a text that stand for themselves wherever they are written.
///
/// The longest are cut first, over the whole text; of those of one length the ones with smaller
/// numbers, and each from left to right. This is llama.cpp's order (`tokenizer_st_partition`), done
/// in one walk over the text instead of one for each token.
struct SpecialTokenCutter: Sendable {
  /// Attributes of tokens that may be cut out.
  static let special: TokenAttributes = [.control, .userDefined, .unknown]

  /// Tokens to look for.
  private struct Tokens: Sendable {
    var tree = ByteTrie()
    var lengths: Set<Int> = []

    mutating func insert(_ text: ArraySlice<UInt8>, _ id: Int32) {
      tree.insert(text, value: id)
      lengths.insert(text.count)
    }
  }

  private let vocabulary: Vocabulary
  private let all: Tokens
  private let userDefined: Tokens

  init(_ vocabulary: Vocabulary) {
    var (all, userDefined) = (Tokens(), Tokens())
    for id in 0..<Int32(vocabulary.count) {
      let attributes = vocabulary.attributes(of: id)
      guard !attributes.isDisjoint(with: Self.special) else { continue }
      all.insert(vocabulary.text(of: id), id)
      guard attributes.isDisjoint(with: [.control, .unknown]) else { continue }
      userDefined.insert(vocabulary.text(of: id), id)
    }
    self.vocabulary = vocabulary
    self.all = all
    self.userDefined = userDefined
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
  /// - Complexity: O(*n* log *n*) in the bytes, for tokens of bounded length; O(*n*) memory for any.
  func cut(_ text: [UInt8], parseSpecial: Bool) -> [Fragment] {
    let tokens = parseSpecial ? all : userDefined
    guard !text.isEmpty, !tokens.lengths.isEmpty else {
      return text.isEmpty ? [] : [.text(text.indices)]
    }
    return fragments(of: text, around: choose(tokens, text))
  }

  /// The longest token that begins a part of a text.
  private func longest(_ tokens: Tokens, _ text: [UInt8], _ part: Range<Int>) -> Occurrence? {
    var (node, found) = (ByteTrie.root, nil as Occurrence?)
    for place in part {
      node = tokens.tree.child(node, text[place])
      guard node != ByteTrie.none else { break }
      let id = tokens.tree.value(node)
      if id != ByteTrie.none { found = Occurrence(id: id, range: part.lowerBound..<place + 1) }
    }
    return found
  }

  /// The occurrences that do not touch what was taken by one before them, in the order of the text;
  /// ranges take in the white space that belongs to the tokens.
  ///
  /// Of each place only the longest token waits. One that has lost some of its bytes gives way to the
  /// longest of those that end before them. Each taken token does that to no more than it has bytes.
  private func choose(_ tokens: Tokens, _ text: [UInt8]) -> [Occurrence] {
    var waiting: [Int: [Occurrence]] = [:]
    func wait(_ part: Range<Int>) {
      guard let found = longest(tokens, text, part) else { return }
      waiting[found.range.count, default: []].append(found)
    }
    for start in text.indices { wait(start..<text.count) }
    guard !waiting.isEmpty else { return [] }
    var isTaken = [Bool](repeating: false, count: text.count)
    var chosen: [Occurrence] = []
    for length in tokens.lengths.sorted(by: >) {
      let found = waiting.removeValue(forKey: length) ?? []
      for occurrence in found.sorted(by: {
        ($0.id, $0.range.lowerBound) < ($1.id, $1.range.lowerBound)
      }) {
        if let taken = occurrence.range.first(where: { isTaken[$0] }) {
          wait(occurrence.range.lowerBound..<taken)
        } else {
          chosen.append(take(occurrence, text, &isTaken))
        }
      }
    }
    return chosen.sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  /// Takes an occurrence, with its white space.
  private func take(
    _ occurrence: Occurrence, _ text: [UInt8], _ isTaken: inout [Bool]
  ) -> Occurrence {
    var (start, end) = (occurrence.range.lowerBound, occurrence.range.upperBound)
    let attributes = vocabulary.attributes(of: occurrence.id)
    if attributes.contains(.stripsLeft) {
      while start > 0, !isTaken[start - 1], Self.isSpace(text[start - 1]) { start -= 1 }
    }
    if attributes.contains(.stripsRight) {
      while end < text.count, !isTaken[end], Self.isSpace(text[end]) { end += 1 }
    }
    for place in start..<end { isTaken[place] = true }
    return Occurrence(id: occurrence.id, range: start..<end)
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
