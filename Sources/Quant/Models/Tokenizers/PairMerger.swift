// SPDX-License-Identifier: MIT

/// A part of a word that is being put together from smaller ones.
struct Symbol {
  /// Where its bytes begin and end in the text.
  var start: Int
  var end: Int
  /// Its number, or `ByteIndex.none`.
  var id: Int32
}

/// What two neighbours would become.
package struct Merge {
  /// Lower ranks go first.
  package var rank: Int32
  /// The number of the symbol that results.
  package var id: Int32

  /// Makes a merge.
  package init(rank: Int32, id: Int32) {
    self.rank = rank
    self.id = id
  }

  /// Neighbours that stay apart.
  static let none = Merge(rank: .max, id: ByteIndex.none)
}

/// Knows which neighbours may be put together.
protocol PairRanking {
  /// The merge of two neighbours, or `Merge.none`.
  func merge(_ left: Symbol, _ right: Symbol, of text: [UInt8]) -> Merge
}

/// Puts neighbours together, lowest rank first and leftmost first among equals, until none is left.
///
/// Keeps its memory from word to word.
struct PairMerger {
  /// The symbols of the word: characters at first, then what they became.
  var symbols: [Symbol] = []
  private var merges: [Merge] = []
  private var heap: [Candidate] = []
  private var links: [Link] = []

  /// Up to so many symbols, looking at all merges each time is faster than a heap.
  private static let few = 40

  private struct Candidate {
    /// The rank and, below it, the place of the left symbol: the order in which merges are done.
    let order: UInt64
    /// The number of the symbol that results.
    let id: Int32
    /// Bytes of both at the time, by which stale candidates are known.
    let byteCount: Int32

    var left: Int { Int(order & 0xFFFF_FFFF) }

    static func < (a: Candidate, b: Candidate) -> Bool { a.order < b.order }
  }

  private struct Link {
    var previous: Int
    var next: Int
  }

  /// Merges `symbols` as far as it goes.
  ///
  /// - Complexity: O(*n* log *n*) in the symbols.
  mutating func run(_ ranking: some PairRanking, _ text: [UInt8]) {
    guard symbols.count > 1 else { return }
    if symbols.count <= Self.few { runInPlace(ranking, text) } else { runByHeap(ranking, text) }
  }

  private mutating func runInPlace(_ ranking: some PairRanking, _ text: [UInt8]) {
    merges.removeAll(keepingCapacity: true)
    for right in 1..<symbols.count {
      merges.append(ranking.merge(symbols[right - 1], symbols[right], of: text))
    }
    while let left = lowest() {
      symbols[left].end = symbols[left + 1].end
      symbols[left].id = merges[left].id
      symbols.remove(at: left + 1)
      merges.remove(at: left)
      if left < merges.count {
        merges[left] = ranking.merge(symbols[left], symbols[left + 1], of: text)
      }
      if left > 0 {
        merges[left - 1] = ranking.merge(symbols[left - 1], symbols[left], of: text)
      }
    }
  }

  /// The place of the leftmost lowest merge.
  private func lowest() -> Int? {
    var (best, rank) = (-1, Int32.max)
    for place in merges.indices where merges[place].rank < rank {
      (best, rank) = (place, merges[place].rank)
    }
    return best < 0 ? nil : best
  }

  private mutating func runByHeap(_ ranking: some PairRanking, _ text: [UInt8]) {
    heap.removeAll(keepingCapacity: true)
    links = symbols.indices.map { Link(previous: $0 - 1, next: $0 + 1) }
    for right in 1..<symbols.count { push(right - 1, right, ranking, text) }
    while let candidate = pop() {
      let (left, start) = (candidate.left, symbols[candidate.left].start)
      let right = links[left].next
      // A symbol that was merged into its left neighbour is empty from then on.
      guard symbols[left].end > start, right < symbols.count,
        symbols[right].end - start == Int(candidate.byteCount)
      else { continue }
      symbols[left].end = symbols[right].end
      symbols[left].id = candidate.id
      symbols[right].end = symbols[right].start
      links[left].next = links[right].next
      if links[left].next < symbols.count { links[links[left].next].previous = left }
      push(links[left].previous, left, ranking, text)
      push(left, links[left].next, ranking, text)
    }
    symbols.removeAll { $0.start == $0.end }
  }

  private mutating func push(
    _ left: Int, _ right: Int, _ ranking: some PairRanking, _ text: [UInt8]
  ) {
    guard left >= 0, right < symbols.count else { return }
    let merge = ranking.merge(symbols[left], symbols[right], of: text)
    guard merge.rank != .max else { return }
    heap.append(
      Candidate(
        order: UInt64(UInt32(bitPattern: merge.rank)) << 32 | UInt64(left), id: merge.id,
        byteCount: Int32(truncatingIfNeeded: symbols[right].end - symbols[left].start)))
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func pop() -> Candidate? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var parent = 0
    while 2 * parent + 1 < heap.count {
      var child = 2 * parent + 1
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      guard heap[child] < heap[parent] else { break }
      heap.swapAt(child, parent)
      parent = child
    }
    return first
  }
}
