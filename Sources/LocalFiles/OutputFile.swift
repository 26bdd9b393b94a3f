// SPDX-License-Identifier: MIT
import Synchronization

/// A file being written under a temporary name, and renamed when it is complete.
///
/// Any number of threads may write to different places at once. A file that goes away before it is
/// finished leaves nothing behind, unless it is kept for the next run. Two at once for the same name
/// have temporary names of their own; the one that is finished last stays.
package final class OutputFile: Sendable {
  /// The name that the file will have.
  package let path: String
  /// The size that it will have.
  package let byteCount: Int
  /// The name that the file has until it is finished.
  package let temporaryPath: String
  let descriptor: Int32
  private let isKept: Bool
  /// Whether the temporary name is no longer this file's.
  private let isDone = Atomic(false)

  /// The name of the unfinished file of an output, if no other process has one of this name.
  package static func temporaryPath(of path: String) -> String { path + ".partial" }

  /// Whether the temporary name holds what a later run goes on with, by a journal beside it.
  package static func isPromised(_ path: String) -> Bool {
    Disk.exists(temporaryPath(of: path)) && Disk.exists(path + ".journal")
  }

  /// Makes the temporary file, or opens the one that an earlier run left.
  ///
  /// - Parameters:
  ///   - path: The name that the file will have.
  ///   - byteCount: The final size; the file has it at once, as a hole.
  ///   - resuming: Whether bytes that are already there are kept.
  ///   - isKept: Whether the file stays if it is not finished, for a later run to go on with.
  ///   - neededBytes: What it will take on disk; `nil` for all of `byteCount`, as without holes.
  /// - Throws: `FileError.system` if the file cannot be made; `.invalid` if the name is a folder's or
  ///   device's, `.noSpace` if the disk has not enough room, `.inUse` if another process writes the file
  ///   that is to be kept.
  package init(
    path: String, byteCount: Int, resuming: Bool = false, isKept: Bool = false,
    neededBytes: Int? = nil
  ) throws(FileError) {
    try Disk.checkPlace(path)
    self.path = path
    self.byteCount = byteCount
    self.isKept = isKept || resuming
    let temporary =
      isKept || resuming
      ? try TemporaryName.held(for: path) : try TemporaryName.free(for: path)
    (temporaryPath, descriptor) = (temporary.path, temporary.descriptor)
    // From here on an error runs `deinit`, which removes the file if it is not to be kept.
    if !resuming { try POSIX.resize(descriptor, temporaryPath, to: 0) }
    if resuming { POSIX.forgetCached(descriptor) }
    if !isKept && !resuming { try Disk.require(neededBytes ?? byteCount, for: path) }
    try POSIX.resize(descriptor, temporaryPath, to: byteCount)
  }

  /// Writes a whole file at once.
  ///
  /// - Parameters:
  ///   - bytes: What the file will hold.
  ///   - path: The name that it will have.
  /// - Throws: As `init`; then the name is what it was.
  package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    let output = try OutputFile(path: path, byteCount: bytes.count)
    try output.write(bytes, at: 0)
    try output.finish()
  }

  deinit {
    if !isKept { discard() }
    POSIX.closeLocked(descriptor)
  }

  /// Writes bytes at a place of the file.
  ///
  /// - Precondition: They lie within `byteCount`.
  package func write(_ bytes: RawSpan, at offset: Int) throws(FileError) {
    precondition(offset >= 0 && offset + bytes.byteCount <= byteCount, "beyond the file")
    var failure: FileError?
    unsafe bytes.withUnsafeBytes { source in
      do throws(FileError) {
        unsafe try POSIX.writeFully(descriptor, temporaryPath, at: offset, source)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Writes an array of bytes at a place of the file.
  package func write(_ bytes: [UInt8], at offset: Int) throws(FileError) {
    unsafe try write(bytes.span.bytes, at: offset)
  }

  /// Copies bytes back out of the unfinished file.
  package func read(at offset: Int, into buffer: inout MutableRawSpan) throws(FileError) {
    var failure: FileError?
    unsafe buffer.withUnsafeMutableBytes { target in
      do throws(FileError) {
        unsafe try POSIX.readFully(descriptor, temporaryPath, at: offset, into: target)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Brings all that was written so far to the disk.
  package func synchronize() throws(FileError) {
    try POSIX.synchronize(descriptor, temporaryPath)
  }

  /// Syncs the file and gives it its name, replacing any file or symbolic link of that name; what a
  /// link leads to stays as it is.
  package func finish() throws(FileError) {
    try synchronize()
    try POSIX.move(temporaryPath, to: path)
    isDone.store(true, ordering: .relaxed)
    UnfinishedFiles.remove(temporary: temporaryPath)
    POSIX.synchronizeFolder(of: path)
  }

  /// Takes a finished file of the right size back to its temporary name, if there is no file of that
  /// name: for a job over several files that was cut off while it named them.
  package static func reopenFinished(_ path: String, byteCount: Int) throws(FileError) {
    let temporary = temporaryPath(of: path)
    guard !Disk.exists(temporary), Disk.exists(path) else { return }
    let (descriptor, size, _) = try POSIX.openForReading(path)
    POSIX.closeFile(descriptor)
    if size == byteCount { try POSIX.move(path, to: temporary) }
  }

  /// Removes the unfinished file, kept or not; a finished one stays.
  package func discard() {
    guard !isDone.exchange(true, ordering: .relaxed) else { return }
    POSIX.remove(temporaryPath)
    UnfinishedFiles.remove(temporary: temporaryPath)
  }
}

/// A name under which a file is written, open and locked, so that no two processes share one.
private struct TemporaryName {
  let path: String
  let descriptor: Int32

  /// Far more than processes that write one output.
  private static let most = 1000

  /// The usual name, whose file a later run continues.
  static func held(for output: String) throws(FileError) -> TemporaryName {
    let path = OutputFile.temporaryPath(of: output)
    guard let descriptor = try POSIX.openLocked(path) else {
      throw .inUse(file: path, what: "another process is writing the same output")
    }
    return TemporaryName(path: path, descriptor: descriptor)
  }

  /// The usual name, or with a number if other processes hold that one.
  static func free(for output: String) throws(FileError) -> TemporaryName {
    for number in 1...most {
      let usual = OutputFile.temporaryPath(of: output)
      let path = number == 1 ? usual : "\(usual)-\(number)"
      let descriptor = try UnfinishedFiles.adding(temporary: path) { () throws(FileError) in
        try POSIX.openLocked(path)
      }
      if let descriptor { return TemporaryName(path: path, descriptor: descriptor) }
    }
    throw .inUse(file: output, what: "\(most) other processes are writing the same output")
  }
}
