// SPDX-License-Identifier: MIT
public import BlockKernels

/// Turns blocks of one byte order into the other.
public enum ByteSwapping {
  /// Reverses the bytes of every multi-byte field of every block, in place.
  ///
  /// - Parameters:
  ///   - blocks: Whole blocks of `format`, one after the other.
  ///   - format: The format of the blocks.
  /// - Complexity: O(*n*) in bytes; no allocation.
  public static func swap(_ blocks: inout MutableRawSpan, of format: any BlockFormat.Type) {
    let blockBytes = format.layout.bytesPerBlock
    precondition(blocks.byteCount % blockBytes == 0, "not whole blocks of \(format.type)")
    for field in format.wideFields {
      switch field.width {
      case 2: swap(&blocks, field, as: UInt16.self, blockBytes)
      case 4: swap(&blocks, field, as: UInt32.self, blockBytes)
      case 8: swap(&blocks, field, as: UInt64.self, blockBytes)
      default: preconditionFailure("\(format.type) has a field of \(field.width) bytes")
      }
    }
  }

  @inline(__always)
  private static func swap<T: FixedWidthInteger & BitwiseCopyable>(
    _ blocks: inout MutableRawSpan, _ field: WideField, as _: T.Type, _ blockBytes: Int
  ) {
    for block in stride(from: field.offset, to: blocks.byteCount, by: blockBytes) {
      for index in 0..<field.count {
        let offset = block + index * MemoryLayout<T>.size
        let value = unsafe blocks.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self)
        blocks.storeBytes(of: value.byteSwapped, toByteOffset: offset, as: T.self)
      }
    }
  }
}
