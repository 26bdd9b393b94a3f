// SPDX-License-Identifier: MIT

/// Little-endian loads at any offset.
///
/// Every load is bounds-checked by the span.
extension RawSpan {
  /// The byte at an offset.
  @inlinable @inline(always)
  package func u8(at offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// The signed byte at an offset.
  @inlinable @inline(always)
  package func i8(at offset: Int) -> Int8 {
    unsafe unsafeLoad(fromByteOffset: offset, as: Int8.self)
  }

  /// The 16-bit integer at an offset.
  @inlinable @inline(always)
  package func u16(at offset: Int) -> UInt16 {
    UInt16(
      littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// The 32-bit integer at an offset.
  @inlinable @inline(always)
  package func u32(at offset: Int) -> UInt32 {
    UInt32(
      littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// The 64-bit integer at an offset.
  @inlinable @inline(always)
  package func u64(at offset: Int) -> UInt64 {
    UInt64(
      littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}

/// Little-endian stores into blocks.
extension MutableRawSpan {
  @inline(__always) @_lifetime(self: copy self)
  mutating func set(_ value: UInt8, at offset: Int) {
    storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
  }

  @inline(__always) @_lifetime(self: copy self)
  mutating func set(_ value: UInt16, at offset: Int) {
    storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt16.self)
  }

  @inline(__always) @_lifetime(self: copy self)
  mutating func set(_ value: UInt32, at offset: Int) {
    storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
  }

  @inline(__always) @_lifetime(self: copy self)
  mutating func set(_ value: UInt64, at offset: Int) {
    storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
  }

  /// Stores a half-precision number.
  @inline(__always) @_lifetime(self: copy self)
  mutating func set(half value: Float, at offset: Int) {
    set(Float16(value).bitPattern, at: offset)
  }
}
