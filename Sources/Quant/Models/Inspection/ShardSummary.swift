// SPDX-License-Identifier: MIT
public import GGUF

/// One file of a model.
public struct ShardSummary: Sendable, Encodable {
  /// The file's path.
  public let path: String
  /// Its size.
  public let fileBytes: Int
  /// The size that it should have: up to the end of its last tensor.
  public let expectedBytes: Int
  /// Tensors in it.
  public let tensorCount: Int
  /// Tensors whose bytes are all there.
  public let completeTensorCount: Int
  /// Bytes after the last tensor that nothing accounts for.
  public let trailingBytes: Int

  /// Reads the numbers off a shard.
  public init(_ shard: Shard) {
    path = shard.name
    fileBytes = shard.byteCount
    expectedBytes = shard.dataEnd
    tensorCount = shard.tensors.count
    let size = fileBytes
    completeTensorCount = shard.tensors.count { $0.byteOffset + ($0.byteCount ?? 0) <= size }
    trailingBytes = shard.trailingByteCount
  }

  /// Whether the file ends before its tensors do.
  public var isTruncated: Bool { fileBytes < expectedBytes }
}
