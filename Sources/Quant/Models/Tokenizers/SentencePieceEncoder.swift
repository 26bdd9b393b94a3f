// SPDX-License-Identifier: MIT
import GGUF

/// SentencePiece with scores (SPM): neighbours whose text together is a token are merged, the one with
/// the highest score first. What is left and no token is written in byte tokens.
///
/// No token of the usual vocabularies has a space after something else. Merges then never cross the
/// beginning of a word, so that words can be done one by one, each only once.
final class SentencePieceEncoder: TextEncoder, PairRanking {
  private let vocabulary: Vocabulary
  /// The order of the scores, the highest first; equal scores have equal ranks.
  private let ranks: [Int32]
  private let splitsWords: Bool
  private let byteTokens: [Int32]

  var isLocal: Bool { splitsWords }

  init(_ vocabulary: Vocabulary) {
    self.vocabulary = vocabulary
    ranks = Self.ranks(vocabulary)
    splitsWords = !(0..<vocabulary.count).contains { Self.hasInnerSpace(vocabulary.texts[$0]) }
    byteTokens = (0...255).map { (byte: UInt8) in
      let written = vocabulary.index.find(ByteToken.text(byte))
      let plain = written == ByteIndex.none ? vocabulary.index.find([byte], 0..<1) : written
      return plain == ByteIndex.none ? vocabulary.unknown ?? ByteIndex.none : plain
    }
  }

  private static func ranks(_ vocabulary: Vocabulary) -> [Int32] {
    let scores = vocabulary.scores
    guard !scores.isEmpty else { return Array(repeating: 0, count: vocabulary.count) }
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    var ranks = [Int32](repeating: 0, count: scores.count)
    var rank: Int32 = 0
    for (previous, id) in zip(order, order.dropFirst()) {
      if scores[id] != scores[previous] { rank += 1 }
      ranks[id] = rank
    }
    return ranks
  }

  /// Whether a token has a space after something else.
  private static func hasInnerSpace(_ token: ArraySlice<UInt8>) -> Bool {
    let text = Array(token)
    var place = 0
    while place < text.count, SpaceMark.isMark(text, place, end: text.count) { place += 3 }
    return text[place...].indices.contains { SpaceMark.isMark(text, $0, end: text.count) }
  }

  func merge(_ left: Symbol, _ right: Symbol, of text: [UInt8]) -> Merge {
    let id = vocabulary.index.find(text, left.start..<right.end)
    return id == ByteIndex.none ? .none : Merge(rank: ranks[Int(id)], id: id)
  }

  func encode(
    _ fragments: [Fragment], of text: [UInt8], into ids: inout [Int32], enough: Int
  ) -> Int {
    var merger = PairMerger()
    var isAfterToken = true
    for fragment in fragments {
      switch fragment {
      case .token(let id):
        ids.append(id)
        isAfterToken = true
      case .text(let range):
        var marked = isAfterToken && vocabulary.addsSpacePrefix ? SpaceMark.bytes : []
        SpaceMark.append(text[range], to: &marked)
        let left = encode(marked, with: &merger, into: &ids, enough: enough)
        if ids.count >= enough { return left + text.count - range.upperBound }
        isAfterToken = false
      }
    }
    return 0
  }

  /// Appends the tokens of a text's words until there are enough; returns how many bytes are left.
  private func encode(
    _ text: [UInt8], with merger: inout PairMerger, into ids: inout [Int32], enough: Int
  ) -> Int {
    var cache = WordCache(byteCount: text.count)
    var start = 0
    while start < text.count, ids.count < enough {
      let end = splitsWords ? wordEnd(text, start) : text.count
      cache.encode(start..<end, of: text, into: &ids) { ids in
        encode(start..<end, of: text, with: &merger, into: &ids)
      }
      start = end
    }
    return text.count - start
  }

  /// Where the next word begins: at a mark that follows something else.
  private func wordEnd(_ text: [UInt8], _ start: Int) -> Int {
    var (place, isInMarks) = (start, true)
    while place < text.count {
      let isMark = SpaceMark.isMark(text, place, end: text.count)
      if isMark && !isInMarks { return place }
      isInMarks = isMark
      place = min(place + LenientUTF8.length(text[place]), text.count)
    }
    return place
  }

  private func encode(
    _ word: Range<Int>, of text: [UInt8], with merger: inout PairMerger, into ids: inout [Int32]
  ) {
    merger.symbols.removeAll(keepingCapacity: true)
    var place = word.lowerBound
    while place < word.upperBound {
      let end = min(place + LenientUTF8.length(text[place]), word.upperBound)
      let id = vocabulary.index.find(text, place..<end)
      merger.symbols.append(Symbol(start: place, end: end, id: id))
      place = end
    }
    merger.run(self, text)
    for symbol in merger.symbols {
      guard symbol.id == ByteIndex.none else {
        ids.append(symbol.id)
        continue
      }
      for place in symbol.start..<symbol.end where byteTokens[Int(text[place])] != ByteIndex.none {
        ids.append(byteTokens[Int(text[place])])
      }
    }
  }
}
