// SPDX-License-Identifier: MIT
public import BlockKernels

/// Looks through blocks for what no encoder writes: numbers that are not finite, and bits that stand
/// for nothing in their format.
///
/// No block is decoded: a format's floats decide whether its weights are finite, and `CodedFormat`
/// knows the exceptions. So a look costs about as much as reading the bytes.
public enum BlockCheck {
  /// Whether blocks hold nothing but what an encoder may have written.
  ///
  /// - Parameters:
  ///   - blocks: Whole little-endian blocks of `format`, one after the other.
  ///   - format: Their format.
  /// - Returns: `false` if some block has a fault.
  /// - Complexity: O(*n*) in bytes; no allocation that grows with them.
  public static func isSound(_ blocks: RawSpan, of format: any BlockFormat.Type) -> Bool {
    let size = format.layout.bytesPerBlock
    precondition(blocks.byteCount % size == 0, "not whole blocks of \(format.type)")
    for field in format.floatFields where !allFinite(field, in: blocks, blockBytes: size) {
      return false
    }
    guard let coded = format as? any CodedFormat.Type else { return true }
    return !coded.hasCodeFault(in: blocks)
  }

  /// Looks for the first fault of a block.
  ///
  /// - Parameters:
  ///   - block: One little-endian block.
  ///   - format: Its format.
  /// - Returns: The fault, or `nil`.
  public static func fault(
    inBlock block: RawSpan, of format: any BlockFormat.Type
  ) -> BlockFault? {
    for field in format.floatFields {
      if let fault = field.fault(inBlock: block) { return fault }
    }
    return (format as? any CodedFormat.Type)?.codeFault(inBlock: block)
  }

  /// The first block with a fault, or `nil`.
  ///
  /// - Parameters:
  ///   - blocks: Whole little-endian blocks of `format`.
  ///   - format: Their format.
  /// - Returns: The block's number, from 0, and its fault.
  public static func firstFault(
    in blocks: RawSpan, of format: any BlockFormat.Type
  ) -> (block: Int, fault: BlockFault)? {
    guard !isSound(blocks, of: format) else { return nil }
    let size = format.layout.bytesPerBlock
    for index in 0..<blocks.byteCount / size {
      let block = blocks.extracting(index * size..<(index + 1) * size)
      if let fault = fault(inBlock: block, of: format) { return (index, fault) }
    }
    return nil
  }

  private static func allFinite(_ field: FloatField, in blocks: RawSpan, blockBytes: Int) -> Bool {
    switch field.kind {
    case .half: exponentsAreFinite(0x7C00 as UInt16, field.offset, blocks, blockBytes)
    case .upperHalf: exponentsAreFinite(0x7F80 as UInt16, field.offset, blocks, blockBytes)
    case .single: exponentsAreFinite(0x7F80_0000 as UInt32, field.offset, blocks, blockBytes)
    case .double: exponentsAreFinite(0x7FF0 << 48 as UInt64, field.offset, blocks, blockBytes)
    }
  }

  /// Whether no number has an exponent of all ones, which means infinity or NaN.
  ///
  /// Adding the exponent's lowest bit carries into the sign's place from all ones alone; or-ing what
  /// comes out needs neither a branch nor an instruction that a CPU may lack.
  @inline(__always)
  private static func exponentsAreFinite<Bits>(
    _ exponent: Bits, _ offset: Int, _ blocks: RawSpan, _ blockBytes: Int
  ) -> Bool where Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable {
    let one = exponent & (~exponent &+ 1)
    let size = MemoryLayout<Bits>.size
    let count = blocks.byteCount / blockBytes
    var carries: Bits = 0
    // All offsets lie in the span: there are `count` whole blocks, and fields lie inside of them.
    if blockBytes == size {
      // Without gaps, the compiler takes several numbers at once.
      for index in 0..<count {
        let bits = unsafe blocks.unsafeLoadUnaligned(
          fromUncheckedByteOffset: index &* size, as: Bits.self)
        carries |= (Bits(littleEndian: bits) & exponent) &+ one
      }
    } else {
      for index in 0..<count {
        let bits = unsafe blocks.unsafeLoadUnaligned(
          fromUncheckedByteOffset: index &* blockBytes &+ offset, as: Bits.self)
        carries |= (Bits(littleEndian: bits) & exponent) &+ one
      }
    }
    return carries.leadingZeroBitCount > 0
  }
}

extension CodedFormat {
  /// Whether some block has an invalid code.
  fileprivate static func hasCodeFault(in blocks: RawSpan) -> Bool {
    let size = layout.bytesPerBlock
    for start in stride(from: 0, to: blocks.byteCount, by: size)
    where codeFault(inBlock: blocks.extracting(start..<start + size)) != nil {
      return true
    }
    return false
  }
}
