// SPDX-License-Identifier: MIT

/// The shards of a split model that are not beside the one that was opened.
public struct MissingShards: Sendable, Equatable {
  /// Their numbers, from 1, ascending.
  public let numbers: [Int]
  /// How many shards the model has.
  public let count: Int
  /// How many tensors they hold; `nil` where the model does not say how many it has.
  public let tensorCount: Int?

  /// Most numbers that a sentence lists.
  private static let mostListed = 8

  /// A sentence without a full stop: `shards 2, 3 of 3 are not there, with 61 tensors`.
  public var sentence: String {
    let listed = numbers.prefix(Self.mostListed).map(String.init).joined(separator: ", ")
    let more = numbers.count > Self.mostListed ? " and \(numbers.count - Self.mostListed) more" : ""
    let which = numbers.count == 1 ? "shard \(listed)" : "shards \(listed)\(more)"
    let tensors = tensorCount.map { ", with \($0) \($0 == 1 ? "tensor" : "tensors")" } ?? ""
    let keys = numbers.first == 1 ? ", and the first holds the metadata" : ""
    return "\(which) of \(count) \(numbers.count == 1 ? "is" : "are") not there" + tensors + keys
  }
}
