// SPDX-License-Identifier: MIT
import Quant
import Testing

@Suite("Parts of jobs") struct JobPartTests {
  @Test(arguments: ["1/1", "2/4", "65536/65536"])
  func `what is written is read`(_ text: String) throws {
    #expect(try #require(JobPart(text)).description == text)
  }

  @Test(arguments: [
    "", "1", "0/4", "5/4", "-1/4", "1/0", "1/65537", "1/2/3", "a/b", "1/", "/2", " 1/2", "1.0/2",
    "99999999999999999999/1",
  ])
  func `anything else is refused`(_ text: String) { #expect(JobPart(text) == nil) }

  @Test(arguments: [1, 2, 3, 5, 16, 100], [0, 1, 2, 7, 100, 655_360, Int.max / 65_536])
  func `parts make up the whole`(_ count: Int, _ total: Int) throws {
    let parts = try (1...count).map { try #require(JobPart($0, of: count)) }
    let ranges = parts.map { $0.range(of: total) }
    #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == total)
    #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    let sizes = ranges.map(\.count)
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    guard total <= 1000 else { return }
    #expect(parts.flatMap { $0.members(of: total) }.sorted() == Array(0..<total))
  }
}
