// SPDX-License-Identifier: MIT

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Both forms of the beginning of a file while it is written over, in a file beside it.
///
/// Whoever opens the file next finds the journal if the program was ended in between, and puts the old
/// form back (`settle`). The journal is on the disk before the first byte of the file changes.
package struct BeginningJournal {
  private let path: String
  private let descriptor: Int32

  private static let magic = Array("GGUFEDT1".utf8)
  /// Magic, the file's size, where the bytes stand, how many they are.
  private static let headBytes = 32
  private static let hashBytes = 8
  /// Bytes of another file that are read at once.
  private static let partBytes = 1 << 18

  /// The name of the journal of a file.
  package static func path(of file: String) -> String { file + ".edit-journal" }

  /// Writes the journal and brings it to the disk.
  static func begin(
    _ file: String, _ byteCount: Int, _ range: Range<Int>, _ old: [UInt8], _ new: [UInt8]
  ) throws(FileError) -> BeginningJournal {
    let path = path(of: file)
    guard let descriptor = try POSIX.openLocked(path) else {
      throw .inUse(file: path, what: "another process is editing the same file")
    }
    do throws(FileError) {
      try checkEmpty(descriptor, path)
    } catch {
      POSIX.closeLocked(descriptor)
      throw error
    }
    let journal = BeginningJournal(path: path, descriptor: descriptor)
    var head = magic
    for number in [byteCount, range.lowerBound, range.count] { append(UInt64(number), to: &head) }
    var hash: [UInt8] = []
    append([head[...], old[range], new[range]].reduce(hashStart, hashed), to: &hash)
    do throws(FileError) {
      try POSIX.resize(descriptor, path, to: 0)
      // Part by part: one array of all would double the memory of an edit.
      var offset = 0
      for part in [head[...], old[range], new[range], hash[...]] {
        try POSIX.write(descriptor, path, at: offset, part)
        offset += part.count
      }
      try POSIX.synchronize(descriptor, path)
    } catch {
      journal.remove()
      throw error
    }
    POSIX.synchronizeFolder(of: path)
    return journal
  }

  /// Opening the file has settled what an edit left; what is there now is not ours to write over.
  private static func checkEmpty(_ descriptor: Int32, _ path: String) throws(FileError) {
    guard try POSIX.byteCount(descriptor, path) > 0 else { return }
    throw .invalid(
      file: path,
      what: "an edit in place needs this name for its journal, and there is a file: move it")
  }

  /// Removes the journal: the file is whole.
  func remove() {
    POSIX.remove(path)
    POSIX.closeLocked(descriptor)
  }

  /// Leaves the journal to whoever opens the file next.
  func leave() { POSIX.closeLocked(descriptor) }

  /// Puts back what an edit that was cut off has changed of a file; waits for one that is running.
  ///
  /// - Parameter path: The file, or a symbolic link to it.
  /// - Throws: `FileError.system` if the file cannot be written, `.invalid` if the journal is of
  ///   another file.
  /// - Complexity: O(1) where there is no journal.
  package static func settle(_ path: String) throws(FileError) {
    let file = Disk.resolved(path)
    let name = Self.path(of: file)
    guard Disk.exists(name), let descriptor = POSIX.openWaiting(name) else { return }
    defer { POSIX.closeLocked(descriptor) }
    let status = try POSIX.statistics(descriptor, name)
    // The edit that was waited for has removed its own.
    guard Disk.isFile(descriptor, at: name), status.st_mode & S_IFMT == S_IFREG else { return }
    let size = Int(status.st_size)
    let head = try POSIX.bytes(descriptor, name, 0..<min(size, headBytes))
    // Some other file of this name; zeros are what a power cut leaves.
    guard try head.starts(with: magic) ? true : isZero(descriptor, name, size) else { return }
    let bytes = try isWhole(head, size) ? POSIX.bytes(descriptor, name, 0..<size) : head
    // Where the journal is not whole, the file was not touched.
    if let record = Record(bytes) { try record.restore(file, name) }
    POSIX.remove(name)
    POSIX.synchronizeFolder(of: name)
  }

  private static func isZero(
    _ descriptor: Int32, _ name: String, _ size: Int
  ) throws(FileError) -> Bool {
    for start in stride(from: 0, to: size, by: partBytes) {
      let part = start..<min(start + partBytes, size)
      guard try POSIX.bytes(descriptor, name, part).allSatisfy({ $0 == 0 }) else { return false }
    }
    return true
  }

  /// Whether a journal that begins like this is as long as it says.
  private static func isWhole(_ head: [UInt8], _ size: Int) -> Bool {
    let body = size - headBytes - hashBytes
    return body > 0 && body % 2 == 0 && number(head, 24) == UInt64(body / 2)
  }

  /// What a whole journal says.
  private struct Record {
    let byteCount: Int
    let offset: Int
    let old: ArraySlice<UInt8>
    let new: ArraySlice<UInt8>

    init?(_ bytes: [UInt8]) {
      let body = bytes.count - headBytes - hashBytes
      guard body > 0, Array(bytes.prefix(magic.count)) == magic,
        number(bytes, bytes.count - hashBytes)
          == hashed(hashStart, bytes.dropLast(hashBytes)),
        let size = Int(exactly: number(bytes, 8)), let start = Int(exactly: number(bytes, 16)),
        let count = Int(exactly: number(bytes, 24)), count == body / 2, body % 2 == 0
      else { return nil }
      (byteCount, offset) = (size, start)
      old = bytes[headBytes..<headBytes + count]
      new = bytes[headBytes + count..<headBytes + 2 * count]
    }

    /// Puts the old bytes back, unless the file has all of one form already.
    func restore(_ file: String, _ journal: String) throws(FileError) {
      let found = try content(of: file, journal)
      if found[...] == old || found[...] == new { return }
      guard isMixture(found) else { throw foreign(journal, file) }
      let descriptor = try POSIX.openHeld(file)
      defer { POSIX.closeLocked(descriptor) }
      try POSIX.write(descriptor, file, at: offset, old)
      try POSIX.synchronize(descriptor, file)
    }

    private func content(of file: String, _ journal: String) throws(FileError) -> [UInt8] {
      let (descriptor, size, _) = try POSIX.openForReading(file)
      defer { POSIX.closeFile(descriptor) }
      guard size == byteCount, offset <= size - old.count else { throw foreign(journal, file) }
      return try POSIX.bytes(descriptor, file, offset..<offset + old.count)
    }

    private func foreign(_ journal: String, _ file: String) -> FileError {
      .invalid(
        file: journal,
        what: "the journal of an edit that was cut off does not fit \(file), which was changed"
          + " since: check the file, and remove the journal")
    }

    /// Whether each byte is that of one of the two forms.
    private func isMixture(_ found: [UInt8]) -> Bool {
      zip(found, zip(old, new)).allSatisfy { $0 == $1.0 || $0 == $1.1 }
    }
  }

  private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
    for shift in stride(from: 0, to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
    }
  }

  private static func number(_ bytes: [UInt8], _ place: Int) -> UInt64 {
    (0..<8).reduce(0) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) }
  }

  /// FNV-1a, against journals that were cut off: the hash of what came before, and more bytes.
  private static func hashed(_ hash: UInt64, _ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(hash) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  private static let hashStart: UInt64 = 0xCBF2_9CE4_8422_2325
}
