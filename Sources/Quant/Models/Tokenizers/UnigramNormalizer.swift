// SPDX-License-Identifier: MIT
import GGUF

/// Prepares text for a unigram model: characters are replaced by the file's map, spaces are merged
/// and marked, and one is put before the text.
struct UnigramNormalizer: Sendable {
  private let map: CharacterMap?
  private let mergesSpaces: Bool
  private let addsSpacePrefix: Bool

  init(_ vocabulary: Vocabulary, _ reader: TokenizerMetadata) throws(QuantError) {
    map = try CharacterMap(reader)
    mergesSpaces = try reader.flag("remove_extra_whitespaces") ?? false
    addsSpacePrefix = vocabulary.addsSpacePrefix
  }

  func normalized(_ part: ArraySlice<UInt8>) -> [UInt8] {
    let text = Array(part)
    var result: [UInt8] = []
    result.reserveCapacity(text.count + text.count / 2)
    var (isInWord, hasPrefix) = (false, false)
    var place = 0
    while place < text.count {
      let (bytes, end) = replacement(text, place)
      place = end
      for byte in bytes {
        if byte == 0x20 {
          isInWord = false
          if !mergesSpaces { result += SpaceMark.bytes }
          continue
        }
        if !isInWord, mergesSpaces || (addsSpacePrefix && !hasPrefix) {
          result += SpaceMark.bytes
          hasPrefix = true
        }
        isInWord = true
        result.append(byte)
      }
    }
    return result
  }

  /// What the characters at a place become, and where the rest begins.
  private func replacement(_ text: [UInt8], _ place: Int) -> (bytes: ArraySlice<UInt8>, end: Int) {
    if let found = map?.longest(text, place) { return (found.bytes, found.end) }
    guard let (_, end) = LenientUTF8.decode(text, at: place) else {
      return ([0xEF, 0xBF, 0xBD], place + 1)
    }
    return (text[place..<end], end)
  }
}

/// SentencePiece's `precompiled_charsmap`: strings and what they are replaced by.
///
///     offset  bytes  field
///     0       4      n: bytes of the tree
///     4       n      tree: a double array, 4 bytes a node (Darts' format)
///     4 + n   rest   replacements, each ended by a zero
///
/// A node's bits: 0-7 label (compared with bit 31, which marks a value), 8 whether a string ends here,
/// 9 whether the offset counts in 256s, 10-30 offset. A child's place is its parent's, exclusive or
/// offset, exclusive or label. The value of a string, at the place with label zero, is where its
/// replacement begins.
struct CharacterMap: Sendable {
  /// Far more bytes than a string of a map has: in a broken tree a walk may go round in circles.
  private static let longestKey = 256
  /// Far more bytes than a character becomes (33, U+FDFA in NFKC): a text grows by that at most.
  private static let longestReplacement = 1024

  private let nodes: [UInt32]
  private let replacements: [UInt8]

  /// Reads the map of a file, if it has one.
  init?(_ reader: TokenizerMetadata) throws(QuantError) {
    let key = "precompiled_charsmap"
    guard let array = try reader.array(key) else { return nil }
    guard array.elementType == .uint8 || array.elementType == .int8 else {
      throw reader.error(key, expected: "bytes", found: "values of type \(array.elementType)")
    }
    let bytes = array.integers().map { UInt8(truncatingIfNeeded: $0) }
    guard !bytes.isEmpty else { return nil }
    let treeBytes = bytes.count < 4 ? 0 : Int(Self.number(bytes, 0))
    guard bytes.count >= 4, treeBytes % 4 == 0, treeBytes < bytes.count - 4 else {
      throw reader.error(
        key, expected: "a tree of \(treeBytes) bytes, and replacements",
        found: "\(bytes.count) bytes")
    }
    nodes = stride(from: 4, to: 4 + treeBytes, by: 4).map { Self.number(bytes, $0) }
    replacements = Array(bytes[(4 + treeBytes)...])
    guard replacements.last == 0 else {
      throw reader.error(key, expected: "a zero at the end", found: "none")
    }
    let longest = replacements.split(separator: 0).map(\.count).max() ?? 0
    guard longest <= Self.longestReplacement else {
      throw reader.error(
        key, expected: "replacements of at most \(Self.longestReplacement) bytes",
        found: "one of \(longest)")
    }
  }

  private static func number(_ bytes: [UInt8], _ place: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
  }

  /// The longest string of the map that the text goes on with: its replacement, and where it ends.
  func longest(_ text: [UInt8], _ start: Int) -> (bytes: ArraySlice<UInt8>, end: Int)? {
    var found: (value: Int, end: Int)?
    var node = offset(0)
    var place = start
    while place < min(text.count, start + Self.longestKey), text[place] != 0 {
      node ^= Int(text[place])
      guard nodes.indices.contains(node), nodes[node] & 0x8000_00FF == UInt32(text[place]) else {
        break
      }
      let endsHere = nodes[node] >> 8 & 1 == 1
      node ^= offset(node)
      place += 1
      guard endsHere, nodes.indices.contains(node) else { continue }
      found = (Int(nodes[node] & 0x7FFF_FFFF), place)
    }
    guard let found, found.value < replacements.count else { return nil }
    let end = replacements[found.value...].firstIndex(of: 0) ?? replacements.count
    return (replacements[found.value..<end], found.end)
  }

  private func offset(_ node: Int) -> Int {
    guard nodes.indices.contains(node) else { return 0 }
    let bits = nodes[node]
    return Int((bits >> 10) << ((bits & 0x200) >> 6))
  }
}
