// SPDX-License-Identifier: MIT
import GGUF

/// Unigram language models (UGM), as T5 has them: the text is normalized, and of all ways to write it
/// in tokens the most probable is taken (Viterbi's algorithm over the bytes).
///
/// Scores are logarithms of probabilities, summed in double precision as SentencePiece does.
/// User-defined tokens score zero, which no other token reaches; a character without a token scores
/// ten less than the worst one.
final class UnigramEncoder: TextEncoder {
  private let vocabulary: Vocabulary
  private let tokens: ByteTrie
  private let scores: [Double]
  private let unknownScore: Double
  private let normalizer: UnigramNormalizer

  /// What follows may change what is the most probable before it, however far.
  var isLocal: Bool { false }

  init(_ vocabulary: Vocabulary, _ reader: TokenizerMetadata) throws(QuantError) {
    self.vocabulary = vocabulary
    var (tokens, least) = (ByteTrie(), Float.greatestFiniteMagnitude)
    var scores: [Double] = []
    for id in 0..<Int32(vocabulary.count) {
      let attributes = vocabulary.attributes(of: id)
      if attributes.contains(.normal) { least = min(least, vocabulary.score(of: id)) }
      if !attributes.isDisjoint(with: [.normal, .userDefined, .unused]) {
        tokens.insert(vocabulary.text(of: id), value: id)
      }
      scores.append(attributes.contains(.userDefined) ? 0 : Double(vocabulary.score(of: id)))
    }
    self.tokens = tokens
    self.scores = scores
    unknownScore = Double(least - 10)
    normalizer = try UnigramNormalizer(vocabulary, reader)
  }

  func encode(
    _ fragments: [Fragment], of text: [UInt8], into ids: inout [Int32], enough: Int
  ) -> Int {
    for fragment in fragments {
      switch fragment {
      case .token(let id): ids.append(id)
      case .text(let range): encode(normalizer.normalized(text[range]), into: &ids)
      }
    }
    return 0
  }

  /// The best way to write the text up to some byte.
  private struct Best {
    var score = -Double.greatestFiniteMagnitude
    /// The last token.
    var id: Int32 = ByteIndex.none
    /// Its bytes.
    var byteCount: Int32 = 0
  }

  private func encode(_ text: [UInt8], into ids: inout [Int32]) {
    var best = [Best](repeating: Best(), count: text.count + 1)
    best[0].score = 0
    var start = 0
    while start < text.count {
      let character = min(LenientUTF8.length(text[start]), text.count - start)
      let hasToken = extend(&best, text, start, character)
      if !hasToken { offer(&best, start, character, ByteIndex.none, unknownScore) }
      start += character
    }
    append(best, to: &ids)
  }

  /// Offers all tokens that begin at `start`; returns whether one is exactly the next character.
  private func extend(
    _ best: inout [Best], _ text: [UInt8], _ start: Int, _ character: Int
  ) -> Bool {
    var (node, end, hasToken) = (ByteTrie.root, start, false)
    while end < text.count {
      node = tokens.child(node, text[end])
      guard node != ByteTrie.none else { break }
      end += 1
      let id = tokens.value(node)
      guard id != ByteTrie.none else { continue }
      if end - start == character { hasToken = true }
      offer(&best, start, end - start, id, scores[Int(id)])
    }
    return hasToken
  }

  private func offer(
    _ best: inout [Best], _ start: Int, _ byteCount: Int, _ id: Int32, _ score: Double
  ) {
    let sum = best[start].score + score
    guard sum > best[start + byteCount].score else { return }
    best[start + byteCount] = Best(score: sum, id: id, byteCount: Int32(byteCount))
  }

  /// Goes back from the end; neighbouring unknown characters are one unknown token.
  private func append(_ best: [Best], to ids: inout [Int32]) {
    var found: [Int32] = []
    var place = best.count - 1
    while place > 0, best[place].byteCount > 0 {
      let id = best[place].id == ByteIndex.none ? vocabulary.unknown : best[place].id
      if let id, id != vocabulary.unknown || found.last != id { found.append(id) }
      place -= Int(best[place].byteCount)
    }
    ids.append(contentsOf: found.reversed())
  }
}
