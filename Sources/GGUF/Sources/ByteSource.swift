// SPDX-License-Identifier: MIT

/// Where the bytes of one file come from: a file on disk, memory, or a server.
///
/// Any number of threads may read at once.
public protocol ByteSource: Sendable {
  /// The path or address, for messages and for finding the other shards of a model.
  var name: String { get }

  /// The size when it was opened.
  var byteCount: Int { get }

  /// A number that changes when the bytes do, as far as the source can tell: a file's modification
  /// time in nanoseconds since 1970; 0 for a source that never changes.
  var version: Int { get }

  /// Copies bytes out.
  ///
  /// - Parameters:
  ///   - offset: Where they begin, from the start of the file.
  ///   - buffer: The destination, filled completely.
  /// - Throws: `FileError.malformed` if the file ends before `buffer` is full, `.system` if the bytes
  ///   cannot be had.
  func read(at offset: Int, into buffer: inout MutableRawSpan) throws(FileError)

  /// Throws `FileError.changed` if the file was changed since it was opened: what was read of it may be
  /// partly old and partly new.
  func checkUnchanged() throws(FileError)

  /// Opens another file of the same model.
  ///
  /// - Parameter name: Its path or address.
  /// - Returns: The file, or `nil` if there is none of this name.
  /// - Throws: `FileError` if it is there and cannot be opened.
  func sibling(_ name: String) throws(FileError) -> (any ByteSource)?
}

extension ByteSource {
  /// Copies some bytes out.
  ///
  /// - Throws: As `read(at:into:)`.
  public func bytes(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    try read(at: range.lowerBound, into: &raw)
    return bytes
  }
}
