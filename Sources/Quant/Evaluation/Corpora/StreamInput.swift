// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Bytes that can be read only once: standard input, and pipes. They are kept in memory.
enum StreamInput {
  /// The name of standard input.
  static let standardInput = "-"
  /// The most bytes of one.
  static let byteLimit = 1 << 31

  private static let kept = Locked<[String: [UInt8]]>([:])

  /// Whether a path names standard input or a pipe.
  static func isStream(_ path: String) -> Bool {
    if path == standardInput { return true }
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return false }
    return [S_IFIFO, S_IFCHR, S_IFSOCK].contains(status.st_mode & S_IFMT)
  }

  /// All bytes, read the first time that they are asked for.
  ///
  /// Throws `QuantError.file` if they cannot be read, `.content` if they are more than `byteLimit`.
  static func bytes(_ path: String) throws(QuantError) -> [UInt8] {
    if let bytes = kept.withLock({ $0[path] }) { return bytes }
    let descriptor = path == standardInput ? 0 : unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .file(POSIX.failure(path, "open")) }
    defer { if descriptor != 0 { POSIX.closeFile(descriptor) } }
    let bytes = try readAll(descriptor, path)
    kept.withLock { $0[path] = bytes }
    return bytes
  }

  private static func readAll(_ descriptor: Int32, _ path: String) throws(QuantError) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = unsafe read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .file(POSIX.failure(path, "read")) }
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
      guard bytes.count <= byteLimit else {
        throw .content(file: path, line: 0, what: "more than \(byteLimit) bytes from a pipe")
      }
    }
  }
}
