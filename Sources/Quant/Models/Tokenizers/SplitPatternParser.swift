// SPDX-License-Identifier: MIT

/// Reads a pattern into the nodes of a `SplitPattern`.
///
/// The forms: alternatives `a|b`; groups `(?:…)`; classes `[…]`, `[^…]` and `[a--b]` (without what `b`
/// names); `\p{L}`, `\p{N}`, `\p{M}`, `\p{P}`, `\p{S}`, `\s`, `\S`, `\r`, `\n`, `\t`; quantifiers
/// `?`, `*`, `+`, `{n}`, `{m,n}`; and `(?!\S)` for the end of white space. Kinds of letters are not told
/// apart.
struct SplitPatternParser {
  private(set) var nodes: [SplitPattern.Node] = []
  private(set) var alternatives: [Range<Int>] = []
  private(set) var classes: [CharacterClass] = []
  private var rest: Substring.UnicodeScalarView

  init(_ pattern: String) { rest = Substring(pattern).unicodeScalars }

  /// Reads the whole pattern and returns its alternatives.
  mutating func parse() -> Range<Int> {
    let top = parseAlternatives()
    precondition(rest.isEmpty, "not a pattern from here: \(String(rest))")
    return top
  }

  private mutating func parseAlternatives() -> Range<Int> {
    var sequences = [parseSequence()]
    while skip("|") { sequences.append(parseSequence()) }
    let start = alternatives.count
    for sequence in sequences {
      alternatives.append(nodes.count..<nodes.count + sequence.count)
      nodes += sequence
    }
    return start..<alternatives.count
  }

  private mutating func parseSequence() -> [SplitPattern.Node] {
    var sequence: [SplitPattern.Node] = []
    while let next = rest.first, next != "|", next != ")" { sequence.append(parseItem()) }
    return sequence
  }

  private mutating func parseItem() -> SplitPattern.Node {
    if skip("(?!") {
      let set = parseClass()
      expect(")")
      return .notBefore(class: number(of: set))
    }
    if skip("(?:") {
      let choices = parseAlternatives()
      expect(")")
      let (least, most) = parseQuantifier()
      return .group(alternatives: choices, least: least, most: most)
    }
    let set = parseClass()
    let (least, most) = parseQuantifier()
    return .run(class: number(of: set), least: least, most: most)
  }

  private mutating func parseQuantifier() -> (least: Int, most: Int) {
    if skip("?") { return (0, 1) }
    if skip("*") { return (0, .max) }
    if skip("+") { return (1, .max) }
    guard skip("{") else { return (1, 1) }
    let least = parseNumber()
    let most = skip(",") ? parseNumber() : least
    expect("}")
    return (least, most)
  }

  private mutating func parseNumber() -> Int {
    var value = 0
    while let digit = rest.first.flatMap({ Int(String($0)) }) {
      value = value * 10 + digit
      rest.removeFirst()
    }
    return value
  }

  /// Reads one character or a set of them.
  private mutating func parseClass() -> CharacterClass {
    guard skip("[") else { return parseMember().set }
    let isInverted = skip("^")
    var set = CharacterClass()
    while !skip("]") {
      if skip("--") {
        let removed = parseClass()
        expect("]")
        return set.subtracting(removed)
      }
      let member = parseMember()
      guard let start = member.scalar else {
        set.formUnion(member.set)
        continue
      }
      let isRange =
        rest.first == "-" && !rest.dropFirst().starts(with: ["]"])
        && !rest.starts(with: ["-", "-"])
      guard isRange, skip("-"), let end = parseMember().scalar else {
        set.insert(start...start)
        continue
      }
      set.insert(start...end)
    }
    return isInverted ? set.inverted : set
  }

  /// Reads a character, or an escape that stands for one or for many.
  private mutating func parseMember() -> (set: CharacterClass, scalar: UInt32?) {
    if skip("\\p{") {
      let name = rest.popFirst()
      expect("}")
      return (Self.category(name ?? "?"), nil)
    }
    if skip("\\s") { return (Self.spaces, nil) }
    if skip("\\S") { return (Self.spaces.inverted, nil) }
    if skip("\\r") { return single(0x0D) }
    if skip("\\n") { return single(0x0A) }
    if skip("\\t") { return single(0x09) }
    _ = skip("\\")
    return single(rest.popFirst()?.value ?? 0)
  }

  private func single(_ value: UInt32) -> (set: CharacterClass, scalar: UInt32?) {
    var set = CharacterClass()
    set.insert(value...value)
    return (set, value)
  }

  private static let spaces = CharacterClass(keys: [9, 10, 11, 12, 13, 32, CharacterKey.space])

  /// A general category.
  private static func category(_ name: Unicode.Scalar) -> CharacterClass {
    switch name {
    case "L": keys("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", CharacterKey.letter)
    case "N": keys("0123456789", CharacterKey.number)
    case "M": keys("", CharacterKey.mark)
    case "P": keys(##"!"#%&'()*,-./:;?@[\]_{}"##, CharacterKey.punctuation)
    case "S": keys("$+<=>^`|~", CharacterKey.symbol)
    default: preconditionFailure("no category \(name)")
    }
  }

  private static func keys(_ ascii: String, _ beyond: UInt8) -> CharacterClass {
    CharacterClass(keys: Array(ascii.utf8) + [beyond])
  }

  private mutating func number(of set: CharacterClass) -> Int {
    if let known = classes.firstIndex(of: set) { return known }
    classes.append(set)
    return classes.count - 1
  }

  private mutating func skip(_ text: String) -> Bool {
    guard rest.starts(with: text.unicodeScalars) else { return false }
    rest.removeFirst(text.unicodeScalars.count)
    return true
  }

  private mutating func expect(_ text: String) {
    let isThere = skip(text)
    precondition(isThere, "\(text) expected at: \(String(rest))")
  }
}

/// What alternatives can begin with.
extension SplitPatternParser {
  /// For each key, a bit for each of the alternatives that may begin with it.
  func dispatch(_ top: Range<Int>) -> [UInt32] {
    (0..<UInt8(CharacterKey.count)).map { key in
      var mask: UInt32 = 0
      for (bit, alternative) in top.enumerated() where mayBegin(alternatives[alternative], key) {
        mask |= 1 << UInt32(bit)
      }
      return mask
    }
  }

  private func mayBegin(_ sequence: Range<Int>, _ key: UInt8) -> Bool {
    for node in nodes[sequence] {
      switch node {
      case .run(let set, let least, _):
        if classes[set].mayContain(key: key) { return true }
        if least > 0 { return false }
      case .group(let choices, let least, _):
        if choices.contains(where: { mayBegin(alternatives[$0], key) }) { return true }
        if least > 0 { return false }
      case .notBefore: return true
      }
    }
    return true
  }
}
