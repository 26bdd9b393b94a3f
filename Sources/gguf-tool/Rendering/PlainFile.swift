// SPDX-License-Identifier: MIT
import GGUF

/// Small files of text, such as plots: whole or not there at all.
enum PlainFile {
  /// Writes text under a temporary name, and renames it.
  static func write(_ text: String, to path: String) throws {
    let bytes = Array(text.utf8)
    let output = try OutputFile(path: path, byteCount: bytes.count)
    try output.write(bytes, at: 0)
    try output.finish()
  }
}
