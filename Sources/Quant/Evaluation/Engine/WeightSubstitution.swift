// SPDX-License-Identifier: MIT
package import BlockFormats
internal import GGUF
package import QuantPlanning

/// Some weights of a model as they would be in another type: products then work with what the
/// encoder leaves of them, tile by tile, and nothing is written.
///
/// Encoders take rows one by one, so that tiles get the values that a file in this type would have.
package struct WeightSubstitution: Sendable {
  /// The tensor's name.
  package let tensor: String
  /// Which of its matrices; `nil` for all.
  package let matrix: Int?
  /// The other type.
  package let format: any EncodableFormat.Type
  /// What is known of the tensor's inputs.
  package let importance: ImportanceMatrix.Entry?

  /// Describes weights in another type.
  package init(
    tensor: String, matrix: Int?, format: any EncodableFormat.Type,
    importance: ImportanceMatrix.Entry?
  ) {
    self.tensor = tensor
    self.matrix = matrix
    self.format = format
    self.importance = importance
  }

  /// Whether a matrix of a tensor is meant.
  func concerns(_ name: String, matrix index: Int) -> Bool {
    (matrix ?? index) == index && name == tensor
  }

  /// Encodes rows of one matrix and decodes them again, in place.
  ///
  /// - Parameters:
  ///   - rows: Packed rows.
  ///   - index: The matrix they are of: its importance weights count.
  ///   - blocks: Memory for their blocks.
  func apply(to rows: Matrix, matrix index: Int, using blocks: inout [UInt8]) {
    let layout = format.layout
    let count = rows.rows * rows.columns / layout.weightsPerBlock * layout.bytesPerBlock
    if blocks.count < count { blocks = Array(repeating: 0, count: count) }
    let importance = importance.flatMap { $0.values(expert: min(index, $0.expertCount - 1)) }
    var storage = blocks.mutableSpan
    var bytes = unsafe storage.mutableBytes
    var window = bytes.slice(0..<count)
    var numbers = unsafe MutableSpan(
      _unsafeStart: rows.base, count: rows.rows * rows.columns)
    if let importance {
      format.encode(
        numbers.span, rowWeights: rows.columns, importance: importance.span, into: &window)
    } else {
      format.encode(numbers.span, rowWeights: rows.columns, importance: nil, into: &window)
    }
    format.decode(window.bytes, into: &numbers)
  }
}
