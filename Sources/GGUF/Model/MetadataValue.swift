// SPDX-License-Identifier: MIT

/// The type numbers of metadata values.
public enum MetadataType: UInt32, Sendable, CaseIterable {
  case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array
  case uint64, int64, float64

  /// Bytes of one value; `nil` for strings and arrays.
  public var byteCount: Int? {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .string, .array: nil
    }
  }

  /// The fewest bytes that one value can take: what a count is checked against before anything is
  /// allocated for it.
  var minimumByteCount: Int { byteCount ?? (self == .string ? 8 : 12) }
}

/// Text in metadata: bytes that ought to be UTF-8 but need not be.
public struct MetadataString: Sendable, Hashable, ExpressibleByStringLiteral {
  /// The bytes as they stand in the file.
  public let bytes: [UInt8]

  /// Keeps any bytes.
  public init(bytes: [UInt8]) { self.bytes = bytes }

  /// Takes the UTF-8 form of a string.
  public init(_ text: String) { bytes = Array(text.utf8) }

  /// Takes the UTF-8 form of a literal.
  public init(stringLiteral text: String) { self.init(text) }

  /// The text; bytes that are not UTF-8 appear as `\xNN`.
  public var text: String {
    if let valid = String(validating: bytes, as: UTF8.self) { return valid }
    var text = ""
    for byte in bytes {
      if byte < 0x80 {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += "\\x" + String(byte, radix: 16, uppercase: true)
      }
    }
    return text
  }
}

/// One value of the metadata.
public enum MetadataValue: Sendable, Equatable {
  case uint8(UInt8), int8(Int8), uint16(UInt16), int16(Int16), uint32(UInt32), int32(Int32)
  case float32(Float), bool(Bool), string(MetadataString), array(MetadataArray)
  case uint64(UInt64), int64(Int64), float64(Double)

  /// The type number it is stored under.
  public var type: MetadataType {
    switch self {
    case .uint8: .uint8
    case .int8: .int8
    case .uint16: .uint16
    case .int16: .int16
    case .uint32: .uint32
    case .int32: .int32
    case .float32: .float32
    case .bool: .bool
    case .string: .string
    case .array: .array
    case .uint64: .uint64
    case .int64: .int64
    case .float64: .float64
    }
  }

  /// Two values are equal if a file would hold the same bytes for them: NaN equals itself, and
  /// zero does not equal minus zero.
  public static func == (a: MetadataValue, b: MetadataValue) -> Bool {
    if case .array(let first) = a, case .array(let second) = b { return first == second }
    var (first, second) = (ByteWriter(order: .little), ByteWriter(order: .little))
    first.payload(a)
    second.payload(b)
    return a.type == b.type && first.bytes == second.bytes
  }

  /// The value as an integer, if it is one of the integer types and fits.
  public var integer: Int? {
    switch self {
    case .uint8(let value): Int(value)
    case .int8(let value): Int(value)
    case .uint16(let value): Int(value)
    case .int16(let value): Int(value)
    case .uint32(let value): Int(value)
    case .int32(let value): Int(value)
    case .uint64(let value): Int(exactly: value)
    case .int64(let value): Int(value)
    case .float32, .bool, .string, .array, .float64: nil
    }
  }

  /// The value as a floating-point number, if it is a number.
  public var number: Double? {
    switch self {
    case .float32(let value): Double(value)
    case .float64(let value): value
    default: integer.map(Double.init)
    }
  }

  /// The text, if it is a string.
  public var text: String? {
    guard case .string(let value) = self else { return nil }
    return value.text
  }

  /// The flag, if it is one.
  public var flag: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  /// The array, if it is one.
  public var elements: MetadataArray? {
    guard case .array(let value) = self else { return nil }
    return value
  }
}
