// SPDX-License-Identifier: MIT

/// An array in the metadata, left in the file until somebody asks for its values.
///
/// The structure (lengths of strings, nested arrays) was checked when the file was opened, so that
/// reading values cannot fail.
public struct MetadataArray: Sendable, Equatable {
  /// The type of every element.
  public let elementType: MetadataType
  /// How many elements there are.
  public let count: Int
  private let storage: Storage

  private enum Storage: Sendable {
    case header(HeaderBytes, Range<Int>, ByteOrder)
    case owned([UInt8])
  }

  init(
    elementType: MetadataType, count: Int, header: HeaderBytes, range: Range<Int>, order: ByteOrder
  ) {
    self.elementType = elementType
    self.count = count
    storage = .header(header, range, order)
  }

  /// Makes an array of values, all of one type.
  ///
  /// - Precondition: Every value has the type `elementType`.
  public init(elementType: MetadataType, _ values: [MetadataValue]) {
    precondition(values.allSatisfy { $0.type == elementType }, "mixed types in one array")
    var writer = ByteWriter(order: .little)
    for value in values { writer.payload(value) }
    self.elementType = elementType
    count = values.count
    storage = .owned(writer.bytes)
  }

  /// Makes an array of strings.
  public init(strings: [String]) {
    self.init(elementType: .string, strings.map { .string(MetadataString($0)) })
  }

  /// Bytes that the elements take in the file.
  public var byteCount: Int {
    switch storage {
    case .header(_, let range, _): range.count
    case .owned(let bytes): bytes.count
    }
  }

  /// The first values, or all of them.
  ///
  /// - Complexity: O(*n*) in the values returned.
  public func values(_ limit: Int = .max) -> [MetadataValue] {
    let wanted = max(0, min(limit, count))
    switch storage {
    case .header(let header, let range, let order):
      return Self.decode(
        header[range], elementType, wanted, order: order, file: header.name)
    case .owned(let bytes):
      return unsafe Self.decode(bytes.span.bytes, elementType, wanted)
    }
  }

  /// The elements as text, for arrays of strings; empty for others.
  public func strings(_ limit: Int = .max) -> [String] { values(limit).compactMap(\.text) }

  /// The elements as integers, for arrays of integers; empty for others.
  public func integers(_ limit: Int = .max) -> [Int] { values(limit).compactMap(\.integer) }

  /// The elements as one table, for arrays of strings; `nil` for others.
  ///
  /// - Complexity: O(*n*) in the bytes, without an allocation for each string.
  public var stringTable: StringTable? {
    guard elementType == .string else { return nil }
    switch storage {
    case .header(let header, let range, let order):
      return Self.table(header[range], count, order: order, file: header.name)
    case .owned(let bytes):
      return unsafe Self.table(bytes.span.bytes, count)
    }
  }

  /// The elements in the byte order asked for, as a file holds them.
  func encoded(_ order: ByteOrder) -> [UInt8] {
    switch storage {
    case .header(let header, let range, order): return header[range].array()
    case .owned(let bytes) where order == .little: return bytes
    default:
      var writer = ByteWriter(order: order)
      for value in values() { writer.payload(value) }
      return writer.bytes
    }
  }

  private static func decode(
    _ bytes: RawSpan, _ type: MetadataType, _ count: Int, order: ByteOrder = .little,
    file: String = ""
  ) -> [MetadataValue] {
    var reader = ByteReader(bytes, file: file, order: order)
    var values: [MetadataValue] = []
    values.reserveCapacity(count)
    do throws(FileError) {
      for _ in 0..<count { values.append(try reader.ownedValue(type)) }
    } catch {
      // Checked when the file was opened: only a file changed underneath can come here.
    }
    return values
  }

  private static func table(
    _ bytes: RawSpan, _ count: Int, order: ByteOrder = .little, file: String = ""
  ) -> StringTable {
    var reader = ByteReader(bytes, file: file, order: order)
    var table = StringTable()
    table.reserve(count: count, byteCount: max(0, bytes.byteCount - 8 * count))
    do throws(FileError) {
      for _ in 0..<count {
        table.append(bytes.extracting(try reader.stringRange("an element")))
      }
    } catch {
      // Checked when the file was opened: only a file changed underneath can come here.
    }
    return table
  }

  /// Two arrays are equal if their elements are, wherever they are stored.
  public static func == (a: MetadataArray, b: MetadataArray) -> Bool {
    a.elementType == b.elementType && a.count == b.count
      && a.encoded(.little) == b.encoded(.little)
  }
}
