// SPDX-License-Identifier: MIT

/// A set of characters, as `[…]` and `\p{…}` name them: a bit for each key (`CharacterKey`), and
/// ranges of single characters beyond ASCII where keys are not enough.
struct CharacterClass: Equatable {
  /// The keys whose characters are in the set, as far as ranges do not say otherwise.
  private(set) var keys = KeySet()
  /// Ranges beyond ASCII that are added to the set, or taken away from it.
  private(set) var ranges: [ClosedRange<UInt32>] = []
  private(set) var takesAway = false

  /// The empty set.
  init() {}

  /// A set of keys.
  init(keys: some Sequence<UInt8>) {
    for key in keys { self.keys.insert(key) }
  }

  /// Adds all characters of a range.
  mutating func insert(_ range: ClosedRange<UInt32>) {
    for value in range where value < 0x80 { keys.insert(UInt8(value)) }
    guard range.upperBound >= 0x80 else { return }
    ranges.append(max(0x80, range.lowerBound)...range.upperBound)
    ranges.sort { $0.lowerBound < $1.lowerBound }
    ranges = ranges.dropFirst().reduce(into: [ranges[0]]) { joined, next in
      let last = joined[joined.count - 1]
      if next.lowerBound <= last.upperBound {
        joined[joined.count - 1] = last.lowerBound...max(last.upperBound, next.upperBound)
      } else {
        joined.append(next)
      }
    }
  }

  /// Adds a set without ranges.
  mutating func formUnion(_ other: CharacterClass) {
    precondition(other.ranges.isEmpty, "a named set has no ranges")
    keys = keys.union(other.keys)
  }

  /// All characters that are not in the set.
  var inverted: CharacterClass {
    var result = self
    result.keys = keys.inverted
    result.takesAway = !takesAway
    return result
  }

  /// The set without the characters of another.
  func subtracting(_ other: CharacterClass) -> CharacterClass {
    precondition(ranges.isEmpty && !other.takesAway, "ranges on one side only")
    var result = other.inverted
    result.keys = result.keys.intersection(keys)
    return result
  }

  /// Whether some characters with a key may be in the set.
  func mayContain(key: UInt8) -> Bool {
    keys.contains(key) || (key >= 0x80 && !ranges.isEmpty && !takesAway)
  }

  /// Whether the character at a place of a text is in the set.
  ///
  /// White space beyond ASCII is only known as white space: ranges do not find it.
  func contains(_ text: ClassifiedText, _ place: Int) -> Bool {
    let key = text.keys[place]
    let byKey = keys.contains(key)
    if ranges.isEmpty || key < 0x80 || key == CharacterKey.space || byKey != takesAway {
      return byKey
    }
    return hasRange(text.scalar(place)) != takesAway
  }

  private func hasRange(_ value: UInt32) -> Bool {
    var (start, end) = (0, ranges.count)
    while start < end {
      let middle = (start + end) / 2
      if ranges[middle].upperBound < value { start = middle + 1 } else { end = middle }
    }
    return start < ranges.count && ranges[start].contains(value)
  }
}

/// A set of keys: a bit for each.
struct KeySet: Equatable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0
  private var beyond: UInt64 = 0

  func contains(_ key: UInt8) -> Bool {
    let word = key < 64 ? low : key < 128 ? high : beyond
    return word >> UInt64(key & 63) & 1 == 1
  }

  mutating func insert(_ key: UInt8) {
    let bit: UInt64 = 1 << UInt64(key & 63)
    switch key >> 6 {
    case 0: low |= bit
    case 1: high |= bit
    default: beyond |= bit
    }
  }

  var inverted: KeySet {
    var result = KeySet()
    (result.low, result.high, result.beyond) = (~low, ~high, ~beyond)
    return result
  }

  func intersection(_ other: KeySet) -> KeySet {
    var result = KeySet()
    (result.low, result.high) = (low & other.low, high & other.high)
    result.beyond = beyond & other.beyond
    return result
  }

  func union(_ other: KeySet) -> KeySet {
    inverted.intersection(other.inverted).inverted
  }
}
