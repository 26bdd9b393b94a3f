// SPDX-License-Identifier: MIT

/// One of the parts into which a job is divided among machines, written as `2/4`.
public struct JobPart: Sendable, Equatable {
  /// The most parts that a job can have.
  public static let most = 65_536

  /// Which part, from 1.
  public let number: Int
  /// How many parts there are.
  public let count: Int

  /// Makes one of its numbers; `nil` unless `number` is from 1 to `count`, and that at most `most`.
  public init?(_ number: Int, of count: Int) {
    guard (1...Self.most).contains(count), (1...count).contains(number) else { return nil }
    self.number = number
    self.count = count
  }

  /// Reads `k/n`; `nil` for anything else.
  public init?(_ text: String) {
    let words = text.split(separator: "/", omittingEmptySubsequences: false)
    guard words.count == 2, let number = Int(words[0]), let count = Int(words[1]) else {
      return nil
    }
    self.init(number, of: count)
  }

  /// The part of `total` things in a row that is its own; empty, perhaps, where there are more parts
  /// than things. All parts' ranges make up the whole and differ in size by one at most.
  public func range(of total: Int) -> Range<Int> {
    let (each, rest) = total.quotientAndRemainder(dividingBy: count)
    let before = number - 1
    let start = each * before + rest * before / count
    return start..<each * number + rest * number / count
  }

  /// Every `count`th of `total` things: its own where neighbours take equally long.
  public func members(of total: Int) -> [Int] {
    Array(stride(from: number - 1, to: total, by: count))
  }
}

extension JobPart: CustomStringConvertible {
  /// As it is written.
  public var description: String { "\(number)/\(count)" }
}
