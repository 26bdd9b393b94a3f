// SPDX-License-Identifier: MIT
internal import LocalFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A whole file, mapped read-only, that any number of threads may read.
///
/// - Important: If another program makes the file shorter while it is mapped, touching `bytes`
///   beyond the new end stops the process (SIGBUS), after `LostBytes` has named the file if it was asked
///   to. Long jobs read through `read(at:into:)`, which answers with an error instead.
@safe package final class MappedFile: Sendable {
  /// The path that was opened, as the caller gave it.
  package let path: String
  /// The size of the file when it was opened.
  package let byteCount: Int
  /// When the file was last changed, in nanoseconds since 1970.
  package let modificationTime: Int
  private let descriptor: Int32
  // Immutable from init to deinit, and so safe to share.
  nonisolated(unsafe) private let base: UnsafeRawPointer?

  /// Opens and maps a regular file.
  ///
  /// Throws `FileError.system` if it cannot be opened or mapped, `.unsupported` if it is not a
  /// regular file.
  package init(path: String) throws(FileError) {
    let (descriptor, size, time) = try POSIX.openForReading(path)
    self.path = path
    modificationTime = time
    self.descriptor = descriptor
    byteCount = size
    guard size > 0 else {  // mmap refuses a length of zero
      unsafe base = nil
      return
    }
    let address = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, descriptor, 0)
    guard unsafe address != MAP_FAILED, let address = unsafe address else {
      let error = POSIX.failure(path, "mmap")
      POSIX.closeFile(descriptor)
      throw error
    }
    unsafe base = UnsafeRawPointer(address)
    unsafe LostBytes.add(address, byteCount: size, path: path)
  }

  deinit {
    if let base = unsafe base {
      unsafe LostBytes.remove(base)
      unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount)
    }
    POSIX.closeFile(descriptor)
  }

  /// All bytes of the file, through the mapping.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let buffer = unsafe UnsafeRawBufferPointer(
        start: base, count: unsafe base == nil ? 0 : byteCount)
      let span = unsafe RawSpan(_unsafeBytes: buffer)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Copies bytes out of the file with ordinary reads, not through the mapping.
  ///
  /// Throws `FileError.malformed` if the file ends before `buffer` is full.
  package func read(at offset: Int, into buffer: inout MutableRawSpan) throws(FileError) {
    var failure: FileError?
    unsafe buffer.withUnsafeMutableBytes { target in
      do throws(FileError) {
        unsafe try POSIX.readFully(descriptor, path, at: offset, into: target)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Refuses a file that another program has changed since it was opened: what was read of it may be
  /// partly old and partly new. One that was replaced by renaming is still the same.
  ///
  /// Throws `FileError.changed` if its size or time is another, `.system` if it cannot be asked.
  package func checkUnchanged() throws(FileError) {
    let status = try POSIX.statistics(descriptor, path)
    guard Int(status.st_size) == byteCount, POSIX.modificationTime(status) == modificationTime
    else {
      throw .changed(
        file: path,
        what: "the file was changed while it was read: expected \(byteCount) bytes as they were,"
          + " found \(status.st_size) bytes, changed since")
    }
  }
}
