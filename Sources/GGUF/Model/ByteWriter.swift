// SPDX-License-Identifier: MIT

/// Appends numbers, strings and values as a header holds them.
struct ByteWriter {
  let order: ByteOrder
  private(set) var bytes: [UInt8] = []

  /// Starts without bytes, with memory for so many.
  init(order: ByteOrder, capacity: Int = 0) {
    self.order = order
    bytes.reserveCapacity(capacity)
  }

  mutating func integer<T: FixedWidthInteger>(_ value: T) {
    let ordered = order == .little ? value.littleEndian : value.bigEndian
    unsafe withUnsafeBytes(of: ordered) { unsafe bytes.append(contentsOf: $0) }
  }

  mutating func raw(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

  mutating func raw(_ more: RawSpan) {
    unsafe more.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }

  mutating func string(_ text: MetadataString) {
    integer(UInt64(text.bytes.count))
    raw(text.bytes)
  }

  mutating func pad(to alignment: Int) {
    let over = bytes.count % alignment
    if over != 0 { raw(repeatElement(0, count: alignment - over)) }
  }

  /// A value without its type number.
  mutating func payload(_ value: MetadataValue) {
    switch value {
    case .uint8(let number): integer(number)
    case .int8(let number): integer(number)
    case .uint16(let number): integer(number)
    case .int16(let number): integer(number)
    case .uint32(let number): integer(number)
    case .int32(let number): integer(number)
    case .uint64(let number): integer(number)
    case .int64(let number): integer(number)
    case .float32(let number): integer(number.bitPattern)
    case .float64(let number): integer(number.bitPattern)
    case .bool(let flag): integer(UInt8(flag ? 1 : 0))
    case .string(let text): string(text)
    case .array(let array):
      integer(array.elementType.rawValue)
      integer(UInt64(array.count))
      if array.order == order { raw(array.packed) } else { raw(array.encoded(order)) }
    }
  }
}
