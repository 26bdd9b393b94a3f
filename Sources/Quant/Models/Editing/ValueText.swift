// SPDX-License-Identifier: MIT
public import GGUF

/// Values of metadata as people type them.
public enum ValueText {
  /// What type a value shall have.
  public enum Wanted: Sendable, Hashable {
    /// This type.
    case exact(MetadataType)
    /// The first of uint32, int32, uint64 and int64 that holds it, as `--override-kv` of llama.cpp takes
    /// whole numbers.
    case integer
  }

  /// The type of a name: `u32`, `uint32`, `int`, `float`, `bool`, `str` and so on; `nil` for another.
  public static func wanted(_ name: some StringProtocol) -> Wanted? {
    name == "int" ? .integer : names[String(name)].map { .exact($0) }
  }

  /// The names of types, for errors.
  public static let typeNames =
    "u8, i8, u16, i16, u32, i32, u64, i64, f32, f64, bool, str, int and float"

  private static let names: [String: MetadataType] = [
    "u8": .uint8, "i8": .int8, "u16": .uint16, "i16": .int16, "u32": .uint32, "i32": .int32,
    "u64": .uint64, "i64": .int64, "f32": .float32, "f64": .float64, "uint8": .uint8,
    "int8": .int8, "uint16": .uint16, "int16": .int16, "uint32": .uint32, "int32": .int32,
    "uint64": .uint64, "int64": .int64, "float32": .float32, "float64": .float64,
    "float": .float32, "bool": .bool, "str": .string, "string": .string,
  ]

  /// A value by its text; `nil` if the type has no such value.
  public static func value(_ text: String, as wanted: Wanted) -> MetadataValue? {
    switch wanted {
    case .integer:
      UInt32(text).map { .uint32($0) } ?? Int32(text).map { .int32($0) }
        ?? UInt64(text).map { .uint64($0) } ?? Int64(text).map { .int64($0) }
    case .exact(let type): value(text, as: type)
    }
  }

  private static func value(_ text: String, as type: MetadataType) -> MetadataValue? {
    switch type {
    case .uint8: UInt8(text).map { .uint8($0) }
    case .int8: Int8(text).map { .int8($0) }
    case .uint16: UInt16(text).map { .uint16($0) }
    case .int16: Int16(text).map { .int16($0) }
    case .uint32: UInt32(text).map { .uint32($0) }
    case .int32: Int32(text).map { .int32($0) }
    case .uint64: UInt64(text).map { .uint64($0) }
    case .int64: Int64(text).map { .int64($0) }
    case .float32: Float(text).flatMap { isMeant($0, text) ? .float32($0) : nil }
    case .float64: Double(text).flatMap { isMeant($0, text) ? .float64($0) : nil }
    case .bool: ["true": true, "1": true, "false": false, "0": false][text].map { .bool($0) }
    case .string: .string(MetadataString(text))
    case .array: nil
    }
  }

  /// Whether a number is the one that was written: a number beyond the type's range becomes infinite.
  private static func isMeant(_ number: some FloatingPoint, _ text: String) -> Bool {
    number.isFinite || !text.utf8.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  /// The elements of a list: commas set them apart, and `\,` is a comma. Empty text is an empty list.
  public static func elements(_ text: String) -> [String] {
    guard !text.isEmpty else { return [] }
    var elements = [""]
    var isEscaped = false
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\" where !isEscaped:
        isEscaped = true
        continue
      case "," where !isEscaped: elements.append("")
      case ",", "\\": elements[elements.count - 1].unicodeScalars.append(scalar)
      default:
        // Before anything else a backslash is one.
        if isEscaped { elements[elements.count - 1] += "\\" }
        elements[elements.count - 1].unicodeScalars.append(scalar)
      }
      isEscaped = false
    }
    if isEscaped { elements[elements.count - 1] += "\\" }
    return elements
  }
}
