// SPDX-License-Identifier: MIT
import Quant
import Testing

@Suite("NumberList") struct NumberListTests {
  @Test func `numbers in a row become ranges`() {
    #expect(NumberList.text(of: [0, 1, 2, 3, 7, 9, 10]) == "0-3, 7, 9-10")
    #expect(NumberList.text(of: [10, 2, 9, 3]) == "2-3, 9-10")
    #expect(NumberList.text(of: [.min, .max - 1, .max]) == "\(Int.min), \(Int.max - 1)-\(Int.max)")
    #expect(NumberList.text(of: []) == "")
    #expect(NumberList.text(of: [5]) == "5")
  }

  @Test func `a list is written as it was read`() {
    for text in ["*", "0,3-5", "7"] { #expect(NumberList(text)?.description == text) }
    #expect(NumberList("0, 3 - 5")?.numbers == [0, 3, 4, 5])
    for text in ["", "3-", "5-3", "1,,2", "65536", "+1"] { #expect(NumberList(text) == nil) }
  }
}
