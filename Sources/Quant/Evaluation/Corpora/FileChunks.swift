// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// The bytes of a file as they lie there, a chunk at a time.
struct FileChunks {
  /// Bytes read at once.
  static let chunkBytes = 1 << 18

  /// The file's size when it was opened.
  var byteCount: Int { file.byteCount }
  /// Bytes that have been read.
  private(set) var offset = 0
  private let file: LocalFile

  /// Opens a regular file.
  init(path: String) throws(QuantError) {
    file = try QuantError.wrapping { () throws(FileError) in try LocalFile(path: path) }
  }

  /// Replaces `chunk` by the next bytes; false at the end of the file.
  mutating func next(into chunk: inout [UInt8]) throws(QuantError) -> Bool {
    let count = min(Self.chunkBytes, byteCount - offset)
    guard count > 0 else { return false }
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
