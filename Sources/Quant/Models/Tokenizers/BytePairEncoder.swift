// SPDX-License-Identifier: MIT
import GGUF

/// Byte pairs (BPE): text is cut into words, and within each the neighbours with the best rank are
/// merged until none of them has one.
///
/// Symbols are looked up by the bytes that they stand for, not by GPT-2's letters for them
/// (`ByteAlphabet`). Parts of merges that are no tokens have numbers behind those of the tokens.
final class BytePairEncoder: TextEncoder, PairRanking {
  private let pre: PreTokenizer
  private let tokenCount: Int32
  private let splitter: TextSplitter
  private let symbols: ByteIndex
  private let pairs: PairTable
  /// The symbol of each byte.
  private let byteSymbols: [Int32]
  /// The token for each byte of what has none, or `none`.
  private let byteTokens: [Int32]

  /// Words are cut by what stands beside them.
  var isLocal: Bool { true }

  init(
    _ vocabulary: Vocabulary, _ pre: PreTokenizer, merges: StringTable, _ reader: TokenizerMetadata
  )
    throws(QuantError)
  {
    self.pre = pre
    tokenCount = Int32(vocabulary.count)
    splitter = TextSplitter(pre.splits)
    var builder = MergeBuilder(vocabulary, isSpaced: pre.isSpaced, mergeCount: merges.count)
    for rank in 0..<merges.count {
      guard builder.add(merges, rank) else {
        let text = MetadataString(bytes: Array(merges[rank])).text
        throw reader.error(
          "merges", expected: "two pieces separated by a space at \(rank)", found: "\"\(text)\"")
      }
    }
    (symbols, pairs) = (builder.symbols, builder.pairs)
    let known = symbols
    byteSymbols = (0...255).map { known.find([$0], 0..<1) }
    byteTokens = Self.byteTokens(vocabulary, byteSymbols, isSpaced: pre.isSpaced)
  }

  /// As in llama.cpp: with GPT-2's letters only bytes that stand for themselves can be tokens.
  private static func byteTokens(
    _ vocabulary: Vocabulary, _ symbols: [Int32], isSpaced: Bool
  ) -> [Int32] {
    (0...255).map { (byte: UInt8) in
      if isSpaced { return vocabulary.index.find(ByteToken.text(byte)) }
      let symbol = symbols[Int(byte)]
      return ByteAlphabet.isASCII(byte) && symbol < vocabulary.count ? symbol : ByteIndex.none
    }
  }

  func merge(_ left: Symbol, _ right: Symbol, of text: [UInt8]) -> Merge {
    pairs.merge(left.id, right.id)
  }

  func encode(
    _ fragments: [Fragment], of text: [UInt8], into ids: inout [Int32], enough: Int
  ) -> Int {
    var (cache, merger) = (WordCache(byteCount: 0), PairMerger())
    for fragment in fragments {
      switch fragment {
      case .token(let id): ids.append(id)
      case .text(let range):
        let part = classified(text, range)
        var left = part.bytes.count
        cache = WordCache(byteCount: range.count)
        splitter.forEachWord(of: part, in: part.bytes.indices) { word in
          cache.encode(word, of: part.bytes, into: &ids) { ids in
            encode(word, of: part.bytes, with: &merger, into: &ids)
          }
          left = part.bytes.count - word.upperBound
          return ids.count < enough
        }
        if ids.count >= enough { return left + text.count - range.upperBound }
      }
    }
    return 0
  }

  private func classified(_ text: [UInt8], _ range: Range<Int>) -> ClassifiedText {
    let part = range == text.indices ? text : Array(text[range])
    let repaired = LenientUTF8.repaired(part)
    return ClassifiedText(pre.isSpaced ? SpaceMark.marked(repaired) : repaired)
  }

  private func encode(
    _ word: Range<Int>, of text: [UInt8], with merger: inout PairMerger, into ids: inout [Int32]
  ) {
    if pre.ignoresMerges || (pre.isGemma && text[word.lowerBound] == UInt8(ascii: "\n")) {
      let id = symbols.find(text, word)
      if id != ByteIndex.none, id < tokenCount { return ids.append(id) }
    }
    fill(&merger.symbols, word, text)
    merger.run(self, text)
    for symbol in merger.symbols {
      if symbol.id != ByteIndex.none, symbol.id < tokenCount {
        ids.append(symbol.id)
      } else {
        for place in symbol.start..<symbol.end where byteTokens[Int(text[place])] != ByteIndex.none
        {
          ids.append(byteTokens[Int(text[place])])
        }
      }
    }
  }

  /// The symbols of a word before anything is merged: its bytes, or its characters.
  private func fill(_ list: inout [Symbol], _ word: Range<Int>, _ text: [UInt8]) {
    list.removeAll(keepingCapacity: true)
    var place = word.lowerBound
    while place < word.upperBound {
      guard pre.isSpaced else {
        list.append(Symbol(start: place, end: place + 1, id: byteSymbols[Int(text[place])]))
        place += 1
        continue
      }
      let end = min(place + LenientUTF8.length(text[place]), word.upperBound)
      list.append(Symbol(start: place, end: end, id: symbols.find(text, place..<end)))
      place = end
    }
  }
}

/// Puts the tables of merges together.
private struct MergeBuilder {
  private(set) var symbols: ByteIndex
  private(set) var pairs: PairTable
  private let isSpaced: Bool
  private var nextID: Int32
  private var scratch: [UInt8] = []

  init(_ vocabulary: Vocabulary, isSpaced: Bool, mergeCount: Int) {
    self.isSpaced = isSpaced
    symbols = ByteIndex(capacity: vocabulary.count)
    pairs = PairTable(capacity: mergeCount)
    nextID = Int32(vocabulary.count)
    for id in 0..<vocabulary.count {
      scratch.removeAll(keepingCapacity: true)
      let texts = vocabulary.texts
      guard decode(texts.bytes, texts.range(id)) else { continue }
      symbols.insert(scratch, scratch.indices, id: Int32(id))
    }
  }

  /// Adds a merge; returns whether it has two parts. Merges of letters that stand for no byte can
  /// never be needed, and are left out.
  mutating func add(_ merges: StringTable, _ rank: Int) -> Bool {
    let range = merges.range(rank)
    let space = merges.bytes[range].dropFirst().firstIndex(of: UInt8(ascii: " "))
    guard let space, space + 1 < range.upperBound else { return false }
    scratch.removeAll(keepingCapacity: true)
    guard decode(merges.bytes, range.lowerBound..<space) else { return true }
    let middle = scratch.count
    guard decode(merges.bytes, space + 1..<range.upperBound) else { return true }
    let left = number(0..<middle)
    let right = number(middle..<scratch.count)
    pairs.insert(left, right, Merge(rank: Int32(rank), id: number(scratch.indices)))
    return true
  }

  private mutating func decode(_ text: [UInt8], _ range: Range<Int>) -> Bool {
    guard isSpaced else { return ByteAlphabet.decode(text, range, into: &scratch) }
    scratch += text[range]
    return true
  }

  private mutating func number(_ range: Range<Int>) -> Int32 {
    let id = symbols.insert(scratch, range, id: nextID)
    if id == nextID { nextID += 1 }
    return id
  }
}
