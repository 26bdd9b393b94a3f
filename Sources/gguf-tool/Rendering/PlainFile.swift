// SPDX-License-Identifier: MIT
import GGUF

/// Small files of text, such as plots: whole or not there at all.
enum PlainFile {
  /// Writes text under a temporary name, and renames it.
  static func write(_ text: String, to path: String) throws {
    try OutputFile.write(Array(text.utf8), to: path)
  }
}
