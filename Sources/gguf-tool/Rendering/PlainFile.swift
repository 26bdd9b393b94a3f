// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Small files of text, such as plots: whole or not there at all.
enum PlainFile {
  /// Writes text under a temporary name, and renames it; to a stream, as it is.
  static func write(_ text: String, to path: String) throws {
    try write(Array(text.utf8), to: path)
  }

  /// Writes bytes under a temporary name, and renames it; to a stream, as they are.
  static func write(_ bytes: [UInt8], to path: String) throws {
    guard ByteStream.isOne(path) else { return try OutputFile.write(bytes, to: path) }
    do {
      try ByteStream.write(bytes, to: path)
    } catch FileError.system(_, _, EPIPE) {
      // As `Output` does when a reader has gone away.
      throw ExitCode.success
    }
  }
}
