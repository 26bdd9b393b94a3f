// SPDX-License-Identifier: MIT

/// A model, wherever its bytes come from: its header, its tensors, and what tells it from others.
///
/// A `GGUFFile` is one. What quantizes, measures and plans asks for no more than this. Any number of
/// threads may read at once.
public protocol ModelSource: Sendable {
  /// The path or address, for messages.
  var path: String { get }

  /// What the header says of the model, by GGUF's keys.
  var metadata: Metadata { get }

  /// All tensors, in the order of their files.
  var tensors: [TensorInfo] { get }

  /// The files that hold them; `TensorInfo.shard` counts them.
  var files: [SourceFile] { get }

  /// The byte order of what `read` gives.
  var byteOrder: ByteOrder { get }

  /// Finds a tensor by its name.
  ///
  /// - Throws: `FileError.missing` if there is none.
  func tensor(_ name: String) throws(FileError) -> TensorInfo

  /// Whether the model has a tensor of this name.
  func contains(_ name: String) -> Bool

  /// Refuses a tensor whose bytes cannot be read.
  ///
  /// - Throws: `FileError.unsupported` if the type's size is not known, `.malformed` if the file ends
  ///   before the tensor does.
  func check(_ tensor: TensorInfo) throws(FileError)

  /// Copies part of a tensor's bytes: blocks of its type, one row after the other.
  ///
  /// - Parameters:
  ///   - tensor: One of `tensors`.
  ///   - offset: Where the bytes begin, from the start of the tensor.
  ///   - buffer: The destination, filled completely.
  /// - Throws: As `check(_:)`, and `FileError.system` if the bytes cannot be had.
  /// - Precondition: The bytes lie within the tensor.
  func read(
    _ tensor: TensorInfo, at offset: Int, into buffer: inout MutableRawSpan
  ) throws(FileError)

  /// Copies bytes of one of `files`, whatever they hold.
  ///
  /// - Parameters:
  ///   - range: Where they lie in the file.
  ///   - file: The file, counted in `files`.
  /// - Returns: The bytes.
  /// - Throws: `FileError` if they cannot be read.
  func bytes(_ range: Range<Int>, ofFile file: Int) throws(FileError) -> [UInt8]

  /// Throws `FileError.changed` if a file was changed since the model was opened.
  func checkUnchanged() throws(FileError)
}

/// One of the files that hold a model.
public struct SourceFile: Sendable {
  /// Its path or address.
  public let name: String
  /// The bytes that are there.
  public let byteCount: Int
  /// The bytes of the whole file, as its header says: more than `byteCount` where the end is missing.
  public let wholeByteCount: Int
  /// The bytes of its header, of which it may hold only the first.
  public let headerByteCount: Int
  /// A number that changes when the bytes do (see `ByteSource.version`).
  public let version: Int

  /// Describes a file.
  public init(
    name: String, byteCount: Int, wholeByteCount: Int, headerByteCount: Int, version: Int
  ) {
    self.name = name
    self.byteCount = byteCount
    self.wholeByteCount = wholeByteCount
    self.headerByteCount = headerByteCount
    self.version = version
  }
}

extension ModelSource {
  /// Bytes of all files together.
  public var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

  /// A copy of all bytes of a tensor.
  ///
  /// - Throws: As `read(_:at:into:)`.
  public func bytes(of tensor: TensorInfo) throws(FileError) -> [UInt8] {
    try check(tensor)
    var bytes = [UInt8](repeating: 0, count: tensor.byteCount ?? 0)
    guard !bytes.isEmpty else { return [] }
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    try read(tensor, at: 0, into: &raw)
    return bytes
  }
}
