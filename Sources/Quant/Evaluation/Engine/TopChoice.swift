// SPDX-License-Identifier: MIT

/// Finds the largest numbers of a row without sorting it: the least of them is found digit by digit, from
/// counts of each digit's values.
package struct TopChoice {
  private var codes: [UInt32] = []
  private var counts = [UInt32](repeating: 0, count: 2048)

  package init() {}

  /// The places of the largest numbers, in order; of equal ones, the first.
  ///
  /// - Parameters:
  ///   - count: How many; all, if there are no more.
  ///   - row: The numbers.
  ///   - list: Takes the places, and nothing else.
  package mutating func choose(_ count: Int, of row: Span<Float>, into list: inout [Int32]) {
    guard count < row.count else {
      list = Array(0..<Int32(row.count))
      return
    }
    if codes.count < row.count { codes = Array(repeating: 0, count: row.count) }
    list = Array(repeating: 0, count: count + 1)
    Self.choose(count, of: row, &codes, &counts, into: &list)
    list.removeLast()
  }

  private static func choose(
    _ count: Int, of row: Span<Float>, _ codes: inout [UInt32], _ counts: inout [UInt32],
    into list: inout [Int32]
  ) {
    var codes = codes.mutableSpan
    for index in row.indices { codes[index] = code(row[index]) }
    var counts = counts.mutableSpan
    let (least, equal) = threshold(count, codes.span.extracting(0..<row.count), &counts)
    var places = list.mutableSpan
    var (found, left) = (0, equal)
    for index in row.indices {
      // No branch: which numbers are chosen cannot be foretold.
      places[found] = Int32(truncatingIfNeeded: index)
      let isEqual = codes[index] == least && left > 0
      left -= isEqual ? 1 : 0
      found += isEqual || codes[index] > least ? 1 : 0
    }
  }

  /// The code of the least number chosen, and how many equal ones are chosen.
  private static func threshold(
    _ count: Int, _ codes: Span<UInt32>, _ counts: inout MutableSpan<UInt32>
  ) -> (least: UInt32, equal: Int) {
    var (prefix, known, left) = (UInt32(0), UInt32(0), count)
    for (shift, bits) in [(21, 11), (10, 11), (0, 10)] as [(UInt32, UInt32)] {
      let mask: UInt32 = 1 << bits - 1
      for digit in counts.indices { counts[digit] = 0 }
      for index in codes.indices where codes[index] & known == prefix {
        counts[Int(codes[index] &>> shift & mask)] &+= 1
      }
      var digit = Int(mask)
      while digit > 0, counts[digit] < left {
        left -= Int(counts[digit])
        digit -= 1
      }
      prefix |= UInt32(digit) << shift
      known |= mask << shift
    }
    return (prefix, left)
  }

  /// A whole number that is larger for a larger number, and the same for both zeros.
  private static func code(_ number: Float) -> UInt32 {
    let bits = (number + 0).bitPattern
    return bits >> 31 == 0 ? bits | 1 << 31 : ~bits
  }
}
