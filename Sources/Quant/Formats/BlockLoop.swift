// SPDX-License-Identifier: MIT
internal import BlockKernels
import GGUF

/// The bodies of `decode`.
extension BlockFormat {
  /// Hands all blocks to a kernel.
  ///
  /// - Parameters:
  ///   - blocks: Blocks one after the other.
  ///   - decoder: The kernel of this format.
  ///   - weights: The destination, a float for each weight.
  static func decode(
    _ blocks: RawSpan, by decoder: BlockDecoder, into weights: inout MutableSpan<Float>
  ) {
    let layout = layout
    let count = weights.count / layout.weightsPerBlock
    // With these counts, all that the kernel reads and writes lies in the spans.
    precondition(
      count * layout.weightsPerBlock == weights.count
        && count * layout.bytesPerBlock == blocks.byteCount,
      "\(type): \(blocks.byteCount) bytes cannot hold \(weights.count) weights")
    unsafe weights.withUnsafeMutableBufferPointer { weights in
      unsafe blocks.withUnsafeBytes { blocks in
        guard let source = blocks.baseAddress, let target = weights.baseAddress else { return }
        Kernels.decode(
          decoder, unsafe BlockRun(blocks: source, count: count, weights: target))
      }
    }
  }

  /// Hands all blocks to a kernel that looks groups of weights up in a codebook.
  ///
  /// - Parameters:
  ///   - blocks: Blocks one after the other.
  ///   - decoder: The kernel of this format, given its tables.
  ///   - entries: The codebook, with an entry for every index that a block can store.
  ///   - signs: The factors of every pattern of eight signs that a block can store.
  ///   - weights: The destination, a float for each weight.
  static func decode<Group: SIMD<Float>>(
    _ blocks: RawSpan, by decoder: (GridTables<Group>) -> BlockDecoder, _ entries: [Group],
    signs: [SIMD8<Float>] = SignMasks.factors, into weights: inout MutableSpan<Float>
  ) {
    unsafe entries.withUnsafeBufferPointer { entries in
      unsafe signs.withUnsafeBufferPointer { signs in
        guard let entry = entries.baseAddress, let sign = signs.baseAddress else { return }
        let tables = unsafe GridTables(entries: entry, signs: sign)
        decode(blocks, by: decoder(tables), into: &weights)
      }
    }
  }

  /// Decodes numbers that stand alone, each from the little-endian integer that holds its bits.
  @inline(__always)
  static func decodeNumbers<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ blocks: RawSpan, into weights: inout MutableSpan<Float>, _ number: (Bits) -> Float
  ) {
    let size = MemoryLayout<Bits>.size
    precondition(
      weights.count * size == blocks.byteCount,
      "\(type): \(blocks.byteCount) bytes cannot hold \(weights.count) weights")
    for index in weights.indices {
      // Every offset lies in the span, by the precondition.
      let bits = unsafe blocks.unsafeLoadUnaligned(
        fromUncheckedByteOffset: index &* size, as: Bits.self)
      weights[index] = number(Bits(littleEndian: bits))
    }
  }
}

/// The loop over blocks that encoders share.
///
/// It takes the block's sizes as literals, so that after inlining every inner loop has a fixed
/// count and its bounds checks fold away.
extension EncodableFormat {
  /// Cuts rows, importance and blocks into triples of one block each.
  ///
  /// - Parameters:
  ///   - weightsPerBlock: Weights of one block, as in `layout`.
  ///   - bytesPerBlock: Bytes of one block, as in `layout`.
  ///   - rows: Rows of `rowWeights` weights.
  ///   - rowWeights: Weights a row.
  ///   - importance: One value a column, shared by the rows.
  ///   - blocks: The destination.
  ///   - encode: Writes one block from its weights and the importance of their columns.
  @inline(__always)
  static func encodeBlocks(
    of weightsPerBlock: Int, in bytesPerBlock: Int, _ rows: Span<Float>, rowWeights: Int,
    importance: Span<Float>?, into blocks: inout MutableRawSpan,
    _ encode: (Span<Float>, Span<Float>?, inout MutableRawSpan) -> Void
  ) {
    let count = rows.count / weightsPerBlock
    checkEncode(rows.count, rowWeights, importance?.count, blocks.byteCount)
    for index in 0..<count {
      let first = index * weightsPerBlock
      let bytes = index * bytesPerBlock
      let column = first % rowWeights
      var block = blocks.part(bytes..<bytes + bytesPerBlock)
      encode(
        rows.extracting(first..<first + weightsPerBlock),
        importance?.extracting(column..<column + weightsPerBlock), &block)
    }
  }

  /// Stops a call whose counts do not fit together.
  static func checkEncode(
    _ weights: Int, _ rowWeights: Int, _ importance: Int?, _ bytes: Int
  ) {
    let layout = layout
    precondition(
      rowWeights > 0 && rowWeights % layout.weightsPerBlock == 0 && weights % rowWeights == 0,
      "\(type): \(weights) weights are not whole rows of \(rowWeights)")
    precondition(
      importance == nil || importance == rowWeights,
      "\(type): importance for \(importance ?? 0) columns of \(rowWeights)")
    precondition(
      bytes == weights / layout.weightsPerBlock * layout.bytesPerBlock,
      "\(type): \(bytes) bytes are not the size of \(weights) weights")
  }
}

/// Sub-spans that can be written: the one place that uses the library's underscored name.
extension MutableSpan where Element: BitwiseCopyable {
  @inline(__always) @_lifetime(&self)
  package mutating func part(_ range: Range<Int>) -> MutableSpan<Element> {
    _mutatingExtracting(range)
  }
}

extension MutableRawSpan {
  @inline(__always) @_lifetime(&self)
  package mutating func part(_ range: Range<Int>) -> MutableRawSpan { _mutatingExtracting(range) }
}
