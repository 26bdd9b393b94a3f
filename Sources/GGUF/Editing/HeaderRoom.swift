// SPDX-License-Identifier: MIT

/// Room in a header for later edits: a key whose value is a string of spaces.
///
/// Programs find the data by where the header ends, so that room must be a part of it. They skip the key
/// like any other that they do not know.
public enum HeaderRoom {
  /// The key.
  public static let key = "gguf_tool.header_room"
  /// The most room that a header can have, in bytes: the longest string that is read.
  public static let mostBytes = Limits.stringBytes

  /// Bytes that the key takes beside the spaces: two lengths, the name and the type.
  static let entryBytes = 8 + key.utf8.count + 4 + 8

  /// The value for so many bytes of room.
  ///
  /// - Precondition: They are from 0 to `mostBytes`.
  public static func value(byteCount: Int) -> MetadataValue {
    precondition((0...mostBytes).contains(byteCount), "more room than a header can have")
    return .string(
      MetadataString(bytes: Array(repeating: UInt8(ascii: " "), count: byteCount)))
  }

  /// The spaces that make a header end where the data begins; `nil` if it does not fit.
  ///
  /// - Parameters:
  ///   - end: Where the header ends without room.
  ///   - dataOffset: Where the data begins.
  ///   - alignment: What the data begins at a multiple of.
  /// - Returns: How it ends there.
  static func spaces(end: Int, dataOffset: Int, alignment: Int) -> Fit? {
    if Checked.align(end, to: alignment) == dataOffset { return .padding }
    let left = dataOffset - end - entryBytes
    return (0...mostBytes).contains(left) ? .spaces(left) : nil
  }

  /// How a header is made to end before the data.
  enum Fit: Equatable {
    /// By the padding that every header has.
    case padding
    /// By so many spaces.
    case spaces(Int)
  }
}

extension Metadata {
  /// Bytes of room that the header has; `nil` without the key.
  public var headerRoom: Int? {
    guard case .string(let spaces)? = self[HeaderRoom.key] else { return nil }
    return spaces.bytes.count
  }

  /// The metadata with so many bytes of room, after all other keys; with none for `nil`.
  public func withHeaderRoom(_ byteCount: Int?) -> Metadata {
    var result = self
    result[HeaderRoom.key] = nil
    if let byteCount { result[HeaderRoom.key] = HeaderRoom.value(byteCount: byteCount) }
    return result
  }
}
