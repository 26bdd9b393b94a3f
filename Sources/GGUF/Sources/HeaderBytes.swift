// SPDX-License-Identifier: MIT

/// The bytes that a header is read from: a mapped file, or the beginning of another source.
final class HeaderBytes: Sendable {
  private enum Storage {
    case mapping(MappedFile)
    case copy([UInt8])
  }

  /// The file's name, for errors.
  let name: String
  private let storage: Storage

  /// The most that is read of a source to find the end of its header: several times what the largest
  /// tokenizers take.
  private static let mostBytes = 1 << 28
  private static let firstBytes = 1 << 20

  private init(name: String, _ storage: Storage) {
    self.name = name
    self.storage = storage
  }

  /// All bytes of a local file, or the first ones of another source.
  ///
  /// Throws `FileError` if they cannot be read.
  convenience init(_ source: any ByteSource, first count: Int) throws(FileError) {
    if let file = source as? LocalFile {
      self.init(name: source.name, .mapping(file.mapping))
    } else {
      self.init(name: source.name, .copy(try source.bytes(0..<min(count, source.byteCount))))
    }
  }

  var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      switch storage {
      case .mapping(let file): unsafe _overrideLifetime(file.bytes, borrowing: self)
      case .copy(let bytes): unsafe _overrideLifetime(bytes.span.bytes, borrowing: self)
      }
    }
  }

  /// Reads a header with `read`, from more and more of the source until all of it is there.
  ///
  /// What `read` finds malformed may only be cut off, unless it is the first fields of the file.
  static func reading<R>(
    _ source: any ByteSource, _ read: (HeaderBytes) throws(FileError) -> R
  ) throws(FileError) -> R {
    var count = firstBytes
    while true {
      let header = try HeaderBytes(source, first: count)
      let isAll = header.bytes.byteCount == source.byteCount || count >= mostBytes
      do throws(FileError) {
        return try read(header)
      } catch {
        guard !isAll, case .malformed(_, let offset, _, _, _) = error, offset >= 24 else {
          throw error
        }
        count *= 4
      }
    }
  }
}
