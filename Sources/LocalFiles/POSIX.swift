// SPDX-License-Identifier: MIT
#if canImport(Glibc)
  package import Glibc
#elseif canImport(Musl)
  package import Musl
#else
  package import Darwin
#endif

/// The text of an error number, as the system words it.
func systemErrorText(_ number: Int32) -> String {
  unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
}

/// The few system calls that files need, with errors that name file and call.
package enum POSIX {
  /// Opens a regular file for reading. A pipe or device is refused instead of waited for.
  package static func openForReading(
    _ path: String
  ) throws(FileError) -> (descriptor: Int32, size: Int, modificationTime: Int) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw notOpened(path) }
    do throws(FileError) {
      let status = try statistics(descriptor, path)
      guard status.st_mode & S_IFMT == S_IFREG else { throw irregular(path, status.st_mode) }
      return (descriptor, Int(status.st_size), modificationTime(status))
    } catch {
      _ = close(descriptor)
      throw error
    }
  }

  /// Why nothing could be opened; what people type instead of paths is named.
  private static func notOpened(_ path: String) -> FileError {
    let failure = failure(path, "open")
    guard case .system(_, _, ENOENT) = failure else { return failure }
    if path == "-" {
      return .unsupported(
        file: path, what: "standard input is not read here: save it to a file first")
    }
    guard path.contains("://") else { return failure }
    return .unsupported(file: path, what: "this is an address: download the file first")
  }

  /// What there is at a path in place of a file.
  private static func irregular(_ path: String, _ mode: mode_t) -> FileError {
    guard mode & S_IFMT == S_IFDIR else {
      return .unsupported(
        file: path,
        what: "this is not a regular file but a pipe or a device: save it to a file first")
    }
    let models = ((try? Disk.names(inFolder: path)) ?? []).filter { $0.hasSuffix(".gguf") }
    let shown = models.prefix(8).joined(separator: ", ")
    let more = models.count > 8 ? " and \(models.count - 8) more" : ""
    let list =
      models.isEmpty ? "there is no GGUF file in it" : "the GGUF files in it are \(shown)\(more)"
    return .unsupported(file: path, what: "this is not a regular file but a folder; \(list)")
  }

  /// When a file was last changed, in nanoseconds since 1970.
  package static func modificationTime(_ status: stat) -> Int {
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
  }

  /// Opens a file for reading and writing, making it if it is not there, and locks it; `nil` if another
  /// process holds it, or has just renamed or removed it.
  ///
  /// A symbolic link of this name is refused: what it leads to is not ours. File systems without locks
  /// give none, and the file is opened all the same.
  static func openLocked(_ path: String) throws(FileError) -> Int32? {
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw failure(path, "open for writing") }
    let isHeld = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
    guard !isHeld, Disk.isFile(descriptor, at: path) else {
      closeFile(descriptor)
      return nil
    }
    return descriptor
  }

  /// Opens a file that is there for reading and writing, and locks it against other edits.
  ///
  /// Throws `FileError.inUse` if another process holds it.
  static func openHeld(_ path: String) throws(FileError) -> Int32 {
    let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw failure(path, "open for writing") }
    let isHeld = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
    guard !isHeld, Disk.isFile(descriptor, at: path) else {
      closeFile(descriptor)
      throw .inUse(file: path, what: "another process is writing this file")
    }
    return descriptor
  }

  /// Opens a file for reading as soon as no other process holds it; `nil` if it has gone.
  static func openWaiting(_ path: String) -> Int32? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    while flock(descriptor, LOCK_EX) != 0 && errno == EINTR {}
    return descriptor
  }

  /// Bytes of an open file.
  static func bytes(
    _ descriptor: Int32, _ path: String, _ range: Range<Int>
  ) throws(FileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var failure: FileError?
    unsafe bytes.withUnsafeMutableBytes { buffer in
      do throws(FileError) {
        unsafe try readFully(descriptor, path, at: range.lowerBound, into: buffer)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Writes bytes to an open file.
  static func write(
    _ descriptor: Int32, _ path: String, at offset: Int, _ bytes: ArraySlice<UInt8>
  ) throws(FileError) {
    var failure: FileError?
    unsafe bytes.withUnsafeBytes { buffer in
      do throws(FileError) {
        unsafe try writeFully(descriptor, path, at: offset, buffer)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Lets go of what the system holds of a file in memory and has written. After a failed write-back
  /// memory may hold what the disk does not; who then reads must see the disk.
  static func forgetCached(_ descriptor: Int32) {
    #if os(Linux)
      _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    #endif
  }

  package static func statistics(_ descriptor: Int32, _ path: String) throws(FileError) -> stat {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw failure(path, "fstat") }
    return status
  }

  /// Bytes of an open file.
  static func byteCount(_ descriptor: Int32, _ path: String) throws(FileError) -> Int {
    Int(try statistics(descriptor, path).st_size)
  }

  /// Reads until `buffer` is full; a file that ends earlier is an error with its place.
  package static func readFully(
    _ descriptor: Int32, _ path: String, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(FileError) {
    var done = 0
    while done < buffer.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let got = unsafe pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw failure(path, "read") }
      guard got > 0 else {
        throw .malformed(
          file: path, offset: offset + done, what: "data",
          expected: "\(buffer.count - done) more bytes", found: "the end of the file")
      }
      done += got
    }
  }

  /// Writes the whole buffer at an offset.
  static func writeFully(
    _ descriptor: Int32, _ path: String, at offset: Int, _ buffer: UnsafeRawBufferPointer
  ) throws(FileError) {
    var done = 0
    while done < buffer.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
      let put = unsafe pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if put < 0 && errno == EINTR { continue }
      guard put > 0 else { throw failure(path, "write") }
      done += put
    }
  }

  static func resize(_ descriptor: Int32, _ path: String, to size: Int) throws(FileError) {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw failure(path, "resize") }
  }

  static func synchronize(_ descriptor: Int32, _ path: String) throws(FileError) {
    guard fsync(descriptor) == 0 else { throw failure(path, "sync") }
  }

  /// Makes a rename durable: the folder's own entry is synced too.
  static func synchronizeFolder(of path: String) {
    let descriptor = unsafe open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    // Some file systems refuse to sync folders; the file's own bytes are safe already.
    _ = fsync(descriptor)
    _ = close(descriptor)
  }

  static func move(_ source: String, to target: String) throws(FileError) {
    guard unsafe rename(source, target) == 0 else { throw failure(target, "rename") }
  }

  package static func closeFile(_ descriptor: Int32) { _ = close(descriptor) }

  /// Gives up the lock of a file, and closes it. A process that another thread is starting holds all
  /// descriptors until it runs its program; closing alone would leave it the lock so long.
  static func closeLocked(_ descriptor: Int32) {
    _ = flock(descriptor, LOCK_UN)
    closeFile(descriptor)
  }

  static func remove(_ path: String) { _ = unsafe unlink(path) }

  /// The folder that a path lies in.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  package static func failure(_ path: String, _ call: String) -> FileError {
    .system(file: path, call: call, errno: errno)
  }
}

