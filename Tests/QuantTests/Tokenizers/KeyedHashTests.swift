// SPDX-License-Identifier: MIT
import Quant
import TestSupport
import Testing

/// Tables whose keys come from files, with keys that collide where the hash has no secret.
@Suite("KeyedHash") struct KeyedHashTests {
  private static let count = 20_000
  /// Collisions of keys that nobody chose stay far below this, searches of crafted ones far above
  /// where the hash can be foreseen.
  private static let few = 250
  static let seeds: [UInt64] = [1, 2, 3]

  private static func hash(_ seed: UInt64) -> KeyedHash {
    var random = SeededGenerator(seed: seed)
    return KeyedHash(using: &random)
  }

  /// The least power of two.
  private static func slots(_ least: Int) -> Int {
    var count = 16
    while count < least { count *= 2 }
    return count
  }

  @Test(arguments: seeds)
  func `merges that were chosen to collide do not`(seed: UInt64) {
    let pairs = Crafted.pairs(Self.count, slots: Self.slots(Self.count * 3 / 2))
    var table = PairTable(capacity: pairs.count, hash: Self.hash(seed))
    for (rank, pair) in pairs.enumerated() {
      table.insert(pair.left, pair.right, Merge(rank: Int32(rank), id: pair.left))
    }
    #expect(table.longestSearch < Self.few)
    let ranks = pairs.map { table.merge($0.left, $0.right).rank }
    #expect(ranks == Array(0..<Int32(pairs.count)))
  }

  @Test(arguments: seeds)
  func `strings that were chosen to collide do not`(seed: UInt64) {
    let strings = Crafted.strings(Self.count, slots: Self.slots(Self.count * 2))
    // From the smallest table on, so that it grows.
    var index = ByteIndex(capacity: 0, hash: Self.hash(seed))
    for (id, string) in strings.enumerated() {
      index.insert(string, string.indices, id: Int32(id))
    }
    #expect(index.longestSearch < Self.few)
    #expect(strings.map { index.find($0, $0.indices) } == Array(0..<Int32(strings.count)))
  }

  @Test(arguments: seeds)
  func `nodes of a tree that were chosen to collide do not`(seed: UInt64) {
    var tree = ByteTrie(hash: Self.hash(seed))
    tree.insert(Crafted.path(Self.count, slots: Self.slots(2 * Self.count))[...], value: 7)
    #expect(tree.longestSearch < Self.few)
  }

  @Test(arguments: 0..<40)
  func `every byte and the length of a string count`(length: Int) {
    let hash = Self.hash(4)
    let text = [UInt8](repeating: 0, count: length + 1)
    let whole = hash(text, 0..<length)
    #expect(hash(text, 1..<length + 1) == whole, "where it lies does not count")
    #expect(hash(text, 0..<length + 1) != whole)
    for place in 0..<length {
      var other = text
      other[place] = 1
      #expect(hash(other, 0..<length) != whole, "byte \(place)")
    }
  }

  @Test func `another key is another hash`() {
    let hashes = (0..<100).map { Self.hash($0) }
    #expect(Set(hashes.map { $0(1) }).count == hashes.count)
    #expect(Set(hashes.map { $0([97], 0..<1) }).count == hashes.count)
  }
}

/// Keys that fall in a small part of a table by the hashes that it had: a product with a constant, and
/// FNV-1a.
private enum Crafted {
  private static func multiplied(_ key: UInt64, _ slots: Int) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & (slots - 1)
  }

  static func pairs(_ count: Int, slots: Int) -> [(left: Int32, right: Int32)] {
    var found: [(left: Int32, right: Int32)] = []
    for left: Int32 in 0..<4096 {
      for right: Int32 in 0..<4096
      where multiplied(UInt64(left) << 32 | UInt64(right), slots) < slots / 64 {
        found.append((left, right))
        if found.count == count { return found }
      }
    }
    return found
  }

  static func strings(_ count: Int, slots: Int) -> [[UInt8]] {
    var found: [[UInt8]] = []
    var number = 0
    while found.count < count {
      let string = Array("token \(number)".utf8)
      let hash = string.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { hash, byte in
        (hash ^ UInt64(byte)) &* 0x100_0000_01B3
      }
      if Int(truncatingIfNeeded: hash ^ (hash >> 32)) & (slots - 1) < slots / 32 {
        found.append(string)
      }
      number += 1
    }
    return found
  }

  /// One string, whose nodes are children of each other.
  static func path(_ count: Int, slots: Int) -> [UInt8] {
    [0]
      + (1..<UInt64(count)).map { node in
        (0...255).min { a, b in
          multiplied(node << 8 | UInt64(a), slots) < multiplied(node << 8 | UInt64(b), slots)
        } ?? 0
      }
  }
}
