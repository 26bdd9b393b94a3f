// SPDX-License-Identifier: MIT

/// Numbers as recipes and options list them: `*` for all, or `0,3-5`.
public struct NumberList: Sendable, Hashable {
  /// The ranges as written; `nil` for all numbers.
  public let ranges: [ClosedRange<Int>]?

  /// Reads a list; `nil` for anything but `*` or numbers and ranges set apart by commas.
  public init?(_ text: some StringProtocol) {
    let text = String(text.filter { $0 != " " })
    guard text != "*" else {
      ranges = nil
      return
    }
    var ranges: [ClosedRange<Int>] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map(Self.number)
      guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil,
        first <= last
      else { return nil }
      ranges.append(first...last)
    }
    self.ranges = ranges
  }

  /// A number of digits alone, up to 65,535: more than any model has of layers or experts.
  private static func number(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(text)
    else { return nil }
    return number < 65_536 ? number : nil
  }

  /// Whether it stands for all numbers.
  public var isAll: Bool { ranges == nil }

  /// Whether a number is in the list.
  public func contains(_ number: Int) -> Bool {
    ranges.map { $0.contains { $0.contains(number) } } ?? true
  }

  /// The numbers, ascending; empty for all.
  public var numbers: [Int] { Set((ranges ?? []).flatMap { Array($0) }).sorted() }

  /// Numbers, in ascending order and as few words as possible: `0, 3-5`.
  public static func text(of numbers: [Int]) -> String {
    ranges(of: numbers).map(text(of:)).joined(separator: ", ")
  }

  /// Numbers as ranges, ascending and as long as possible.
  package static func ranges(of numbers: [Int]) -> [ClosedRange<Int>] {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers.sorted() {
      if let last = ranges.last, last.upperBound < .max, last.upperBound + 1 == number {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges
  }

  private static func text(of range: ClosedRange<Int>) -> String {
    range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
  }
}

extension NumberList: CustomStringConvertible {
  /// The list as it is written in recipes.
  public var description: String {
    ranges.map { $0.map(Self.text(of:)).joined(separator: ",") } ?? "*"
  }
}
