// SPDX-License-Identifier: MIT

extension ByteReader {
  @_lifetime(self: copy self)
  private mutating func type(_ what: @autoclosure () -> String) throws(FileError) -> MetadataType {
    let start = offset
    let raw = try integer(UInt32.self, what())
    guard let type = MetadataType(rawValue: raw) else {
      throw malformed(what(), expected: "a type from 0 to 12", found: "\(raw)", at: start)
    }
    return type
  }

  @_lifetime(self: copy self)
  mutating func value(
    _ key: String, header: HeaderBytes
  ) throws(FileError) -> MetadataValue {
    let type = try type("the type of \"\(key)\"")
    guard type == .array else { return try scalar(type, "the value of \"\(key)\"") }
    let (elementType, count) = try arrayHeader("\"\(key)\"")
    let start = offset
    try skipElements(elementType, count, "\"\(key)\"")
    return .array(
      MetadataArray(
        elementType: elementType, count: count, header: header, range: start..<offset, order: order)
    )
  }

  /// Any value but an array. A bool byte other than 0 counts as true, as elsewhere.
  @_lifetime(self: copy self)
  private mutating func scalar(
    _ type: MetadataType, _ what: @autoclosure () -> String
  ) throws(FileError) -> MetadataValue {
    switch type {
    case .uint8: .uint8(try integer(UInt8.self, what()))
    case .int8: .int8(try integer(Int8.self, what()))
    case .uint16: .uint16(try integer(UInt16.self, what()))
    case .int16: .int16(try integer(Int16.self, what()))
    case .uint32: .uint32(try integer(UInt32.self, what()))
    case .int32: .int32(try integer(Int32.self, what()))
    case .uint64: .uint64(try integer(UInt64.self, what()))
    case .int64: .int64(try integer(Int64.self, what()))
    case .float32: .float32(Float(bitPattern: try integer(UInt32.self, what())))
    case .float64: .float64(Double(bitPattern: try integer(UInt64.self, what())))
    case .bool: .bool(try integer(UInt8.self, what()) != 0)
    case .string: .string(MetadataString(bytes: copy(try stringRange(what()))))
    case .array: preconditionFailure("arrays are read by their own function")
    }
  }

  @_lifetime(self: copy self)
  private mutating func arrayHeader(
    _ name: @autoclosure () -> String
  ) throws(FileError) -> (MetadataType, Int) {
    let type = try type("the element type of \(name())")
    let start = offset
    let count = try count("the number of elements of \(name())")
    guard count <= remaining / type.minimumByteCount else {
      throw malformed(
        "the number of elements of \(name())",
        expected: "at most the \(remaining / type.minimumByteCount) that the file has room for",
        found: "\(count)", at: start)
    }
    return (type, count)
  }

  /// Steps over the elements of an array, checking lengths and nothing else.
  @_lifetime(self: copy self)
  mutating func skipElements(
    _ type: MetadataType, _ count: Int, _ name: @autoclosure () -> String, depth: Int = 1
  ) throws(FileError) {
    if let size = type.byteCount {
      _ = try skip(count * size, "the elements of \(name())")  // bounded by arrayHeader
      return
    }
    for index in 0..<count {
      guard type == .array else {
        _ = try stringRange("string \(index) of \(name())")
        continue
      }
      guard depth < Limits.arrayDepth else {
        throw malformed(
          "the elements of \(name())", expected: "at most \(Limits.arrayDepth) arrays in arrays",
          found: "more")
      }
      let (inner, innerCount) = try arrayHeader("array \(index) in \(name())")
      try skipElements(inner, innerCount, "array \(index) in \(name())", depth: depth + 1)
    }
  }

  /// Reads a value whose arrays are copied out of the file: for elements of a checked array.
  @_lifetime(self: copy self)
  mutating func ownedValue(
    _ type: MetadataType, depth: Int = 1
  ) throws(FileError) -> MetadataValue {
    guard type == .array else { return try scalar(type, "an element") }
    // Only a file changed since it was checked can be deeper; it must not use up the stack.
    guard depth < Limits.arrayDepth else {
      throw malformed("an element", expected: "what was there before", found: "deeper arrays")
    }
    let (elementType, count) = try arrayHeader("an element")
    var values: [MetadataValue] = []
    for _ in 0..<count { values.append(try ownedValue(elementType, depth: depth + 1)) }
    return .array(MetadataArray(elementType: elementType, values))
  }
}
