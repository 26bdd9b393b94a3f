// SPDX-License-Identifier: MIT
import GGUF

/// Finds the number that belongs to a string of bytes: the way from a text to its token.
///
/// An open-addressing table; the strings lie one behind the other in one array.
package struct ByteIndex: Sendable {
  private struct Slot {
    var hash: UInt32 = 0
    var id: Int32 = ByteIndex.none
    var start = 0
    var count: Int32 = 0
  }

  /// What stands for "no such string".
  static let none: Int32 = -1

  private var slots: [Slot]
  private var bytes: [UInt8] = []
  private(set) var count = 0
  private let hash: KeyedHash

  /// Makes an empty index with room for `capacity` strings; it grows beyond them.
  package init(capacity: Int, hash: KeyedHash = .ofProcess) {
    self.hash = hash
    slots = Array(repeating: Slot(), count: Self.slotCount(capacity))
  }

  /// Twice the strings at least, and a power of two.
  private static func slotCount(_ capacity: Int) -> Int {
    var count = 16
    while count < capacity * 2 { count *= 2 }
    return count
  }

  /// The number of a string that is part of a text, or `none`.
  package func find(_ text: [UInt8], _ range: Range<Int>) -> Int32 {
    let hash = hash(text, range)
    var place = Int(hash) & (slots.count - 1)
    while slots[place].id != Self.none {
      if slots[place].hash == hash && isEqual(slots[place], text, range) { return slots[place].id }
      place = (place + 1) & (slots.count - 1)
    }
    return Self.none
  }

  /// The number of a string, or `none`.
  func find(_ string: String) -> Int32 {
    let bytes = Array(string.utf8)
    return find(bytes, bytes.indices)
  }

  /// Gives a string a number, unless it has one already; returns the number that it has then.
  @discardableResult
  package mutating func insert(_ text: [UInt8], _ range: Range<Int>, id: Int32) -> Int32 {
    if (count + 1) * 2 > slots.count { grow() }
    let hash = hash(text, range)
    var place = Int(hash) & (slots.count - 1)
    while slots[place].id != Self.none {
      if slots[place].hash == hash && isEqual(slots[place], text, range) { return slots[place].id }
      place = (place + 1) & (slots.count - 1)
    }
    slots[place] = Slot(hash: hash, id: id, start: bytes.count, count: Int32(range.count))
    bytes.append(contentsOf: text[range])
    count += 1
    return id
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: Slot(), count: old.count * 2)
    for slot in old where slot.id != Self.none {
      var place = Int(slot.hash) & (slots.count - 1)
      while slots[place].id != Self.none { place = (place + 1) & (slots.count - 1) }
      slots[place] = slot
    }
  }

  private func isEqual(_ slot: Slot, _ text: [UInt8], _ range: Range<Int>) -> Bool {
    guard Int(slot.count) == range.count else { return false }
    for offset in 0..<range.count
    where bytes[slot.start + offset] != text[range.lowerBound + offset] {
      return false
    }
    return true
  }

  /// The most places that are looked at to find a string: few, whatever the strings.
  package var longestSearch: Int {
    slots.indices.filter { slots[$0].id != Self.none }.map { place in
      1 + (place - Int(slots[place].hash)) & (slots.count - 1)
    }.max() ?? 0
  }
}
