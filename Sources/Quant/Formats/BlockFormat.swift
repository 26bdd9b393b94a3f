// SPDX-License-Identifier: MIT
public import GGUF

/// A field wider than a byte inside a block, repeated `count` times: what a big-endian file swaps.
public struct WideField: Sendable, Hashable {
  /// Bytes from the start of the block.
  public let offset: Int
  /// Bytes of one number: 2, 4 or 8.
  public let width: Int
  /// How many such numbers follow each other.
  public let count: Int

  /// Describes `count` numbers of `width` bytes at `offset`.
  public init(offset: Int, width: Int, count: Int = 1) {
    self.offset = offset
    self.width = width
    self.count = count
  }
}

/// A way to store weights in blocks, as one stateless type for each of GGML's formats.
///
/// Blocks are little-endian, as in a little-endian GGUF file.
public protocol BlockFormat: Sendable {
  /// The number and block size that the container knows this format by.
  static var type: TensorType { get }

  /// The multi-byte fields of one block, for files of the other byte order.
  static var wideFields: [WideField] { get }

  /// The floating-point numbers of one block, all of which must be finite.
  ///
  /// Where they are, so are all weights that the block restores, unless the format is a `CodedFormat`
  /// and says more.
  static var floatFields: [FloatField] { get }

  /// Decodes whole blocks into floats, bit for bit as the reference does.
  ///
  /// - Parameters:
  ///   - blocks: Blocks one after the other, any number of rows.
  ///   - weights: The destination, one float a weight.
  /// - Precondition: `blocks` holds exactly the blocks for `weights.count` weights, and that is a
  ///   multiple of the block's weights.
  /// - Complexity: O(*n*) in weights; no allocation.
  static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>)
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
  static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan)
}

extension EncodableFormat {
  /// Encodes whole rows with the default effort.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?,
    into blocks: inout MutableRawSpan
  ) {
    encode(
      rows, rowWeights: rowWeights, importance: importance, effort: .default, into: &blocks)
  }
}

extension BlockFormat {
  /// The block's size, from the container's table.
  public static var layout: TensorType.Layout {
    guard let layout = type.layout else { preconditionFailure("\(type) has no block layout") }
    return layout
  }
}
