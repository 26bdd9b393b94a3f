// SPDX-License-Identifier: MIT
import GGUF

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Bytes that a command reads as they are.
enum Input {
  /// The content of a file, or of standard input for `-`.
  static func read(_ path: String) throws -> [UInt8] {
    guard path != "-" else { return try readStandardInput() }
    return try LocalFile.contents(of: path)
  }

  private static func readStandardInput() throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe platformRead(0, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw FileError.system(file: "standard input", call: "read", errno: errno)
      }
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
    }
  }
}

/// The system's `read`, which the function of that name hides.
private func platformRead(
  _ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int
) -> Int {
  unsafe read(descriptor, bytes, count)
}
