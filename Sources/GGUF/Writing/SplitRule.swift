// SPDX-License-Identifier: MIT

/// How a model is cut into files.
public struct SplitRule: Sendable, Hashable {
  /// What bounds a file.
  public enum Bound: Sendable, Hashable {
    /// Tensor data of a file, padding included, stays at or below this many bytes; a larger tensor has
    /// a file of its own.
    case maxBytes(Int)
    /// A file has at most this many tensors.
    case maxTensors(Int)
  }

  /// What bounds each file.
  public let bound: Bound
  /// Whether the first file has the metadata alone, and tensors begin in the second.
  public let firstHasNoTensors: Bool

  /// Makes a rule.
  public init(_ bound: Bound, firstHasNoTensors: Bool = false) {
    self.bound = bound
    self.firstHasNoTensors = firstHasNoTensors
  }

  /// Files of at most this many bytes of tensor data each.
  public static func maxBytes(_ count: Int) -> SplitRule { SplitRule(.maxBytes(count)) }

  /// Files of at most this many tensors each.
  public static func maxTensors(_ count: Int) -> SplitRule { SplitRule(.maxTensors(count)) }

  /// Cuts tensors, in order, into files: the ranges of tensors of each, at least one.
  public func ranges(_ tensors: [TensorDescription], alignment: Int) -> [Range<Int>] {
    var ranges = firstHasNoTensors ? [0..<0] : []
    var start = 0
    var bytes = 0
    for (index, tensor) in tensors.enumerated() {
      let size = tensor.byteCount.flatMap { Checked.align($0, to: alignment) } ?? 0
      bytes = Checked.add(bytes, size) ?? .max
      if index > start && isFull(bytes, index + 1 - start) {
        ranges.append(start..<index)
        start = index
        bytes = size
      }
    }
    return ranges + [start..<tensors.count]
  }

  private func isFull(_ bytes: Int, _ count: Int) -> Bool {
    switch bound {
    case .maxBytes(let limit): bytes > limit
    case .maxTensors(let limit): count > limit
    }
  }
}

extension Metadata {
  /// The metadata of shard `index` of `count`: all keys in the first, and in every one those that
  /// tie the shards together, with llama.cpp's names and types.
  public func forShard(_ index: Int, of count: Int, tensorCount: Int) -> Metadata {
    var shard = index == 0 ? self : Metadata()
    if index > 0, let alignment = self["general.alignment"] {
      shard["general.alignment"] = alignment
    }
    shard["split.no"] = .uint16(UInt16(index))
    shard["split.count"] = .uint16(UInt16(count))
    shard["split.tensors.count"] = .int32(Int32(clamping: tensorCount))
    return shard
  }

  /// The metadata of a model that is not split.
  public func withoutSplitKeys() -> Metadata {
    var whole = self
    for key in ["split.no", "split.count", "split.tensors.count"] { whole[key] = nil }
    return whole
  }
}
