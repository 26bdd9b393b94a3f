// SPDX-License-Identifier: MIT

/// All that a header holds, before its tensors are placed in the file.
struct HeaderTable {
  /// The bytes that the arrays of `metadata` lie in.
  let bytes: HeaderBytes
  let fields: Header
  let metadata: Metadata
  let alignment: Int
  let entries: [TensorEntry]
  /// Where the header ends.
  let end: Int

  /// Reads a header; `nil` if it goes on after `bytes`.
  static func read(_ bytes: HeaderBytes) throws(FileError) -> HeaderTable? {
    var reader = bytes.reader
    do throws(FileError) {
      let fields = try reader.header()
      let metadata = try reader.metadata(count: fields.metadataCount, header: bytes)
      let alignment = try alignment(metadata, bytes)
      let entries = try reader.tensorTable(count: fields.tensorCount)
      return HeaderTable(
        bytes: bytes, fields: fields, metadata: metadata, alignment: alignment, entries: entries,
        end: reader.offset)
    } catch {
      guard reader.needsMore else { throw error }
      return nil
    }
  }

  private static func alignment(
    _ metadata: Metadata, _ bytes: HeaderBytes
  ) throws(FileError) -> Int {
    if let alignment = metadata.alignment { return alignment }
    let key = "general.alignment"
    let value = metadata[key]
    throw .malformed(
      file: bytes.name, offset: bytes.place(ofKey: key), what: key,
      expected: Limits.alignmentRule,
      found: "\(value?.integer.map(String.init) ?? "a value") stored as \(value?.type ?? .array)")
  }
}

extension HeaderBytes {
  /// A cursor at the beginning of the file.
  fileprivate var reader: ByteReader {
    @_lifetime(borrow self)
    get { ByteReader(bytes, file: name, fileBytes: fileBytes) }
  }

  /// Where a key stands in the file, or where the keys end.
  func place(ofKey key: String) -> Int {
    var reader = reader
    guard let fields = try? reader.header() else { return 0 }
    return (try? reader.place(ofKey: key, count: fields.metadataCount, header: self)) ?? 0
  }
}
