// SPDX-License-Identifier: MIT

/// What pre-tokenizers tell characters beyond ASCII apart by.
///
/// ASCII characters are their own keys; the others have one of these.
enum CharacterKey {
  static let letter: UInt8 = 128
  static let number: UInt8 = 129
  static let mark: UInt8 = 130
  static let punctuation: UInt8 = 131
  static let symbol: UInt8 = 132
  static let space: UInt8 = 133
  static let other: UInt8 = 134
  /// How many keys there are.
  static let count = 135

  /// llama.cpp's tables are those of Unicode 15: what came later is unassigned.
  private static let newestUnicode = 15

  /// The key of a scalar from its general category; white space comes first, whatever it is else.
  static func of(_ value: UInt32) -> UInt8 {
    guard let scalar = Unicode.Scalar(value), let age = scalar.properties.age,
      age.major <= newestUnicode
    else { return other }
    if scalar.properties.isWhitespace { return space }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return letter
    case .decimalNumber, .letterNumber, .otherNumber: return number
    case .nonspacingMark, .spacingMark, .enclosingMark: return mark
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      return punctuation
    case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: return symbol
    default: return other
    }
  }
}

/// UTF-8 text with the key of every character, which all of the character's bytes bear.
struct ClassifiedText {
  /// The text, in which every character is whole (see `LenientUTF8`).
  let bytes: [UInt8]
  /// A key for each byte.
  let keys: [UInt8]

  /// Classifies text that `LenientUTF8.repaired` has returned.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var keys = bytes
    var known = KeyMemory()
    var place = 0
    while place < bytes.count {
      guard bytes[place] >= 0x80, let (value, end) = LenientUTF8.decode(bytes, at: place) else {
        place += 1
        continue
      }
      let key = known.key(value)
      while place < end {
        keys[place] = key
        place += 1
      }
    }
    self.keys = keys
  }

  /// Where the character after the one at `place` begins.
  func next(_ place: Int) -> Int {
    keys[place] < 0x80 ? place + 1 : place + LenientUTF8.length(bytes[place])
  }

  /// Where the character before `place` begins.
  func previous(_ place: Int) -> Int {
    var place = place - 1
    while bytes[place] & 0xC0 == 0x80 { place -= 1 }
    return place
  }

  /// The scalar that begins at `place`.
  func scalar(_ place: Int) -> UInt32 { LenientUTF8.decode(bytes, at: place)?.value ?? 0xFFFD }
}

/// Keys that were looked up before: the standard library takes some 50 ns for each.
private struct KeyMemory {
  /// The planes that hold letters; zero stands for keys not known yet.
  private var keys: [UInt8] = Array(repeating: 0, count: 0x40000)

  mutating func key(_ value: UInt32) -> UInt8 {
    guard value < keys.count else { return CharacterKey.of(value) }
    let known = keys[Int(value)]
    guard known == 0 else { return known }
    let key = CharacterKey.of(value)
    keys[Int(value)] = key
    return key
  }
}
