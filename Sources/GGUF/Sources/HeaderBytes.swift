// SPDX-License-Identifier: MIT

/// The bytes that a header is read from: a mapped file, or the beginning of another source.
final class HeaderBytes: Sendable {
  private enum Storage {
    case mapping(MappedFile)
    case copy([UInt8])
  }

  /// The file's name, for errors.
  let name: String
  /// The size of the whole file.
  let fileBytes: Int
  private let storage: Storage

  /// The most that is read of a source to find the end of its header: several times what the largest
  /// tokenizers take.
  private static let mostBytes = 1 << 28
  private static let firstBytes = 1 << 20

  private init(_ source: any ByteSource, _ storage: Storage) {
    name = source.name
    fileBytes = source.byteCount
    self.storage = storage
  }

  /// The bytes that are there, from the start of the file.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      switch storage {
      case .mapping(let file): unsafe _overrideLifetime(file.bytes, borrowing: self)
      case .copy(let bytes): unsafe _overrideLifetime(bytes.span.bytes, borrowing: self)
      }
    }
  }

  /// Bytes of the header.
  subscript(range: Range<Int>) -> RawSpan {
    @_lifetime(borrow self)
    get { bytes.extracting(range) }
  }

  /// Reads the header of a file: of a local file where it lies, of another source from a copy of as
  /// many bytes as the header has.
  ///
  /// - Parameters:
  ///   - source: The file.
  ///   - end: Where a header ends.
  ///   - parse: Reads a header; `nil` if it goes on after the bytes that it was given.
  /// - Returns: What `parse` read.
  /// - Throws: `FileError` if the bytes cannot be read, as `parse`, and `.malformed` if the header does
  ///   not end within 256 MiB.
  /// - Complexity: O(*n*) in the bytes of the header; each is fetched once.
  static func reading<R>(
    _ source: any ByteSource, end: (R) -> Int, _ parse: (HeaderBytes) throws(FileError) -> R?
  ) throws(FileError) -> R {
    if let file = source as? LocalFile {
      return try require(parse(HeaderBytes(source, .mapping(file.mapping))), source)
    }
    var bytes: [UInt8] = []
    while bytes.count < min(source.byteCount, mostBytes) {
      let next = min(max(firstBytes, 4 * bytes.count), source.byteCount, mostBytes)
      bytes += try source.bytes(bytes.count..<next)
      guard let header = try parse(HeaderBytes(source, .copy(bytes))) else { continue }
      // What follows the header in the copy would stay in memory for as long as its arrays do.
      return try require(parse(HeaderBytes(source, .copy(Array(bytes[..<end(header)])))), source)
    }
    return try require(parse(HeaderBytes(source, .copy(bytes))), source)
  }

  private static func require<R>(
    _ header: R?, _ source: any ByteSource
  ) throws(FileError) -> R {
    if let header { return header }
    throw .malformed(
      file: source.name, offset: min(source.byteCount, mostBytes), what: "the header",
      expected: "its end within the first \(mostBytes >> 20) MiB", found: "more")
  }
}
