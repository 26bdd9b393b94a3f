// SPDX-License-Identifier: MIT

/// A regular expression over names that takes time in proportion to pattern and name, whatever the two:
/// the library's takes longer than anybody waits for patterns such as `(a+)+b`.
///
/// All ways through the pattern are followed at once, a character at a time. Whether there is a match
/// is all that comes of it, and so greedy, lazy and capturing forms mean the same.
package struct NamePattern: Sendable {
  /// A place in the pattern.
  enum State: Sendable {
    /// Takes a character of the set, then goes on.
    case take(CharacterSet, next: Int)
    /// Goes on at several places, the end of a choice or a repetition.
    case fork([Int])
    /// Goes on at the beginning or at the end of the name only.
    case start(next: Int), end(next: Int)
    /// There is a match.
    case found
  }

  /// The characters that a place takes.
  struct CharacterSet: Sendable {
    /// One part of a set.
    enum Member: Sendable {
      case range(ClosedRange<Character>)
      case digit, word, space
      indirect case not(Member)
    }
    let members: [Member]
    let isInverted: Bool
    /// A bit for each character of ASCII: looked up instead of compared.
    private let ascii: [Bool]

    init(_ members: [Member], isInverted: Bool = false) {
      self.members = members
      self.isInverted = isInverted
      ascii = (0..<128).map { code in
        let character = Character(Unicode.Scalar(UInt8(code)))
        return members.contains { Self.matches($0, character) } != isInverted
      }
    }

    func contains(_ character: Character, code: UInt8?) -> Bool {
      if let code { return ascii[Int(code)] }
      return members.contains { Self.matches($0, character) } != isInverted
    }

    private static func matches(_ member: Member, _ character: Character) -> Bool {
      switch member {
      case .range(let range): range.contains(character)
      case .digit: character.isNumber
      case .word: character.isLetter || character.isNumber || character == "_"
      case .space: character.isWhitespace
      case .not(let other): !matches(other, character)
      }
    }
  }

  /// More places than a pattern anybody writes has; repetitions with numbers make many.
  static let mostStates = 4096

  /// Repetitions that a pattern for the library may have: each multiplies its time by a name's length.
  static let mostRepetitions = 4

  /// Whether the library might not come to an end with a pattern: it repeats a group, or repeats often.
  static func mayTakeForever(_ pattern: String) -> Bool {
    let bytes = Array(pattern.utf8)
    let repeating = Set("*+{".utf8)
    let places = bytes.indices.filter { repeating.contains(bytes[$0]) }
    return places.count > mostRepetitions
      || places.contains { $0 > 0 && bytes[$0 - 1] == UInt8(ascii: ")") }
  }

  private let states: [State]
  private let entry: Int

  /// Reads a pattern that the library's parser took; `nil` if it has forms beyond literals, sets,
  /// groups, choices, repetitions, `^` and `$`, or is far too large.
  package init?(_ pattern: String) {
    var parser = NamePatternParser(pattern)
    guard let entry = parser.parse() else { return nil }
    self.entry = entry
    states = parser.states
  }

  /// Whether the pattern is found anywhere in a name.
  ///
  /// - Complexity: O(*n* · *m*) in the characters of the name and the places of the pattern.
  package func isFound(in name: String) -> Bool {
    let characters = Array(name)
    var (places, next) = (Positions(count: states.count), Positions(count: states.count))
    for (offset, character) in characters.enumerated() {
      if follow(entry, isStart: offset == 0, isEnd: false, &places) { return true }
      let isEnd = offset == characters.count - 1
      let code = character.asciiValue
      for place in places.list {
        guard case .take(let set, let after) = states[place], set.contains(character, code: code)
        else { continue }
        if follow(after, isStart: false, isEnd: isEnd, &next) { return true }
      }
      swap(&places, &next)
      next.clear()
    }
    return follow(entry, isStart: characters.isEmpty, isEnd: true, &places)
  }

  /// Adds a place and those that it leads to without a character; true if there is a match.
  private func follow(
    _ first: Int, isStart: Bool, isEnd: Bool, _ places: inout Positions
  ) -> Bool {
    guard places.insert(first) else { return false }
    switch states[first] {
    case .found: return true
    case .take: return false
    default: break
    }
    var open = [first]
    while let place = open.popLast() {
      for next in followers(of: place, isStart: isStart, isEnd: isEnd)
      where places.insert(next) {
        if case .found = states[next] { return true }
        open.append(next)
      }
    }
    return false
  }

  /// Where a place leads to without a character.
  private func followers(of place: Int, isStart: Bool, isEnd: Bool) -> [Int] {
    switch states[place] {
    case .fork(let choices): choices
    case .start(let next): isStart ? [next] : []
    case .end(let next): isEnd ? [next] : []
    case .take, .found: []
    }
  }

  /// Positions, each once, in the order in which they were found.
  private struct Positions {
    private(set) var list: [Int] = []
    private var known: [Bool]

    init(count: Int) { known = Array(repeating: false, count: count) }

    mutating func insert(_ place: Int) -> Bool {
      guard !known[place] else { return false }
      known[place] = true
      list.append(place)
      return true
    }

    mutating func clear() {
      for place in list { known[place] = false }
      list.removeAll(keepingCapacity: true)
    }
  }
}
