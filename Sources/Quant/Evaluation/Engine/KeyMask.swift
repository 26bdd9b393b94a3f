// SPDX-License-Identifier: MIT
internal import QuantModels

/// Which keys of its window each query of some rows sees, by groups of heads: a bit a key, 24 of them a
/// number, so that states can carry it from layer to layer.
struct KeyMask: Sendable {
  /// Rows of the numbers of all groups.
  let numbers: Matrix
  /// Numbers of a group.
  let columns: Int

  /// Memory for so many queries in windows of a length.
  init(rows: Int, groups: Int, length: Int) {
    columns = KeySelection.columns(keys: length)
    numbers = Matrix(rows: rows, columns: groups * columns)
  }

  /// What states carry, for windows of a length.
  init(carried: Matrix, length: Int) {
    columns = KeySelection.columns(keys: length)
    numbers = carried.columns(0..<columns)
  }

  private init(_ numbers: Matrix, columns: Int) {
    (self.numbers, self.columns) = (numbers, columns)
  }

  /// Groups of heads that see a choice of their own.
  var groups: Int { numbers.columns / columns }

  /// That of some rows.
  func rows(_ range: Range<Int>) -> KeyMask { KeyMask(numbers.rows(range), columns: columns) }

  /// Sets what a query sees.
  func set(_ bits: KeyBits, row: Int, group: Int) {
    for (index, word) in bits.words.enumerated() {
      numbers[row, group * columns + index] = Float(word)
    }
  }

  /// Appends the keys that a query sees, in order, of those in a range.
  func keys(row: Int, group: Int, in range: Range<Int>, to list: inout [Int32]) {
    let size = KeySelection.keysOfNumber
    let words = range.lowerBound / size..<min((range.upperBound + size - 1) / size, columns)
    for word in words {
      // Numbers come from files, too: those that are no bits show nothing.
      var bits = UInt32(exactly: numbers[row, group * columns + word]) ?? 0
      while bits != 0 {
        let key = word * size + bits.trailingZeroBitCount
        if range.contains(key) { list.append(Int32(truncatingIfNeeded: key)) }
        bits &= bits &- 1
      }
    }
  }
}

/// The keys that one query sees.
struct KeyBits {
  /// 24 keys each, the first in the lowest bit.
  private(set) var words: [UInt32]

  init(length: Int) { words = Array(repeating: 0, count: KeySelection.columns(keys: length)) }

  mutating func removeAll() {
    for index in words.indices { words[index] = 0 }
  }

  mutating func insert(_ keys: Range<Int>) {
    let size = KeySelection.keysOfNumber
    var key = keys.lowerBound
    while key < keys.upperBound {
      let word = key / size
      let end = min(keys.upperBound, (word + 1) * size)
      words[word] |= ((1 << UInt32(end - key)) - 1) << UInt32(key - word * size)
      key = end
    }
  }
}
