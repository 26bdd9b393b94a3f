// SPDX-License-Identifier: MIT
internal import LocalFiles

/// A file on disk, read as it is. Two are equal if they are of one opening.
public struct LocalFile: ByteSource, Hashable {
  let mapping: MappedFile

  /// Opens a regular file; what an edit that was cut off has left is put right before (see
  /// `HeaderEdit.apply()`).
  ///
  /// Throws `FileError.system` if it cannot be opened, `.unsupported` if it is not a regular file.
  public init(path: String) throws(FileError) {
    try BeginningJournal.settle(path)
    mapping = try MappedFile(path: path)
  }

  /// The path, as it was given.
  public var name: String { mapping.path }

  /// The size when it was opened.
  public var byteCount: Int { mapping.byteCount }

  /// The modification time in nanoseconds since 1970.
  public var version: Int { mapping.modificationTime }

  /// Copies bytes out with ordinary reads, so that a file that became shorter gives an error.
  public func read(at offset: Int, into buffer: inout MutableRawSpan) throws(FileError) {
    try mapping.read(at: offset, into: &buffer)
  }

  /// Throws if its size or modification time is another. A file that was replaced by renaming is still
  /// the same.
  public func checkUnchanged() throws(FileError) { try mapping.checkUnchanged() }

  /// Opens the file at a path, if there is one.
  public func sibling(_ name: String) throws(FileError) -> (any ByteSource)? {
    Disk.exists(name) ? try LocalFile(path: name) : nil
  }

  /// Whether both are of one opening.
  public static func == (a: LocalFile, b: LocalFile) -> Bool { a.mapping === b.mapping }

  /// Adds which opening it is of.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(mapping)) }

  /// Reads a whole file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - limit: Its largest size in bytes.
  ///   - kind: What it should be, with its article, for the error.
  /// - Returns: Its bytes.
  /// - Throws: `FileError.unsupported` for a larger file, and as `init` and `read(at:into:)`.
  public static func contents(
    of path: String, limit: Int = .max, kind: String = "a file to read"
  ) throws(FileError) -> [UInt8] {
    let file = try LocalFile(path: path)
    guard file.byteCount <= limit else {
      throw .unsupported(file: path, what: "this is too large to be \(kind)")
    }
    return try file.bytes(0..<file.byteCount)
  }
}
