// SPDX-License-Identifier: MIT

/// The file name of one shard: `PREFIX-00001-of-00005.gguf`, counted from 1.
public struct SplitName: Sendable, Hashable {
  /// The path up to the number.
  public let prefix: String
  /// The shard's place, from 0.
  public let index: Int
  /// How many shards the model has.
  public let count: Int

  /// Names a shard.
  public init(prefix: String, index: Int, count: Int) {
    self.prefix = prefix
    self.index = index
    self.count = count
  }

  /// Reads a path that has the form of a shard's.
  public init?(path: String) {
    guard
      let match = try? #/(.+)-([0-9]{5})-of-([0-9]{5})\.gguf/#.wholeMatch(in: path),
      let number = Int(match.2), let count = Int(match.3), number >= 1, number <= count
    else { return nil }
    self.init(prefix: String(match.1), index: number - 1, count: count)
  }

  /// The path of this shard.
  public var path: String { "\(prefix)-\(Self.padded(index + 1))-of-\(Self.padded(count)).gguf" }

  /// The paths of all shards.
  public var allPaths: [String] {
    (0..<count).map { SplitName(prefix: prefix, index: $0, count: count).path }
  }

  private static func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }
}
