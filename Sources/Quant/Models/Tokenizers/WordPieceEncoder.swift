// SPDX-License-Identifier: MIT
import GGUF

/// Word pieces (WPM), as BERT has them: words are cut at white space and punctuation, and each is
/// written in the longest tokens that fit, from left to right. A word that has none is unknown as a
/// whole.
///
/// In GGUF the first piece of a word begins with `▁`, and the others stand without BERT's `##`.
final class WordPieceEncoder: TextEncoder {
  private let tokens: ByteTrie
  private let unknown: Int32?
  private let lowersCase: Bool
  private let stripsAccents: Bool

  var isLocal: Bool { true }

  init(_ vocabulary: Vocabulary, _ reader: TokenizerMetadata) throws(QuantError) {
    var tokens = ByteTrie()
    for id in 0..<vocabulary.count { tokens.insert(vocabulary.texts[id], value: Int32(id)) }
    self.tokens = tokens
    unknown = vocabulary.unknown
    lowersCase = try reader.flag("normalizer.lowercase") ?? true
    stripsAccents = try reader.flag("normalizer.strip_accents") ?? lowersCase
  }

  func encode(
    _ fragments: [Fragment], of text: [UInt8], into ids: inout [Int32], enough: Int
  ) -> Int {
    for fragment in fragments {
      switch fragment {
      case .token(let id): ids.append(id)
      case .text(let range):
        let left = encode(LenientUTF8.repaired(Array(text[range])), into: &ids, enough: enough)
        if ids.count >= enough { return left + text.count - range.upperBound }
      }
    }
    return 0
  }

  /// Appends the tokens of a text's words until there are enough; returns how many bytes are left.
  private func encode(_ text: [UInt8], into ids: inout [Int32], enough: Int) -> Int {
    var word = SpaceMark.bytes
    func finish() {
      guard word.count > SpaceMark.bytes.count else { return }
      append(word, to: &ids)
      word.removeLast(word.count - SpaceMark.bytes.count)
    }
    var place = 0
    while place < text.count, ids.count < enough {
      let (value, end) = LenientUTF8.decode(text, at: place) ?? (0xFFFD, place + 1)
      place = end
      switch normalized(value) {
      case .nothing: break
      case .space: finish()
      case .alone(let value):
        finish()
        LenientUTF8.append(value, to: &word)
        finish()
      case .part(let value): LenientUTF8.append(value, to: &word)
      }
    }
    finish()
    return text.count - place
  }

  /// Appends the pieces of a word with its mark.
  private func append(_ word: [UInt8], to ids: inout [Int32]) {
    let old = ids.count
    var start = 0
    while start < word.count {
      guard let (id, end) = longest(word, start) else {
        ids.removeLast(ids.count - old)
        if let unknown { ids.append(unknown) }
        return
      }
      ids.append(id)
      start = end
    }
  }

  private func longest(_ word: [UInt8], _ start: Int) -> (id: Int32, end: Int)? {
    var (node, place) = (ByteTrie.root, start)
    var found: (id: Int32, end: Int)?
    while place < word.count {
      node = tokens.child(node, word[place])
      guard node != ByteTrie.none else { break }
      place += 1
      if tokens.value(node) != ByteTrie.none { found = (tokens.value(node), place) }
    }
    return found
  }
}

/// What a character becomes before words are looked up.
private enum Normalized {
  case nothing
  case space
  /// A word of its own.
  case alone(UInt32)
  /// A part of a word.
  case part(UInt32)
}

extension WordPieceEncoder {
  private func normalized(_ original: UInt32) -> Normalized {
    if (0x21..<0x7F).contains(original) { return normalizedASCII(original) }
    // As llama.cpp does, only the first character of a decomposition is kept: the letter without its
    // accents, but of a Hangul syllable the first sound alone.
    let value = stripsAccents ? Self.base(original) : original
    let key = value < 0x80 ? Self.asciiKey(value) : CharacterKey.of(value)
    if key == CharacterKey.space { return .space }
    if value == 0 || value == 0xFFFD || Self.isControl(value) { return .nothing }
    if stripsAccents && key == CharacterKey.mark { return .nothing }
    let lowered = lowersCase ? Self.lowered(value) : value
    let isAlone = key == CharacterKey.punctuation || Self.isChinese(value)
    return isAlone ? .alone(lowered) : .part(lowered)
  }

  private func normalizedASCII(_ value: UInt32) -> Normalized {
    switch value {
    case 0x30...0x39, 0x61...0x7A: .part(value)
    case 0x41...0x5A: .part(lowersCase ? value + 0x20 : value)
    default: .alone(value)
    }
  }

  private static func asciiKey(_ value: UInt32) -> UInt8 {
    switch value {
    case 0x09...0x0D, 0x20: CharacterKey.space
    case 0x30...0x39: CharacterKey.number
    case 0x41...0x5A, 0x61...0x7A: CharacterKey.letter
    default: value == 0x7F || value < 0x20 ? CharacterKey.other : CharacterKey.punctuation
    }
  }

  private static func isControl(_ value: UInt32) -> Bool {
    guard let scalar = Unicode.Scalar(value) else { return true }
    switch scalar.properties.generalCategory {
    case .control, .format, .privateUse, .surrogate: return true
    default: return false
    }
  }

  /// Chinese characters, by BERT's list, in which one block begins too late.
  private static func isChinese(_ value: UInt32) -> Bool {
    switch value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
      0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
