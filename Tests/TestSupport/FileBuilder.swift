// SPDX-License-Identifier: MIT
public import Foundation
public import GGUF

/// Writes the bytes of a GGUF file one field at a time, right or wrong, with no check of anything.
public struct FileBuilder: Sendable {
  /// What was written so far.
  public var bytes: [UInt8] = []
  /// The order of bytes in numbers.
  public var order: ByteOrder
  /// Where the fault lies that a reader should complain of.
  public var faultOffset: Int?

  /// Starts an empty file.
  public init(order: ByteOrder = .little) { self.order = order }

  /// Builds a file in a closure.
  public static func file(_ build: (inout FileBuilder) -> Void) -> FileBuilder {
    var builder = FileBuilder()
    build(&builder)
    return builder
  }

  /// Marks the next byte as the place of the fault.
  public mutating func fault() { faultOffset = bytes.count }

  /// Appends a number.
  public mutating func number<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: order == .little ? value.littleEndian : value.bigEndian) {
      bytes.append(contentsOf: $0)
    }
  }

  /// Appends a byte.
  public mutating func u8(_ value: UInt8) { number(value) }
  /// Appends 32 bits.
  public mutating func u32(_ value: UInt32) { number(value) }
  /// Appends 64 bits.
  public mutating func u64(_ value: UInt64) { number(value) }

  /// Appends text without its length.
  public mutating func text(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Appends a length and the text.
  public mutating func string(_ content: String) {
    u64(UInt64(content.utf8.count))
    text(content)
  }

  /// Appends magic, version and counts.
  public mutating func header(version: UInt32 = 3, tensors: UInt64 = 0, keys: UInt64 = 0) {
    text("GGUF")
    u32(version)
    u64(tensors)
    u64(keys)
  }

  /// Appends a key and the type of its value.
  public mutating func key(_ key: String, _ type: MetadataType) {
    string(key)
    u32(type.rawValue)
  }

  /// Appends a key, the type of an array, and its length.
  public mutating func arrayKey(_ name: String, of type: MetadataType, count: UInt64) {
    key(name, .array)
    u32(type.rawValue)
    u64(count)
  }

  /// Appends a key with its value.
  public mutating func entry(_ name: String, _ content: MetadataValue) {
    key(name, content.type)
    value(content)
  }

  /// Appends a value without its type.
  public mutating func value(_ content: MetadataValue) {
    switch content {
    case .uint8(let value): number(value)
    case .int8(let value): number(value)
    case .uint16(let value): number(value)
    case .int16(let value): number(value)
    case .uint32(let value): number(value)
    case .int32(let value): number(value)
    case .uint64(let value): number(value)
    case .int64(let value): number(value)
    case .float32(let value): number(value.bitPattern)
    case .float64(let value): number(value.bitPattern)
    case .bool(let value): u8(value ? 1 : 0)
    case .string(let value):
      u64(UInt64(value.bytes.count))
      bytes += value.bytes
    case .array(let value):
      u32(value.elementType.rawValue)
      u64(UInt64(value.count))
      for element in value.values() { self.value(element) }
    }
  }

  /// Appends a line of the tensor table.
  public mutating func tensor(
    _ name: String, _ dimensions: [UInt64] = [8], type: TensorType = .F32, offset: UInt64 = 0
  ) {
    string(name)
    u32(UInt32(dimensions.count))
    for dimension in dimensions { u64(dimension) }
    u32(type.rawValue)
    u64(offset)
  }

  /// Appends zeros.
  public mutating func zeros(_ count: Int) {
    bytes.append(contentsOf: repeatElement(0, count: count))
  }

  /// Appends zeros up to a multiple of `alignment`.
  public mutating func pad(to alignment: Int = 32) {
    while bytes.count % alignment != 0 { bytes.append(0) }
  }

  /// Writes the file; `size` makes it longer, with a hole.
  public func write(to url: URL, size: Int? = nil) throws {
    try Data(bytes).write(to: url)
    guard let size else { return }
    let handle = try FileHandle(forWritingTo: url)
    try handle.truncate(atOffset: UInt64(size))
    try handle.close()
  }
}
