// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// The bytes of a file as they lie there, a chunk at a time.
struct FileChunks {
  /// Bytes read at once.
  static let chunkBytes = 1 << 18

  private enum Content {
    case file(LocalFile)
    case bytes([UInt8])
  }

  /// The size: a file's when it was opened.
  var byteCount: Int {
    switch content {
    case .file(let file): file.byteCount
    case .bytes(let bytes): bytes.count
    }
  }
  /// Bytes that have been read.
  private(set) var offset = 0
  private let content: Content

  /// Opens a regular file, or reads what a pipe or standard input (`-`) gives.
  init(path: String) throws(QuantError) {
    if StreamInput.isStream(path) {
      content = .bytes(try StreamInput.bytes(path))
    } else {
      content = .file(
        try QuantError.wrapping { () throws(FileError) in try LocalFile(path: path) })
    }
  }

  /// Replaces `chunk` by the next bytes; false at the end of the file.
  mutating func next(into chunk: inout [UInt8]) throws(QuantError) -> Bool {
    let count = min(Self.chunkBytes, byteCount - offset)
    guard count > 0 else { return false }
    guard case .file(let file) = content else {
      if case .bytes(let bytes) = content { chunk = Array(bytes[offset..<offset + count]) }
      offset += count
      return true
    }
    if chunk.count != count { chunk = Array(repeating: 0, count: count) }
    var span = chunk.mutableSpan
    var bytes = unsafe span.mutableBytes
    do throws(FileError) {
      try file.read(at: offset, into: &bytes)
    } catch {
      throw .file(error)
    }
    offset += count
    return true
  }
}
