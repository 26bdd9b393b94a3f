// SPDX-License-Identifier: MIT

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Blocks that two files share until one of them is written to.
enum OutputClone {
  /// Makes an output share all blocks of a file; false where the file system cannot.
  static func clone(_ descriptor: Int32, to output: OutputFile) -> Bool {
    #if os(Linux) && canImport(Glibc)
      let clone: UInt = 0x4004_9409  // FICLONE of linux/fs.h, a macro that Swift does not see
      return ioctl(output.descriptor, clone, descriptor) == 0
    #else
      return false
    #endif
  }
}

extension OutputFile {
  private static let copiedAtOnce = 4 << 20
  // `SEEK_DATA` and `SEEK_HOLE`, which Glibc shows to GNU's programs only.
  #if canImport(Darwin)
    private static let (seekData, seekHole): (Int32, Int32) = (4, 3)
  #else
    private static let (seekData, seekHole): (Int32, Int32) = (3, 4)
  #endif

  /// Copies bytes of another file; what are holes there stay holes here.
  ///
  /// - Parameters:
  ///   - source: The descriptor of the file.
  ///   - name: Its path, for errors.
  ///   - range: The bytes.
  ///   - offset: Where they go.
  ///   - progress: Called with the number of bytes done since the call before, holes included.
  /// - Throws: `FileError.system` if they cannot be read or written, `.malformed` if the file ends before.
  /// - Complexity: O(*n*) in bytes that are no holes; memory of 4 MiB.
  package func copy(
    from source: Int32, _ name: String, _ range: Range<Int>, to offset: Int,
    progress: (Int) -> Void = { _ in }
  ) throws(FileError) {
    var place = range.lowerBound
    while place < range.upperBound {
      let data = Self.data(source, from: place, end: range.upperBound)
      progress(data.lowerBound - place)
      try copyData(from: source, name, data, by: offset - range.lowerBound, progress)
      place = data.upperBound
    }
  }

  private func copyData(
    from source: Int32, _ name: String, _ range: Range<Int>, by shift: Int,
    _ progress: (Int) -> Void
  ) throws(FileError) {
    var place = range.lowerBound
    while place < range.upperBound {
      let end = min(place + Self.copiedAtOnce, range.upperBound)
      try write(POSIX.bytes(source, name, place..<end), at: place + shift)
      progress(end - place)
      place = end
    }
  }

  /// The next bytes that are no hole; an empty range at the end if all is one. File systems without
  /// holes have data throughout.
  private static func data(_ source: Int32, from place: Int, end: Int) -> Range<Int> {
    let start = lseek(source, off_t(place), seekData)
    if start < 0 { return errno == ENXIO ? end..<end : place..<end }
    let stop = lseek(source, start, seekHole)
    let first = min(Int(start), end)
    return first..<(stop < 0 ? end : min(max(Int(stop), first + 1), end))
  }

  /// Gives the unfinished file the permissions of another, and its owner where that is allowed.
  func takeAttributes(of status: stat) throws(FileError) {
    _ = fchown(descriptor, status.st_uid, status.st_gid)
    guard fchmod(descriptor, status.st_mode & 0o7777) == 0 else {
      throw POSIX.failure(temporaryPath, "setting the permissions")
    }
  }
}

extension OutputFile {
  /// Writes a file of a new beginning and a part of another file.
  ///
  /// - Parameters:
  ///   - beginning: What it begins with.
  ///   - path: Its name.
  ///   - range: The bytes of `source` that follow.
  ///   - source: The other file, which may have the same name.
  ///   - keepingAttributes: Whether it gets that file's permissions and owner.
  ///   - progress: Called with the number of bytes copied since the call before.
  ///   - check: Called before the file gets its name.
  /// - Throws: As `init`, `.system` if the other file cannot be read, and as `check`; then there is no new
  ///   file.
  /// - Complexity: O(*n*) in bytes that are no holes; memory of 4 MiB.
  package static func write(
    _ beginning: [UInt8], to path: String, before range: Range<Int>, of source: String,
    keepingAttributes: Bool, progress: (Int) -> Void = { _ in }, check: () throws(FileError) -> Void
  ) throws(FileError) {
    let (descriptor, _, _) = try POSIX.openForReading(source)
    defer { POSIX.closeFile(descriptor) }
    let status = try POSIX.statistics(descriptor, source)
    let output = try OutputFile(
      path: path, byteCount: beginning.count + range.count,
      neededBytes: beginning.count + min(range.count, Int(status.st_blocks) * 512))
    try output.write(beginning, at: 0)
    try output.copy(
      from: descriptor, source, range, to: beginning.count, progress: progress)
    if keepingAttributes { try output.takeAttributes(of: status) }
    try check()
    try output.finish()
  }
}
