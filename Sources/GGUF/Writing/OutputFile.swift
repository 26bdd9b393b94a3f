// SPDX-License-Identifier: MIT

/// A file being written under a temporary name, which takes its own name only when it is whole.
///
/// Any number of threads may write to different places at once.
public final class OutputFile: Sendable {
  /// The name that the file will have.
  public let path: String
  /// The size that it will have.
  public let byteCount: Int
  private let descriptor: Int32

  /// The name of the unfinished file of an output.
  public static func temporaryPath(of path: String) -> String { path + ".partial" }

  /// The name that the file has until it is finished.
  public var temporaryPath: String { Self.temporaryPath(of: path) }

  /// Makes the temporary file, or opens the one that an earlier run left.
  ///
  /// - Parameters:
  ///   - path: The name that the file will have.
  ///   - byteCount: The final size; the file has it at once, as a hole.
  ///   - resuming: Whether bytes that are already there are kept.
  /// - Throws: `GGUFError.system` if the file cannot be made.
  public init(path: String, byteCount: Int, resuming: Bool = false) throws(GGUFError) {
    self.path = path
    self.byteCount = byteCount
    let temporary = Self.temporaryPath(of: path)
    descriptor = try POSIX.openForWriting(temporary, truncate: !resuming)
    do throws(GGUFError) {
      try POSIX.resize(descriptor, temporary, to: byteCount)
    } catch {
      POSIX.closeFile(descriptor)
      if !resuming { POSIX.remove(temporary) }
      throw error
    }
  }

  deinit { POSIX.closeFile(descriptor) }

  /// Writes bytes at a place of the file.
  ///
  /// - Precondition: They lie within `byteCount`.
  public func write(_ bytes: RawSpan, at offset: Int) throws(GGUFError) {
    precondition(offset >= 0 && offset + bytes.byteCount <= byteCount, "beyond the file")
    var failure: GGUFError?
    unsafe bytes.withUnsafeBytes { source in
      do throws(GGUFError) {
        unsafe try POSIX.writeFully(descriptor, temporaryPath, at: offset, source)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Writes an array of bytes at a place of the file.
  public func write(_ bytes: [UInt8], at offset: Int) throws(GGUFError) {
    unsafe try write(bytes.span.bytes, at: offset)
  }

  /// Copies bytes back out of the unfinished file.
  public func read(at offset: Int, into buffer: inout MutableRawSpan) throws(GGUFError) {
    var failure: GGUFError?
    unsafe buffer.withUnsafeMutableBytes { target in
      do throws(GGUFError) {
        unsafe try POSIX.readFully(descriptor, temporaryPath, at: offset, into: target)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Brings all that was written so far to the disk.
  public func synchronize() throws(GGUFError) {
    try POSIX.synchronize(descriptor, temporaryPath)
  }

  /// Syncs the file and gives it its name, replacing any file of that name.
  public func finish() throws(GGUFError) {
    try synchronize()
    try POSIX.move(temporaryPath, to: path)
    POSIX.synchronizeFolder(of: path)
  }

  /// Takes a finished file of the right size back to its temporary name, if there is no file of that
  /// name: for a job over several files that was cut off while it named them.
  package static func reopenFinished(_ path: String, byteCount: Int) throws(GGUFError) {
    let temporary = temporaryPath(of: path)
    guard !Disk.exists(temporary), Disk.exists(path) else { return }
    let (descriptor, size, _) = try POSIX.openForReading(path)
    POSIX.closeFile(descriptor)
    if size == byteCount { try POSIX.move(path, to: temporary) }
  }

  /// Removes the unfinished file.
  public func discard() { POSIX.remove(temporaryPath) }
}
