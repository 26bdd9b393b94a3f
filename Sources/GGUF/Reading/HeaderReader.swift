// SPDX-License-Identifier: MIT

/// The first 24 bytes of a file.
struct Header {
  let version: UInt32
  let order: ByteOrder
  let tensorCount: Int
  let metadataCount: Int

  /// The fewest bytes that a key with its value takes: length 8, key 1, type 4, and a value.
  static let minimumEntryBytes = 14
  /// The fewest bytes that a tensor takes in the table: length 8, name 1, count 4, type 4, offset 8.
  static let minimumTensorBytes = 25
}

extension ByteReader {
  /// Reads magic, version and counts, and learns the byte order from the version.
  @_lifetime(self: copy self)
  mutating func header() throws(FileError) -> Header {
    try magic()
    let version = try version()
    let tensorCount = try boundedCount("the number of tensors", Header.minimumTensorBytes)
    let metadataCount = try boundedCount("the number of keys", Header.minimumEntryBytes)
    return Header(
      version: version, order: order, tensorCount: tensorCount, metadataCount: metadataCount)
  }

  @_lifetime(self: copy self)
  private mutating func magic() throws(FileError) {
    guard remaining >= 4 else {
      throw malformed("the magic", expected: "4 bytes", found: "\(remaining) (the whole file)")
    }
    let found = copy(0..<4)
    _ = try skip(4, "the magic")
    guard found == Array("GGUF".utf8) else {
      throw malformed("the magic", expected: "\"GGUF\"", found: meaning(found), at: 0)
    }
  }

  /// Tells what a file is whose first bytes are not ours.
  private func meaning(_ magic: [UInt8]) -> String {
    let beginning = copy(0..<min(FileKind.lookedAt, bytes.byteCount))
    return FileKind(beginning: beginning)?.sentence
      ?? "bytes " + magic.map { String($0, radix: 16) }.joined(separator: " ")
  }

  @_lifetime(self: copy self)
  private mutating func version() throws(FileError) -> UInt32 {
    let start = offset
    var version = try integer(UInt32.self, "the version")
    // No version has its low half empty: such a number is one of the other byte order.
    if version != 0 && version & 0xFFFF == 0 {
      order = .big
      version = version.byteSwapped
    }
    guard version == 2 || version == 3 else {
      let found = version == 1 ? "1, which is no longer supported" : "\(version)"
      throw malformed("the version", expected: "2 or 3", found: found, at: start)
    }
    return version
  }

  /// A count that the rest of the file has room for, checked before anything is allocated.
  @_lifetime(self: copy self)
  private mutating func boundedCount(
    _ what: String, _ minimumBytes: Int
  ) throws(FileError) -> Int {
    let start = offset
    let value = try count(what)
    guard value <= remaining / minimumBytes else {
      throw malformed(
        what, expected: "at most the \(remaining / minimumBytes) that the file has room for",
        found: "\(value)", at: start)
    }
    return value
  }
}
