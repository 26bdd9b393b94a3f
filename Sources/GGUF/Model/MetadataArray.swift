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

  /// Keeps elements that are packed already, little-endian.
  init(elementType: MetadataType, count: Int, packed: [UInt8]) {
    self.elementType = elementType
    self.count = count
    storage = .owned(packed)
  }

  /// Makes an array of values, all of one type.
  ///
  /// - Precondition: Every value has the type `elementType`.
  public init(elementType: MetadataType, _ values: [MetadataValue]) {
    precondition(values.allSatisfy { $0.type == elementType }, "mixed types in one array")
    var writer = ByteWriter(order: .little)
    for value in values { writer.payload(value) }
    self.init(elementType: elementType, count: values.count, packed: writer.bytes)
  }

  /// Makes an array of strings.
  public init(strings: [String]) {
    self.init(elementType: .string, strings.map { .string(MetadataString($0)) })
  }

  /// Bytes that the elements take in the file.
  public var byteCount: Int { packed.byteCount }

  /// The elements as they are stored, one behind the other.
  var packed: RawSpan {
    @_lifetime(borrow self)
    get {
      switch storage {
      case .header(let header, let range, _):
        unsafe _overrideLifetime(header[range], borrowing: self)
      case .owned(let bytes): unsafe _overrideLifetime(bytes.span.bytes, borrowing: self)
      }
    }
  }

  /// The order of bytes in the elements.
  var order: ByteOrder {
    if case .header(_, _, let order) = storage { order } else { .little }
  }

  /// The first values, or all of them.
  ///
  /// - Complexity: O(*n*) in the values returned.
  public func values(_ limit: Int = .max) -> [MetadataValue] {
    let wanted = max(0, min(limit, count))
    var values: [MetadataValue] = []
    values.reserveCapacity(wanted)
    unpack(wanted) { _, value in
      values.append(value)
      return true
    }
    return values
  }

  /// The first element that meets a condition, and its place.
  ///
  /// - Complexity: O(*n*) in the elements before it, which are unpacked one by one.
  public func first(
    where isWanted: (MetadataValue) -> Bool
  ) -> (index: Int, value: MetadataValue)? {
    var found: (index: Int, value: MetadataValue)?
    unpack(count) { index, value in
      if isWanted(value) { found = (index, value) }
      return found == nil
    }
    return found
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
    let bytes = packed
    var reader = ByteReader(bytes, file: "", order: order)
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

  /// The elements in the byte order asked for, as a file holds them.
  func encoded(_ order: ByteOrder) -> [UInt8] {
    guard order != self.order else { return packed.array() }
    var writer = ByteWriter(order: order, capacity: byteCount)
    unpack(count) { _, value in
      writer.payload(value)
      return true
    }
    return writer.bytes
  }

  /// Unpacks one element after the other, for as long as `body` wants more.
  private func unpack(_ limit: Int, _ body: (Int, MetadataValue) -> Bool) {
    var reader = ByteReader(packed, file: "", order: order)
    do throws(FileError) {
      for index in 0..<limit {
        guard body(index, try reader.ownedValue(elementType)) else { return }
      }
    } catch {
      // Checked when the file was opened: only a file changed underneath can come here.
    }
  }

  /// Two arrays are equal if their elements are, wherever they are stored.
  public static func == (a: MetadataArray, b: MetadataArray) -> Bool {
    guard a.elementType == b.elementType, a.count == b.count else { return false }
    return a.order == b.order
      ? a.packed.holdsSame(as: b.packed) : a.encoded(.little) == b.encoded(.little)
  }
}
