// SPDX-License-Identifier: MIT

/// A regular expression of the few forms that pre-tokenizers use, matched over classified text.
///
/// Alternatives are tried in order. Quantifiers are greedy and give back; groups that repeat are
/// followed by nothing that needs them to, and do not. A table tells from the first character which
/// alternatives can match at all.
final class SplitPattern: Sendable {
  /// One step of an alternative.
  enum Node: Sendable {
    /// From `least` to `most` characters of a class.
    case run(class: Int, least: Int, most: Int)
    /// The next character is not of a class.
    case notBefore(class: Int)
    /// One of a range of alternatives, from `least` to `most` times.
    case group(alternatives: Range<Int>, least: Int, most: Int)
  }

  /// Nodes of all alternatives, each alternative in one piece.
  let nodes: [Node]
  /// The nodes of each alternative.
  let alternatives: [Range<Int>]
  /// The alternatives of the whole pattern; the others belong to groups.
  let top: Range<Int>
  private let classes: [CharacterClass]
  /// What the classes say of keys alone: plain bits, for the loop that everything waits for.
  private let keys: [KeySet]
  /// For each key, a bit for each alternative of the pattern that may begin with it.
  private let dispatch: [UInt32]

  /// Compiles a pattern.
  ///
  /// - Precondition: The pattern is one that `SplitPatternParser` knows: patterns are constants.
  init(_ pattern: String) {
    var parser = SplitPatternParser(pattern)
    top = parser.parse()
    nodes = parser.nodes
    alternatives = parser.alternatives
    classes = parser.classes
    keys = classes.map(\.keys)
    precondition(top.count <= 32, "more alternatives than bits")
    dispatch = parser.dispatch(top)
  }

  /// Where a match that begins at `start` ends, or `nil`; it does not go beyond `end`.
  func match(_ text: ClassifiedText, at start: Int, end: Int) -> Int? {
    var candidates = dispatch[Int(text.keys[start])]
    while candidates != 0 {
      let alternative = top.lowerBound + candidates.trailingZeroBitCount
      if let found = match(alternatives[alternative], text, start, end) { return found }
      candidates &= candidates - 1
    }
    return nil
  }

  private func match(
    _ rest: Range<Int>, _ text: ClassifiedText, _ place: Int, _ end: Int
  ) -> Int? {
    guard let first = rest.first else { return place }
    let rest = rest.dropFirst()
    switch nodes[first] {
    case .run(let set, let least, let most):
      return matchRun(set, least, most, then: rest, text, place, end)
    case .notBefore(let set):
      guard place == end || !contains(set, text, place) else { return nil }
      return match(rest, text, place, end)
    case .group(let choices, let least, let most):
      return matchGroup(choices, least, most, then: rest, text, place, end)
    }
  }

  private func contains(_ set: Int, _ text: ClassifiedText, _ place: Int) -> Bool {
    let key = text.keys[place]
    return key < 0x80 ? keys[set].contains(key) : classes[set].contains(text, place)
  }

  private func matchRun(
    _ set: Int, _ least: Int, _ most: Int, then rest: Range<Int>,
    _ text: ClassifiedText, _ start: Int, _ end: Int
  ) -> Int? {
    var (place, count) = (start, 0)
    while count < most, place < end, contains(set, text, place) {
      place = text.next(place)
      count += 1
    }
    guard count >= least else { return nil }
    if rest.isEmpty { return place }
    while true {
      if let found = match(rest, text, place, end) { return found }
      guard count > least else { return nil }
      place = text.previous(place)
      count -= 1
    }
  }

  private func matchGroup(
    _ choices: Range<Int>, _ least: Int, _ most: Int, then rest: Range<Int>,
    _ text: ClassifiedText, _ start: Int, _ end: Int
  ) -> Int? {
    var (place, count) = (start, 0)
    while count < most, let next = matchOne(of: choices, text, place, end), next > place {
      place = next
      count += 1
    }
    return count >= least ? match(rest, text, place, end) : nil
  }

  private func matchOne(
    of choices: Range<Int>, _ text: ClassifiedText, _ place: Int, _ end: Int
  ) -> Int? {
    for choice in choices {
      if let found = match(alternatives[choice], text, place, end) { return found }
    }
    return nil
  }
}
