// SPDX-License-Identifier: MIT

/// Finds the largest numbers of a row without sorting it: the least of them is found digit by digit, from
/// counts of each digit's values.
package struct TopChoice {
  private var codes: [UInt32] = []
  private var counts = [Int](repeating: 0, count: 256)

  package init() {}

  /// The places of the largest numbers, in order; of equal ones, the first.
  ///
  /// - Parameters:
  ///   - count: How many; all, if there are no more.
  ///   - row: The numbers.
  ///   - list: Is emptied and takes the places.
  package mutating func choose(_ count: Int, of row: Span<Float>, into list: inout [Int32]) {
    list.removeAll(keepingCapacity: true)
    guard count < row.count else {
      list += (0..<Int32(row.count))
      return
    }
    guard count > 0 else { return }
    codes.removeAll(keepingCapacity: true)
    for index in row.indices { codes.append(Self.code(row[index])) }
    var (least, left) = threshold(count)
    for index in codes.indices where codes[index] >= least {
      if codes[index] == least {
        guard left > 0 else { continue }
        left -= 1
      }
      list.append(Int32(truncatingIfNeeded: index))
    }
  }

  /// The code of the least number chosen, and how many equal ones are chosen.
  private mutating func threshold(_ count: Int) -> (least: UInt32, equal: Int) {
    var (prefix, left) = (UInt32(0), count)
    for shift in [UInt32](arrayLiteral: 24, 16, 8, 0) {
      for digit in counts.indices { counts[digit] = 0 }
      for code in codes where UInt64(code) >> UInt64(shift + 8) == UInt64(prefix) {
        counts[Int(code >> shift & 255)] += 1
      }
      var digit = 255
      while digit > 0, counts[digit] < left {
        left -= counts[digit]
        digit -= 1
      }
      prefix = prefix << 8 | UInt32(digit)
    }
    return (prefix, left)
  }

  /// A whole number that is larger for a larger number, and the same for both zeros.
  private static func code(_ number: Float) -> UInt32 {
    let bits = (number + 0).bitPattern
    return bits >> 31 == 0 ? bits | 1 << 31 : ~bits
  }
}
