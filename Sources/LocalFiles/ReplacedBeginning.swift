// SPDX-License-Identifier: MIT

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// New bytes for the beginning of a file whose size stays, so that a program that is killed on the way
/// leaves the old file or the new one.
///
/// The ways are tried in this order. With the first three nobody can ever see a mixture:
/// 1. one write, where all that changes lies in one page, which the system writes whole;
/// 2. a clone of the file that shares its blocks, where the file system can, renamed over it;
/// 3. a copy renamed over it, where the file takes little on disk;
/// 4. a write to the file itself, with both forms in a journal beside it (`BeginningJournal`).
package struct ReplacedBeginning {
  /// A way to replace.
  package enum Way: String, Sendable, CaseIterable {
    case page, clone, copy, journal
  }

  private let path: String
  private let descriptor: Int32
  private let status: stat
  private let old: [UInt8]
  private let new: [UInt8]
  /// Where the two differ.
  private let range: Range<Int>

  private static let pageBytes = 4096
  /// Bytes that are read and compared at once.
  private static let comparedBytes = 1 << 18
  /// What a copy may take on disk: it costs no more than the waits for the disk that a journal needs.
  private static let mostCopied = 16 << 20

  /// Replaces the beginning of a file.
  ///
  /// - Parameters:
  ///   - path: The file; what a symbolic link leads to is replaced, and the link stays.
  ///   - old: What the file begins with.
  ///   - new: What it shall begin with, of the same length.
  ///   - ways: The ways that may be taken.
  ///   - step: Called before each step that a reader could see, for tests.
  /// - Returns: The way that was taken; `nil` if nothing changes.
  /// - Throws: `FileError.changed` if the file does not begin with `old` any more, `.inUse` if another
  ///   process edits it, `.system` if it cannot be written. `BeginningJournal.settle` then puts back what
  ///   was written.
  package static func replace(
    _ path: String, old: [UInt8], new: [UInt8], ways: [Way] = Way.allCases,
    step: (String) throws(FileError) -> Void = { _ in }
  ) throws(FileError) -> Way? {
    precondition(old.count == new.count, "the size of the file stays")
    guard let first = old.indices.first(where: { old[$0] != new[$0] }),
      let last = old.indices.last(where: { old[$0] != new[$0] })
    else { return nil }
    let target = Disk.resolved(path)
    let descriptor = try POSIX.openHeld(target)
    defer { POSIX.closeLocked(descriptor) }
    let replacement = ReplacedBeginning(
      path: target, descriptor: descriptor, status: try POSIX.statistics(descriptor, target),
      old: old, new: new, range: first..<last + 1)
    try replacement.checkBeginning()
    for way in ways where try replacement.take(way, step) { return way }
    throw .unsupported(file: path, what: "the file cannot be changed in place here")
  }

  /// Another process may have changed the file since it was read.
  private func checkBeginning() throws(FileError) {
    guard Int(status.st_size) >= old.count else { throw changed }
    for start in stride(from: 0, to: old.count, by: Self.comparedBytes) {
      let part = start..<min(start + Self.comparedBytes, old.count)
      guard try POSIX.bytes(descriptor, path, part)[...] == old[part] else { throw changed }
    }
  }

  private var changed: FileError {
    .changed(file: path, what: "the file was changed since it was read: try again")
  }

  private func take(
    _ way: Way, _ step: (String) throws(FileError) -> Void
  ) throws(FileError) -> Bool {
    switch way {
    case .page: try writePage(step)
    case .clone: try rename(step, holding: 0) { OutputClone.clone(descriptor, to: $0) }
    case .copy: try writeCopy(step)
    case .journal: try writeWithJournal(step)
    }
  }

  private func writePage(_ step: (String) throws(FileError) -> Void) throws(FileError) -> Bool {
    guard range.lowerBound / Self.pageBytes == (range.upperBound - 1) / Self.pageBytes else {
      return false
    }
    try step("page")
    try POSIX.write(descriptor, path, at: range.lowerBound, new[range])
    try step("sync")
    try POSIX.synchronize(descriptor, path)
    return true
  }

  private func writeCopy(_ step: (String) throws(FileError) -> Void) throws(FileError) -> Bool {
    let allocated = Int(status.st_blocks) * 512
    guard allocated <= Self.mostCopied, allocated <= (try Disk.freeBytes(for: path)) else {
      return false
    }
    return try rename(step, holding: allocated) { (output) throws(FileError) in
      try output.copy(from: descriptor, path, 0..<Int(status.st_size), to: 0)
      return true
    }
  }

  /// Makes another file with `fill` and puts it in the place of this one; other names that the file
  /// has would keep the old one, and so forbid it.
  private func rename(
    _ step: (String) throws(FileError) -> Void, holding byteCount: Int,
    _ fill: (OutputFile) throws(FileError) -> Bool
  ) throws(FileError) -> Bool {
    guard status.st_nlink == 1, Disk.canReplace(path), !OutputFile.isPromised(path) else {
      return false
    }
    let output = try OutputFile(
      path: path, byteCount: Int(status.st_size), neededBytes: byteCount)
    guard try fill(output) else { return false }
    try step("beginning")
    try output.write(new, at: 0)
    try output.takeAttributes(of: status)
    try step("rename")
    try output.finish()
    return true
  }

  private func writeWithJournal(
    _ step: (String) throws(FileError) -> Void
  ) throws(FileError) -> Bool {
    try step("journal")
    let journal = try BeginningJournal.begin(path, Int(status.st_size), range, old, new)
    do throws(FileError) {
      // In halves, for tests: the system, too, may write any part first.
      let half = (range.lowerBound + range.upperBound) / 2
      try step("first half")
      try POSIX.write(descriptor, path, at: range.lowerBound, new[range.lowerBound..<half])
      try step("second half")
      try POSIX.write(descriptor, path, at: half, new[half..<range.upperBound])
      try step("sync")
      try POSIX.synchronize(descriptor, path)
      try step("removal")
    } catch {
      journal.leave()
      throw error
    }
    journal.remove()
    POSIX.synchronizeFolder(of: path)
    return true
  }
}
