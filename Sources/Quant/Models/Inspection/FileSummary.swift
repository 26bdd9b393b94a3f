// SPDX-License-Identifier: MIT
public import GGUF

/// One file of a model.
public struct FileSummary: Sendable, Encodable {
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

  /// Takes what a model says of one of its files.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - tensors: The tensors in it.
  public init(_ file: SourceFile, tensors: [TensorInfo]) {
    path = file.name
    fileBytes = file.byteCount
    expectedBytes = file.dataEnd
    tensorCount = tensors.count
    completeTensorCount = tensors.count { $0.byteOffset + ($0.byteCount ?? 0) <= file.byteCount }
    trailingBytes = file.trailingByteCount
  }

  /// Whether the file ends before its tensors do.
  public var isTruncated: Bool { fileBytes < expectedBytes }
}
