// SPDX-License-Identifier: MIT

/// Reads a regular expression into the states of a `NamePattern`; gives up on forms it does not know.
struct NamePatternParser {
  private(set) var states: [NamePattern.State] = []
  private var rest: Substring
  private var depth = 0
  /// Parts that were given places: empty ones take none, but may be repeated just as often.
  private var steps = 0

  /// Groups in groups: more only cost stack.
  private static let mostDepth = 64
  /// Repetitions with a number: no name is nearly as long.
  private static let mostRepetitions = 256
  /// Characters that stand for themselves after a backslash.
  private static let escapable = Set(#".\+*?()[]{}|^$/-_ =,:#"#)
  /// Letters after a backslash that stand for sets.
  private static let classes: [Character: NamePattern.CharacterSet.Member] = [
    "d": .digit, "w": .word, "s": .space, "D": .not(.digit), "W": .not(.word), "S": .not(.space),
  ]

  /// What a part of the pattern is, before it is given places: a repetition needs its part many times.
  private indirect enum Node {
    case set(NamePattern.CharacterSet)
    case start, end
    case sequence([Node])
    case choice([Node])
    case repeated(Node, least: Int, most: Int?)
  }

  init(_ pattern: String) { rest = Substring(pattern) }

  /// Reads the whole pattern and gives the place where it begins.
  mutating func parse() -> Int? {
    guard let part = choice(), rest.isEmpty else { return nil }
    return place(part, then: add(.found) ?? 0)
  }

  private mutating func choice() -> Node? {
    var parts: [Node] = []
    repeat {
      guard let part = sequence() else { return nil }
      parts.append(part)
    } while take("|")
    return parts.count == 1 ? parts[0] : .choice(parts)
  }

  private mutating func sequence() -> Node? {
    var parts: [Node] = []
    while let next = rest.first, next != "|", next != ")" {
      guard let item = item(), let part = repetition(of: item) else { return nil }
      parts.append(part)
    }
    return .sequence(parts)
  }

  private mutating func item() -> Node? {
    if take("(") { return group() }
    if take("[") { return set().map(Node.set) }
    if take("^") { return .start }
    if take("$") { return .end }
    if take(".") { return .set(NamePattern.CharacterSet([], isInverted: true)) }
    if take("\\") { return escape().map { .set(NamePattern.CharacterSet([$0])) } }
    guard let next = rest.popFirst(), !"*+?{}])".contains(next) else { return nil }
    return .set(NamePattern.CharacterSet([.range(next...next)]))
  }

  private mutating func group() -> Node? {
    depth += 1
    defer { depth -= 1 }
    if rest.first == "?", !take("?:") { return nil }
    guard depth <= Self.mostDepth, let part = choice(), take(")") else { return nil }
    return part
  }

  private mutating func escape() -> NamePattern.CharacterSet.Member? {
    guard let next = rest.popFirst() else { return nil }
    if let known = Self.classes[next] { return known }
    return Self.escapable.contains(next) ? .range(next...next) : nil
  }

  /// What follows `[`.
  private mutating func set() -> NamePattern.CharacterSet? {
    let isInverted = take("^")
    var members: [NamePattern.CharacterSet.Member] = []
    while !take("]") {
      guard let member = member() else { return nil }
      guard rest.first == "-", rest.dropFirst().first != "]" else {
        members.append(member)
        continue
      }
      rest.removeFirst()
      guard case .range(let first) = member, case .range(let last) = self.member(),
        first.lowerBound <= last.lowerBound
      else { return nil }
      members.append(.range(first.lowerBound...last.lowerBound))
    }
    return members.isEmpty ? nil : NamePattern.CharacterSet(members, isInverted: isInverted)
  }

  private mutating func member() -> NamePattern.CharacterSet.Member? {
    if take("\\") { return escape() }
    // Sets in sets, and what `&&`, `--` and `~~` do to them, are left to the library.
    guard let next = rest.popFirst(), !"[&~".contains(next) else { return nil }
    if next == "-", rest.first == "-" { return nil }
    return .range(next...next)
  }

  /// The item with the repetition that follows it.
  private mutating func repetition(of item: Node) -> Node? {
    var part = item
    if take("*") {
      part = .repeated(item, least: 0, most: nil)
    } else if take("+") {
      part = .repeated(item, least: 1, most: nil)
    } else if take("?") {
      part = .repeated(item, least: 0, most: 1)
    } else if take("{") {
      guard let counted = counted(item) else { return nil }
      part = counted
    } else {
      return item
    }
    // Lazy means the same here; possessive does not.
    _ = take("?")
    return rest.first.map { "*+?{".contains($0) } == true ? nil : part
  }

  private mutating func counted(_ item: Node) -> Node? {
    guard let least = number() else { return nil }
    guard take(",") else { return take("}") ? .repeated(item, least: least, most: least) : nil }
    if take("}") { return .repeated(item, least: least, most: nil) }
    guard let most = number(), most >= least, take("}") else { return nil }
    return .repeated(item, least: least, most: most)
  }

  private mutating func number() -> Int? {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    rest = rest[digits.endIndex...]
    return Int(digits).flatMap { $0 <= Self.mostRepetitions ? $0 : nil }
  }

  private mutating func take(_ text: String) -> Bool {
    guard rest.hasPrefix(text) else { return false }
    rest = rest.dropFirst(text.count)
    return true
  }
}

/// Places for parts, each made from its end to its beginning.
extension NamePatternParser {
  private mutating func add(_ state: NamePattern.State) -> Int? {
    guard states.count < NamePattern.mostStates else { return nil }
    states.append(state)
    return states.count - 1
  }

  /// Gives a part places that lead to `next`, and says where it begins.
  private mutating func place(_ part: Node, then next: Int) -> Int? {
    steps += 1
    guard steps <= 4 * NamePattern.mostStates else { return nil }
    switch part {
    case .set(let set): return add(.take(set, next: next))
    case .start: return add(.start(next: next))
    case .end: return add(.end(next: next))
    case .sequence(let parts):
      var next = next
      for part in parts.reversed() {
        guard let start = place(part, then: next) else { return nil }
        next = start
      }
      return next
    case .choice(let parts):
      var starts: [Int] = []
      for part in parts {
        guard let start = place(part, then: next) else { return nil }
        starts.append(start)
      }
      return add(.fork(starts))
    case .repeated(let part, let least, let most):
      return place(part, least: least, most: most, then: next)
    }
  }

  private mutating func place(_ part: Node, least: Int, most: Int?, then next: Int) -> Int? {
    var start = next
    if let most {
      // From the last to the first: each may be left out together with those after it.
      for _ in least..<most {
        guard let inner = place(part, then: start), let fork = add(.fork([inner, next])) else {
          return nil
        }
        start = fork
      }
    } else {
      guard let fork = add(.fork([])), let inner = place(part, then: fork) else { return nil }
      states[fork] = .fork([inner, next])
      start = fork
    }
    for _ in 0..<least {
      guard let inner = place(part, then: start) else { return nil }
      start = inner
    }
    return start
  }
}
