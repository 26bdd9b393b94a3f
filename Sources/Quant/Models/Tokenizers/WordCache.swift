// SPDX-License-Identifier: MIT

/// Remembers the tokens of words that came before in the same text: most words of a text do.
struct WordCache {
  private struct Slot {
    var hash: UInt32 = 0
    /// Where the word was first seen.
    var start = 0
    var byteCount: Int32 = 0
    var idCount: Int32 = 0
    var firstID = 0
  }

  private var slots: [Slot]
  private var ids: [Int32] = []
  private var count = 0
  private let hash = KeyedHash.ofProcess

  /// Longer words hardly ever come again.
  private static let longest = 48
  /// So many words are kept at most; then the cache starts anew.
  private static let most = 1 << 16

  /// Makes a cache for a text of so many bytes.
  init(byteCount: Int) {
    var slotCount = 64
    while slotCount < min(byteCount / 4, Self.most * 2) { slotCount *= 2 }
    slots = Array(repeating: Slot(), count: slotCount)
  }

  /// Appends the tokens of a word, which `make` must append where they are not known.
  mutating func encode(
    _ word: Range<Int>, of text: [UInt8], into output: inout [Int32],
    _ make: (inout [Int32]) -> Void
  ) {
    guard word.count <= Self.longest else { return make(&output) }
    let hash = hash(text, word)
    var place = Int(hash) & (slots.count - 1)
    while slots[place].byteCount > 0 {
      let slot = slots[place]
      if slot.hash == hash, isSame(slot, word, text) {
        for id in slot.firstID..<slot.firstID + Int(slot.idCount) { output.append(ids[id]) }
        return
      }
      place = (place + 1) & (slots.count - 1)
    }
    let old = output.count
    make(&output)
    slots[place] = Slot(
      hash: hash, start: word.lowerBound, byteCount: Int32(word.count),
      idCount: Int32(output.count - old), firstID: ids.count)
    ids.append(contentsOf: output[old...])
    count += 1
    if count * 2 > slots.count { clear() }
  }

  private mutating func clear() {
    for place in slots.indices { slots[place] = Slot() }
    ids.removeAll(keepingCapacity: true)
    count = 0
  }

  private func isSame(_ slot: Slot, _ word: Range<Int>, _ text: [UInt8]) -> Bool {
    guard Int(slot.byteCount) == word.count else { return false }
    for offset in 0..<word.count
    where text[slot.start + offset] != text[word.lowerBound + offset] {
      return false
    }
    return true
  }
}
