// SPDX-License-Identifier: MIT

/// A way to store weights in blocks, as one stateless type for each of GGML's formats.
///
/// Blocks are little-endian, as in a little-endian GGUF file.
public protocol BlockFormat: Sendable {
  /// What programs know this format by.
  static var facts: FormatFacts { get }

  /// The multi-byte fields of one block, for files of the other byte order.
  static var wideFields: [WideField] { get }

  /// The floating-point numbers of one block, all of which must be finite.
  ///
  /// Where they are, so are all weights that the block restores, unless the format is a `CodedFormat`
  /// and says more.
  static var floatFields: [FloatField] { get }

  /// Decodes blocks, bit for bit as the reference does.
  ///
  /// A kernel: `@inlinable @inline(always)`, so that it is compiled for each level of the CPU. It may
  /// neither allocate nor form a closure. Callers use `KernelTable.decode`.
  ///
  /// - Parameter run: The blocks, and memory for a float for each of their weights.
  static func decodeBlocks(_ run: BlockRun)
}

extension BlockFormat {
  /// The number in files.
  public static var type: TensorType { facts.type }

  /// The block's size.
  public static var layout: TensorType.Layout { facts.layout }
}

/// A format that weights can be written in.
public protocol EncodableFormat: BlockFormat {
  /// Encodes whole rows of floats into blocks.
  ///
  /// The bytes of a row depend only on that row and `importance`, never on the rows beside it.
  ///
  /// - Parameters:
  ///   - rows: Rows of `rowWeights` weights one after the other. Weights must be finite.
  ///   - rowWeights: Weights a row; a multiple of the block's weights.
  ///   - importance: How much an error at each column matters (mean squared activations), shared by
  ///     all rows: `rowWeights` values, finite and not negative; `nil` for the format's plain rule.
  ///   - effort: How long to search; formats without a search do not use it.
  ///   - blocks: The destination, exactly as large as the rows need.
  ///   - table: The kernels of the level to run.
  static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan, by table: KernelTable)
}

/// A format whose encoder is a kernel of its own, from the weights to the blocks' bytes.
public protocol KernelEncodedFormat: EncodableFormat {
  /// Encodes blocks: a kernel, as `decodeBlocks` is.
  ///
  /// - Parameters:
  ///   - source: Whole blocks of whole rows, counted in blocks.
  ///   - effort: How long to search.
  ///   - memory: Anything; it is overwritten.
  ///   - blocks: Takes the blocks.
  static func encodeBlocks(
    _ source: GroupSource, _ effort: Effort, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer)
}