/// What the file system says of places to write to.
package enum Disk {
  /// Bytes that an ordinary user may still write to the file system holding `path`'s folder.
  package static func freeBytes(for path: String) throws(FileError) -> Int {
    let folder = POSIX.folder(of: path)
    var status = statvfs()
    guard unsafe statvfs(folder, &status) == 0 else {
      throw POSIX.failure(folder, "reading the free space of this folder")
    }
    // Some network file systems do not count their blocks.
    guard status.f_blocks > 0 else { return .max }
    let (bytes, overflow) = Int(clamping: status.f_bavail)
      .multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
    return overflow ? Int.max : bytes
  }

  /// Refuses an output that the disk has no room for.
  ///
  /// - Parameters:
  ///   - byteCount: Bytes that are still to be written.
  ///   - path: The output.
  /// - Throws: `FileError.noSpace` with what is needed and what is free.
  package static func require(_ byteCount: Int, for path: String) throws(FileError) {
    let free = try freeBytes(for: path)
    guard byteCount <= free else {
      throw .noSpace(
        file: path, what: "expected \(byteCount) bytes free on its disk, found \(free)")
    }
  }

  /// Refuses a name that no file can be given: a folder's or device's, one that is or leads to a place of
  /// the system, one that is too long, or one in a folder that is not there or cannot be written to.
  ///
  /// - Throws: `FileError.invalid` or `.system`, naming the file or the folder.
  package static func checkPlace(_ path: String) throws(FileError) {
    guard !path.isEmpty, isReplaceable(path) else {
      throw .invalid(
        file: path.isEmpty ? "\"\"" : path,
        what: "expected a file or nothing, found a folder or a device")
    }
    guard path != "-" else {
      throw .invalid(file: path, what: "this output must be a file, and cannot go to a stream")
    }
    if let place = systemPlace(path) {
      let what = place == path ? "a place of the system" : "a link to \(place)"
      throw .invalid(file: path, what: "expected a file or nothing, found \(what)")
    }
    let folder = POSIX.folder(of: path)
    // The dot tells a file from a folder.
    guard unsafe access(folder + "/.", W_OK | X_OK) == 0 else {
      throw POSIX.failure(folder, "writing into this folder")
    }
    let temporary = OutputFile.temporaryPath(of: path)
    if unsafe access(temporary, F_OK) != 0 && errno == ENAMETOOLONG {
      throw POSIX.failure(temporary, "open for writing")
    }
  }

  /// Bytes that a file takes on disk now (holes take none); zero if there is no such file.
  package static func allocatedBytes(of path: String) -> Int {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return 0 }
    return Int(status.st_blocks) * 512
  }

  /// What tells one existing file from all others, whatever path leads to it.
  package struct Identity: Hashable, Sendable {
    let device: UInt64
    let number: UInt64
  }

  /// The identity of the file at `path`; `nil` if there is nothing.
  package static func identity(of path: String) -> Identity? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return Identity(
      device: UInt64(truncatingIfNeeded: status.st_dev),
      number: UInt64(truncatingIfNeeded: status.st_ino))
  }

  /// Whether an open file is the one at `path`.
  static func isFile(_ descriptor: Int32, at path: String) -> Bool {
    guard let status = try? POSIX.statistics(descriptor, path), let there = identity(of: path)
    else {
      return false
    }
    return there.number == UInt64(truncatingIfNeeded: status.st_ino)
      && there.device == UInt64(truncatingIfNeeded: status.st_dev)
  }

  /// Whether a file may be put at `path` by renaming: there is a regular file or nothing.
  package static func isReplaceable(_ path: String) -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return true }
    return status.st_mode & S_IFMT == S_IFREG
  }

  /// The path of the file that a symbolic link leads to; any other path, and one that leads nowhere, as
  /// it is.
  package static func resolved(_ path: String) -> String {
    var status = stat()
    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK,
      let target = unsafe realpath(path, nil)
    else { return path }
    defer { unsafe free(target) }
    return unsafe String(cString: target)
  }

  /// Whether a new file may take the place of the one at `path`.
  static func canReplace(_ path: String) -> Bool {
    do throws(FileError) {
      try checkPlace(path)
      return true
    } catch {
      return false
    }
  }

  /// Whether there is anything at `path`.
  package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// Removes a file, if it is there.
  package static func remove(_ path: String) { POSIX.remove(path) }
}
