// SPDX-License-Identifier: MIT

/// The order of bytes in numbers of a file.
public enum ByteOrder: Sendable, Hashable {
  case little, big
}

/// A checked cursor over the bytes of a file: every read names what it is for and can fail.
struct ByteReader: ~Escapable {
  /// The bytes from the start of the file, of which the end may not have been read yet.
  let bytes: RawSpan
  let file: String
  /// The size of the whole file.
  private let fileBytes: Int
  var order: ByteOrder
  private(set) var offset = 0
  /// Whether a read failed only since `bytes` end before the file does.
  private(set) var needsMore = false

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, file: String, fileBytes: Int? = nil, order: ByteOrder = .little) {
    self.bytes = bytes
    self.file = file
    self.fileBytes = fileBytes ?? bytes.byteCount
    self.order = order
  }

  /// The bytes of the file after the cursor.
  var remaining: Int { fileBytes - offset }

  /// An error at the cursor or at `place`.
  func malformed(
    _ what: String, expected: String, found: String, at place: Int? = nil
  ) -> FileError {
    let reading = order == .big ? "\(what) (read as big-endian)" : what
    return .malformed(
      file: file, offset: place ?? offset, what: reading, expected: expected, found: found)
  }

  /// Steps over `count` bytes and returns where they begin.
  @_lifetime(self: copy self)
  mutating func skip(_ count: Int, _ what: @autoclosure () -> String) throws(FileError) -> Int {
    guard count >= 0, count <= remaining else {
      throw malformed(
        what(), expected: "\(count) bytes", found: "\(remaining) before the end of the file")
    }
    guard count <= bytes.byteCount - offset else {
      needsMore = true
      throw malformed(what(), expected: "\(count) bytes", found: "fewer so far")
    }
    defer { offset += count }
    return offset
  }

  @_lifetime(self: copy self)
  mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type, _ what: @autoclosure () -> String
  ) throws(FileError) -> T {
    let start = try skip(MemoryLayout<T>.size, what())
    let raw = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: T.self)
    return order == .little ? T(littleEndian: raw) : T(bigEndian: raw)
  }

  /// Reads a 64-bit count, which must be less than 2^63.
  @_lifetime(self: copy self)
  mutating func count(_ what: @autoclosure () -> String) throws(FileError) -> Int {
    let start = offset
    let raw = try integer(UInt64.self, what())
    guard let value = Int(exactly: raw) else {
      throw malformed(what(), expected: "a number below 2^63", found: "\(raw)", at: start)
    }
    return value
  }

  /// Reads a length-prefixed string and returns where its bytes lie.
  @_lifetime(self: copy self)
  mutating func stringRange(_ what: @autoclosure () -> String) throws(FileError) -> Range<Int> {
    let place = offset
    let length = try count("the length of \(what())")
    guard length <= Limits.stringBytes else {
      throw malformed(
        "the length of \(what())", expected: "at most \(Limits.stringBytes) bytes",
        found: "\(length)", at: place)
    }
    let start = try skip(length, what())
    return start..<start + length
  }

  /// Copies a range of the file.
  func copy(_ range: Range<Int>) -> [UInt8] { bytes.extracting(range).array() }
}

extension RawSpan {
  /// The bytes as an array.
  func array() -> [UInt8] {
    unsafe withUnsafeBytes { unsafe Array($0) }
  }

  /// Whether both hold the same bytes.
  func holdsSame(as other: RawSpan) -> Bool {
    unsafe withUnsafeBytes { mine in
      unsafe other.withUnsafeBytes { unsafe mine.elementsEqual($0) }
    }
  }
}
