// SPDX-License-Identifier: MIT
import Foundation
import Quant
import TestSupport
import Testing

@Suite("ExactSum") struct ExactSumTests {
  private static func numbers(_ count: Int) -> [Double] {
    var random = SeededGenerator(seed: 3)
    return (0..<count).map { _ in
      let digits = Double(Int64(bitPattern: random.next()) >> 11)
      return digits * pow(2, Double(Int(random.next() % 90)) - 100)
    }
  }

  @Test func `order and groups change nothing`() {
    let numbers = Self.numbers(5000)
    var forwards = ExactSum()
    for number in numbers { forwards.add(number) }
    var backwards = ExactSum()
    for number in numbers.reversed() { backwards.add(number) }
    var groups = ExactSum()
    for start in stride(from: 0, to: numbers.count, by: 37).reversed() {
      var group = ExactSum()
      for number in numbers[start..<min(start + 37, numbers.count)] { group.add(number) }
      groups.add(group)
    }
    #expect(forwards == backwards && forwards == groups)
    // The same numbers in double precision do depend on the order: the test is worth something.
    #expect(numbers.reduce(0, +) != numbers.reversed().reduce(0, +))
    #expect(abs(forwards.value - numbers.reduce(0, +)) <= 1e-12 * abs(forwards.value))
  }

  @Test(arguments: [
    0, 1, -1, 0.5, 3.25, 1e18, -1e18, 0x1p-64, -0x1p-64, 0x1.fffffep-41, 0x1.8p61, 1.0 / 3,
  ])
  func `a number comes back`(_ number: Double) {
    var sum = ExactSum()
    sum.add(number)
    #expect(abs(sum.value - number) < 0x1p-64)
    sum.add(-number)
    #expect(sum == ExactSum() && sum.value == 0)
  }

  @Test func `what is below a unit counts for nothing`() {
    var sum = ExactSum()
    for number in [0x1.fp-65, -0x1.fp-65, 0x1p-1074, 0x1p-117, 0x1p-118, -1e-300] {
      sum.add(number)
    }
    #expect(sum == ExactSum())
    sum.add(0x1.8p-64)
    #expect(sum.value == 0x1p-64)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity, 0x1p62, -0x1p62])
  func `what cannot be added makes it NaN for good`(_ number: Double) {
    var sum = ExactSum()
    sum.add(1)
    sum.add(number)
    sum.add(2)
    #expect(sum.value.isNaN)
    var other = ExactSum()
    other.add(sum)
    other.add(-1)
    #expect(other.value.isNaN)
  }

  @Test func `sums too large become NaN`() {
    var sum = ExactSum()
    for _ in 0..<3 { sum.add(0x1.fp60) }
    #expect(sum.value == 3 * 0x1.fp60)
    for _ in 0..<3 { sum.add(0x1.fp60) }
    #expect(sum.value.isNaN)
  }

  @Test func `files give it back`() throws {
    for number in [0, 1.0 / 3, -1e15, .nan] {
      var sum = ExactSum()
      sum.add(number)
      let text = try JSONEncoder().encode([sum])
      #expect(try JSONDecoder().decode([ExactSum].self, from: text) == [sum])
    }
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([ExactSum].self, from: Data("[\"1.5\"]".utf8))
    }
  }
}
