// SPDX-License-Identifier: MIT

// What all decoders are made of: loads from any address, bytes turned into floats 16 at a time, and
// stores. A loop over the lanes of a vector with nothing else in its body becomes the instructions
// that widen and convert whole vectors; the initialisers that convert vectors become calls, as do
// comparisons of a vector with a single number.

/// Sixteen bytes of a block.
@usableFromInline typealias Bytes = SIMD16<UInt8>

/// The 16 bytes at any address.
@inlinable @inline(always)
func bytes(_ source: UnsafeRawPointer) -> Bytes { source.loadUnaligned(as: Bytes.self) }

/// The byte at an address, as an index.
@inlinable @inline(always)
func byte(_ source: UnsafeRawPointer) -> Int { Int(source.load(as: UInt8.self)) }

/// The little-endian word at any address.
@inlinable @inline(always)
func word16(_ source: UnsafeRawPointer) -> UInt16 {
  UInt16(littleEndian: source.loadUnaligned(as: UInt16.self))
}

/// The little-endian word at any address.
@inlinable @inline(always)
func word32(_ source: UnsafeRawPointer) -> UInt32 {
  UInt32(littleEndian: source.loadUnaligned(as: UInt32.self))
}

/// The little-endian word at any address.
@inlinable @inline(always)
func word64(_ source: UnsafeRawPointer) -> UInt64 {
  UInt64(littleEndian: source.loadUnaligned(as: UInt64.self))
}

/// The half-precision number at any address, widened: the scale of a block.
@inlinable @inline(always)
func half(_ source: UnsafeRawPointer) -> Float {
  let bits = word16(source)
  // All but a few scales are normal numbers, whose bits only have to move: a branch that the CPU
  // foresees is shorter than what the others need.
  guard bits & 0x7FFF &- 0x400 < 0x7800 else { return widenedHalf(bits) }
  let moved = UInt32(bitPattern: Int32(Int16(bitPattern: bits)) << 13) & 0x8FFF_E000
  return Float(bitPattern: moved &+ 112 << 23)
}

/// The numbers that bytes are.
@inlinable @inline(always)
func floats(_ bytes: Bytes) -> Lanes {
  var floats = Lanes.zero
  for lane in 0..<16 { floats[lane] = Float(Int32(bytes[lane])) }
  return floats
}

/// The numbers that signed bytes are.
@inlinable @inline(always)
func signedFloats(_ bytes: Bytes) -> Lanes {
  let signed = unsafeBitCast(bytes, to: SIMD16<Int8>.self)
  var floats = Lanes.zero
  for lane in 0..<16 { floats[lane] = Float(Int32(signed[lane])) }
  return floats
}

/// Stores weights at any address.
@inlinable @inline(always)
func store<Group: SIMD<Float> & BitwiseCopyable>(
  _ weights: Group, _ target: UnsafeMutableRawPointer
) {
  target.storeBytes(of: weights, as: Group.self)
}

/// The value of a half's bits: exact for every number, NaN for every NaN.
///
/// Plain arithmetic, since a conversion is a call where the CPU's level has none of its own.
@inlinable @inline(always)
public func widenedHalf(_ bits: UInt16) -> Float {
  // Exponent and fraction move to their places in a float, whose exponent counts from 127, not 15.
  let magnitude = UInt32(bits & 0x7FFF) << 13
  let normal = magnitude &+ 112 << 23
  // A subnormal half is what its fraction adds to the smallest normal one. (Multiplying the moved
  // bits by 2^112 would be shorter, but subnormal floats take many CPUs several times as long.)
  let subnormal = (Float(bitPattern: normal &+ 1 << 23) - 0x1p-14).bitPattern
  let finite = magnitude < 1 << 23 ? subnormal : normal
  // An exponent of all ones means infinity or NaN in both.
  let special: UInt32 = magnitude >= 31 << 23 ? 112 << 23 : 0
  return Float(bitPattern: (finite &+ special) | UInt32(bits & 0x8000) << 16)
}
