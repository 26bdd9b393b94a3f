// SPDX-License-Identifier: MIT
/// A small file that is only ever appended to, held by one process at a time.
package final class RecordFile: Sendable {
  package let path: String
  private let descriptor: Int32

  /// Opens or makes the file and locks it.
  ///
  /// Throws `FileError.inUse` if another process holds it.
  package init(path: String) throws(FileError) {
    self.path = path
    guard let descriptor = try POSIX.openLocked(path) else {
      throw .inUse(
        file: path, what: "another process is writing the same output, or has just finished it")
    }
    self.descriptor = descriptor
  }

  deinit { POSIX.closeLocked(descriptor) }

  /// Bytes that the file has now.
  package func byteCount() throws(FileError) -> Int {
    try POSIX.byteCount(descriptor, path)
  }

  /// Some bytes of the file.
  package func contents(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var failure: FileError?
    unsafe bytes.withUnsafeMutableBytes { buffer in
      do throws(FileError) {
        unsafe try POSIX.readFully(descriptor, path, at: range.lowerBound, into: buffer)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Cuts the file to a size: what comes after a torn record goes.
  package func cut(to size: Int) throws(FileError) {
    try POSIX.resize(descriptor, path, to: size)
  }

  /// Writes bytes at a place, usually the end.
  package func write(_ bytes: [UInt8], at offset: Int) throws(FileError) {
    var failure: FileError?
    unsafe bytes.withUnsafeBytes { buffer in
      do throws(FileError) {
        unsafe try POSIX.writeFully(descriptor, path, at: offset, buffer)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Removes the file.
  package func remove() { POSIX.remove(path) }
}
