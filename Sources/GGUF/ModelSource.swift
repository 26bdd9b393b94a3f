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

  /// All tensors, in the order of their files, and of their bytes in each.
  var tensors: [TensorInfo] { get }

  /// The files that hold them; `TensorInfo.shard` counts them.
  var files: [SourceFile] { get }

  /// The byte order of what `read` gives.
  var byteOrder: ByteOrder { get }

  /// The version of the GGUF format that its header has; `nil` for a model that is no GGUF file, which
  /// is the default.
  var formatVersion: Int? { get }

  /// Shards of it that are not there: its tensors, and perhaps its metadata, are not all; `nil`, the
  /// default, where nothing is missing.
  var missingShards: MissingShards? { get }

  /// Finds a tensor by its name.
  ///
  /// - Throws: `FileError.missing` if there is none.
  /// - Complexity: The default takes O(*n*) in tensors.
  func tensor(_ name: String) throws(FileError) -> TensorInfo

  /// Whether the model has a tensor of this name.
  ///
  /// - Complexity: The default takes O(*n*) in tensors.
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
  /// The bytes of its header, of which it may hold only the first.
  public let headerByteCount: Int
  /// Where its data should end, but for padding: the end of its last tensor that has weights, or of the
  /// header.
  public let dataEnd: Int
  /// Bytes after its last tensor that nothing accounts for (padding does not count).
  public let trailingByteCount: Int
  /// A number that changes when the bytes do (see `ByteSource.version`).
  public let version: Int

  /// Describes a file.
  ///
  /// - Parameters:
  ///   - name: Its path or address.
  ///   - byteCount: The bytes that are there.
  ///   - headerByteCount: The bytes of its header.
  ///   - dataEnd: Where its data should end; `nil` for the end of what is there.
  ///   - trailingByteCount: Bytes after its last tensor that nothing accounts for.
  ///   - version: A number that changes when the bytes do.
  public init(
    name: String, byteCount: Int, headerByteCount: Int = 0, dataEnd: Int? = nil,
    trailingByteCount: Int = 0, version: Int = 0
  ) {
    self.name = name
    self.byteCount = byteCount
    self.headerByteCount = headerByteCount
    self.dataEnd = dataEnd ?? byteCount
    self.trailingByteCount = trailingByteCount
    self.version = version
  }

  /// The bytes of the whole file: more than `byteCount` where the end is missing.
  public var wholeByteCount: Int { max(byteCount, dataEnd) }

  /// Whether the file ends before its tensors do: a download in progress, or a header alone.
  public var isTruncated: Bool { byteCount < dataEnd }
}

extension ModelSource {
  /// No version: the model is no GGUF file.
  public var formatVersion: Int? { nil }

  /// No shards: nothing is missing.
  public var missingShards: MissingShards? { nil }

  /// Finds a tensor by its name, looking at one after the other.
  public func tensor(_ name: String) throws(FileError) -> TensorInfo {
    guard let tensor = tensors.first(where: { $0.name == name }) else {
      throw noTensor(name)
    }
    return tensor
  }

  /// Whether the model has a tensor of this name, looking at one after the other.
  public func contains(_ name: String) -> Bool { tensors.contains { $0.name == name } }

  /// The error of `tensor(_:)`.
  func noTensor(_ name: String) -> FileError {
    .missing(file: path, what: "tensor \"\(name)\"")
  }

  /// Bytes of all files together.
  public var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

  /// The tensors of one of `files`, in the order of their bytes.
  ///
  /// - Complexity: O(*n*) in the tensors of the model.
  public func tensors(ofFile file: Int) -> [TensorInfo] { tensors.filter { $0.shard == file } }

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
