// SPDX-License-Identifier: MIT
package import GGUF
package import QuantModels

/// A matrix of the whole model, and the same one in the quantized file.
package struct CalibratedMatrix: Sendable, Hashable {
  /// The whole model's tensor.
  package let whole: TensorInfo
  /// Which of its matrices.
  package let wholeMatrix: Int
  /// The quantized file's tensor.
  package let quantized: TensorInfo
  /// Which of its matrices.
  package let quantizedMatrix: Int

  /// Describes a pair.
  package init(
    whole: TensorInfo, wholeMatrix: Int, quantized: TensorInfo, quantizedMatrix: Int
  ) {
    self.whole = whole
    self.wholeMatrix = wholeMatrix
    self.quantized = quantized
    self.quantizedMatrix = quantizedMatrix
  }

  /// Numbers of a row.
  package var columns: Int { whole.rowWeights }
  /// Numbers of the matrix.
  package var weights: Int { whole.weightCount / max(1, whole.matrixCount) }
}

/// Chooses the codes of matrices, once it is known what goes into them.
package protocol MatrixCalibrator: AnyObject {
  /// Takes all matrices that share one input.
  ///
  /// Called once for each input, in the order in which a token meets them. When it returns, the quantized
  /// file holds the matrices' new bytes, and whatever is computed afterwards is computed with them.
  ///
  /// - Parameters:
  ///   - matrices: Those that are wanted, at least one.
  ///   - moments: Of their input, finished. An expert that no token goes to has none: `tokens` is 0.
  ///   - pooled: For an expert with few tokens, the moments of its layer, finished and without shifts: of
  ///     what all experts take for the products that come first, and of what all take together for the
  ///     last.
  /// - Throws: Whatever ends the walk.
  func calibrate(
    _ matrices: [CalibratedMatrix], _ moments: SecondMoments, pooled: SecondMoments?
  ) throws(QuantError)

  /// Whether anything is to be done for a matrix. The answer must not change as long as the matrix was not
  /// calibrated.
  func wants(_ matrix: CalibratedMatrix) -> Bool
}
