// SPDX-License-Identifier: MIT

/// The order of a few hundred positive numbers, greatest first, in linear time.
///
/// Numbers are told apart by their upper 16 bits, to 0.4 %. That is enough for a scale search: at
/// the scale where a weight goes from one quant to the next, both cost the same, so weights this
/// close may change places.
struct RadixOrder {
  /// A number's upper bits, inverted, above its position.
  private var keys: [UInt32] = []
  private var spare: [UInt32] = []
  /// How many numbers there are.
  private(set) var count = 0

  /// Where the number stood that comes at `place` in the order.
  @inline(__always)
  subscript(place: Int) -> Int { Int(keys[place] & 0xFFFF) }

  /// Forgets all numbers, and makes room for up to `limit` new ones, 65,536 at most.
  mutating func removeAll(roomFor limit: Int) {
    count = 0
    guard keys.count < limit else { return }
    keys = [UInt32](repeating: 0, count: limit)
    spare = keys
  }

  /// Adds a positive number.
  @inline(__always)
  mutating func append(_ number: Float) {
    // The bits of positive floats rise with them; the sign bit is out of the way.
    keys[count] = ~(number.bitPattern << 1) & 0xFFFF_0000 | UInt32(truncatingIfNeeded: count)
    count += 1
  }

  /// Sorts: by the lower byte of the keys, then, keeping that order, by the upper one.
  mutating func sort() {
    Self.distribute(keys, count, into: &spare, shift: 16)
    Self.distribute(spare, count, into: &keys, shift: 24)
  }

  /// Puts the first `count` keys in the order of the byte at `shift`.
  private static func distribute(
    _ keys: [UInt32], _ count: Int, into sorted: inout [UInt32], shift: UInt32
  ) {
    var places = InlineArray<256, Int32>(repeating: 0)
    for index in 0..<count { places[Int(keys[index] >> shift & 255)] &+= 1 }
    var sum: Int32 = 0
    for byte in 0..<256 { (places[byte], sum) = (sum, sum &+ places[byte]) }
    for index in 0..<count {
      let byte = Int(keys[index] >> shift & 255)
      sorted[Int(places[byte])] = keys[index]
      places[byte] &+= 1
    }
  }
}
