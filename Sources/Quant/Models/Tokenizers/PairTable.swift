// SPDX-License-Identifier: MIT

/// The merges of a vocabulary: what two symbols become, and at which rank.
///
/// One open-addressing table, so that a look-up touches one line of the processor's cache.
package struct PairTable: Sendable {
  private struct Slot {
    var left: Int32 = ByteIndex.none
    var right: Int32 = ByteIndex.none
    var merge = Merge.none
  }

  private var slots: [Slot]
  private let hash: KeyedHash

  /// Makes a table for so many merges.
  package init(capacity: Int, hash: KeyedHash = .ofProcess) {
    self.hash = hash
    var count = 16
    while count * 2 < capacity * 3 { count *= 2 }
    slots = Array(repeating: Slot(), count: count)
  }

  /// The merge of two symbols, or `Merge.none`.
  package func merge(_ left: Int32, _ right: Int32) -> Merge {
    guard left >= 0, right >= 0 else { return .none }
    return slots[place(left, right)].merge
  }

  /// Adds a merge, unless the two have one already; not more than there is room for.
  package mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
    let place = place(left, right)
    guard slots[place].left == ByteIndex.none else { return }
    slots[place] = Slot(left: left, right: right, merge: merge)
  }

  /// Where a pair is, or the empty place where it would be.
  private func place(_ left: Int32, _ right: Int32) -> Int {
    var place = firstPlace(left, right)
    while slots[place].left != ByteIndex.none,
      slots[place].left != left || slots[place].right != right
    {
      place = (place + 1) & (slots.count - 1)
    }
    return place
  }

  private func firstPlace(_ left: Int32, _ right: Int32) -> Int {
    let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    return Int(hash(key)) & (slots.count - 1)
  }

  /// The most places that are looked at to find a merge: few, whatever the merges.
  package var longestSearch: Int {
    slots.indices.filter { slots[$0].left != ByteIndex.none }.map { place in
      1 + (place - firstPlace(slots[place].left, slots[place].right)) & (slots.count - 1)
    }.max() ?? 0
  }
}
