// SPDX-License-Identifier: MIT

/// Cuts text into words, cut after cut.
struct TextSplitter: Sendable {
  private enum Cut {
    case pattern(SplitPattern)
    case trailingSpace
    case threes(CharacterClass, withText: Bool)
  }

  private let cuts: [Cut]
  private static let digits = CharacterClass(keys: UInt8(ascii: "0")...UInt8(ascii: "9"))
  private static let numbers = CharacterClass(
    keys: Array(UInt8(ascii: "0")...UInt8(ascii: "9")) + [CharacterKey.number])

  init(_ splits: [PreTokenizer.Split]) {
    cuts = splits.map { split in
      switch split {
      case .pattern(let text): .pattern(SplitPattern(text))
      case .trailingSpace: .trailingSpace
      case .threes: .threes(Self.digits, withText: false)
      case .threesWithText: .threes(Self.numbers, withText: true)
      }
    }
  }

  /// Calls `body` with the place of every word of a part of a text, in order, until it returns false.
  ///
  /// - Complexity: O(*n*) in the bytes for each cut.
  func forEachWord(
    of text: ClassifiedText, in range: Range<Int>, _ body: (Range<Int>) -> Bool
  ) {
    _ = split(text, range, cut: 0, body)
  }

  private func split(
    _ text: ClassifiedText, _ range: Range<Int>, cut: Int, _ body: (Range<Int>) -> Bool
  ) -> Bool {
    guard !range.isEmpty else { return true }
    guard cut < cuts.count else { return body(range) }
    var rest = range.lowerBound
    let goesOn = forEachMatch(cuts[cut], text, range) { match in
      guard split(text, rest..<match.lowerBound, cut: cut + 1, body) else { return false }
      rest = match.upperBound
      return split(text, match, cut: cut + 1, body)
    }
    return goesOn && split(text, rest..<range.upperBound, cut: cut + 1, body)
  }

  private func forEachMatch(
    _ cut: Cut, _ text: ClassifiedText, _ range: Range<Int>, _ body: (Range<Int>) -> Bool
  ) -> Bool {
    switch cut {
    case .pattern(let pattern):
      var place = range.lowerBound
      while place < range.upperBound {
        if let end = pattern.match(text, at: place, end: range.upperBound) {
          guard body(place..<end) else { return false }
          place = end
        } else {
          place = text.next(place)
        }
      }
      return true
    case .trailingSpace: return body(trailingSpace(text, range))
    case .threes(let set, let withText):
      return forEachThree(set, withText: withText, text, range, body)
    }
  }

  private func trailingSpace(_ text: ClassifiedText, _ range: Range<Int>) -> Range<Int> {
    var start = range.upperBound
    while start > range.lowerBound {
      let previous = text.previous(start)
      guard Self.isSpace(text.keys[previous]) else { break }
      start = previous
    }
    return start..<range.upperBound
  }

  private static func isSpace(_ key: UInt8) -> Bool {
    key == 0x20 || (0x09...0x0D).contains(key) || key == CharacterKey.space
  }

  private func forEachThree(
    _ set: CharacterClass, withText: Bool, _ text: ClassifiedText, _ range: Range<Int>,
    _ body: (Range<Int>) -> Bool
  ) -> Bool {
    var (start, place) = (range.lowerBound, range.lowerBound)
    while place < range.upperBound {
      var left = runLength(of: set, text, place, range.upperBound)
      if left == 0 { place = text.next(place) }
      while left > 0 {
        if !withText { start = place }
        repeat {
          place = text.next(place)
          left -= 1
        } while left % 3 != 0
        guard body(start..<place) else { return false }
        start = place
      }
    }
    return true
  }

  private func runLength(
    of set: CharacterClass, _ text: ClassifiedText, _ start: Int, _ end: Int
  ) -> Int {
    var (place, count) = (start, 0)
    while place < end, set.contains(text, place) {
      place = text.next(place)
      count += 1
    }
    return count
  }
}
