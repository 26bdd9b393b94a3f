// SPDX-License-Identifier: MIT
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Outputs that bytes go to one after the other: standard output, pipes and devices. No file can be put in
/// their place.
package enum ByteStream {
  /// Whether a name stands for one: `-`, a pipe, a device, or a link to a descriptor of this process.
  package static func isOne(_ path: String) -> Bool {
    descriptor(of: path) != nil || Disk.isPipeOrDevice(path)
  }

  /// Whether a name stands for standard output: `-`, `/dev/stdout`, or a link to it.
  package static func isStandardOutput(_ path: String) -> Bool { descriptor(of: path) == 1 }

  /// Writes all bytes.
  ///
  /// - Throws: `FileError.system`, with what the system says of a full disk or a reader that has gone.
  package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    guard let descriptor = descriptor(of: path) else {
      let opened = unsafe open(path, O_WRONLY | O_CLOEXEC)
      guard opened >= 0 else { throw POSIX.failure(path, "open for writing") }
      defer { POSIX.closeFile(opened) }
      return try write(bytes, opened, path)
    }
    try write(bytes, descriptor, path)
  }

  private static func write(
    _ bytes: [UInt8], _ descriptor: Int32, _ path: String
  ) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let rest = bytes[done...]
      let put = unsafe rest.withUnsafeBytes { unsafe platformWrite(descriptor, $0) }
      if put < 0 && errno == EINTR { continue }
      guard put > 0 else { throw POSIX.failure(path, "write") }
      done += put
    }
  }

  /// The descriptor of this process that a name leads to.
  private static func descriptor(of path: String) -> Int32? {
    if path == "-" { return 1 }
    // Opening the link anew would write from the start of a file, over what is there.
    return Disk.steps(of: path).lazy.compactMap(ownDescriptor).first
  }

  private static func ownDescriptor(_ place: String) -> Int32? {
    let parts = place.split(separator: "/")
    if parts.count == 3, parts[0] == "dev", parts[1] == "fd" { return Int32(parts[2]) }
    guard parts.count == 4, parts[0] == "proc", parts[1] == "\(getpid())", parts[2] == "fd" else {
      return nil
    }
    return Int32(parts[3])
  }
}

/// The system's `write`, which the method of that name hides.
private func platformWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  unsafe write(descriptor, bytes.baseAddress, bytes.count)
}

extension Disk {
  /// More links than the system follows.
  private static let mostLinks = 40

  /// A path and where its last component leads, a symbolic link at a time; their folders are spelled
  /// without links.
  static func steps(of path: String) -> [String] {
    var (path, steps) = (path, [String]())
    while steps.count < mostLinks, let folder = resolved(POSIX.folder(of: path)) {
      let last = path.split(separator: "/").last.map(String.init) ?? ""
      steps.append((folder == "/" ? "" : folder) + "/" + last)
      guard let target = link(steps[steps.count - 1]) else { break }
      path = target.hasPrefix("/") ? target : folder + "/" + target
    }
    return steps
  }

  /// The place under `/dev` or `/proc` that a path is or leads to; `nil` for any other. What is there is
  /// the system's, though it may look like a file. `/dev/shm` holds files.
  static func systemPlace(_ path: String) -> String? {
    steps(of: path).first { place in
      place.hasPrefix("/proc/") || place.hasPrefix("/dev/") && !place.hasPrefix("/dev/shm/")
    }
  }

  /// Whether there is something at `path` that takes bytes one after the other.
  static func isPipeOrDevice(_ path: String) -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return false }
    return [S_IFCHR, S_IFIFO].contains(status.st_mode & S_IFMT)
  }

  private static func resolved(_ folder: String) -> String? {
    guard let found = unsafe realpath(folder, nil) else { return nil }
    defer { unsafe free(found) }
    return unsafe String(cString: found)
  }

  private static func link(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink(path, &buffer, buffer.count)
    guard count > 0, count < buffer.count else { return nil }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
