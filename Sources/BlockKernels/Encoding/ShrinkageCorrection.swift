// SPDX-License-Identifier: MIT

/// Makes up for a part of the shrinkage that least squares brings.
///
/// The restored weights y that come nearest to weights x are too small on the whole: Σ w x y falls
/// short of Σ w x² by just the squared error. At two bits and less that is a tenth and more, in every
/// layer in the same direction, and a model is harmed more by it than by a little more error. Blocks
/// are therefore scaled up towards where both sums agree.
///
/// How far: on tiny-moe with its importance matrix, KL divergence falls all the way and hardly beyond,
/// while the error grows with the square of the step. From two bits up that leaves it below the
/// reference's; with less, three quarters of the way do, and with the effort `best`, which is held to
/// the least error, half. `make quality` shows what comes of it.
///
/// Some blocks are too large instead: beside one huge weight of little importance, the smallest value
/// that a codebook has for its neighbours is far too much. By Σ w x y against Σ w x² alone they would be
/// scaled up still, to more than twice the least error; so the scale of least error sets a limit, too.
/// With less than two bits ordinary blocks come near such a limit, which is wider there.
struct ShrinkageCorrection {
  /// How much of the way is gone.
  private let part: Float
  /// How many times the scale of least error a block may have.
  private let reach: Float
  /// Beyond this, the block has hardly anything in common with the weights.
  private static let largest: Float = 1.2

  // Kept between blocks, so that its memory is asked for once.
  private var restored: [Float] = []

  /// The correction at an effort; `bits` are the format's for each weight.
  init(_ effort: Effort, bits: Double) {
    part = effort == .best ? 0.5 : bits < 2 ? 0.75 : 1
    reach = bits < 2 ? 1.6 : 1.2
  }

  /// The factor on a block's scale; 1 for a block that restores its weights exactly, less for one that
  /// is far too large.
  ///
  /// - Parameters:
  ///   - block: The block, encoded.
  ///   - weights: The weights that it stands for.
  ///   - importance: One value a column of the row; all alike if `nil`.
  ///   - column: Where the block begins in its row.
  ///   - format: Its format.
  ///   - table: The kernels to decode it with.
  /// - Returns: A positive factor up to 1.2.
  /// - Complexity: O(*n*) in weights.
  mutating func gain(
    of block: RawSpan, for weights: Span<Float>, _ importance: Span<Float>?, column: Int,
    _ format: (some BlockFormat).Type, _ table: KernelTable
  ) -> Float {
    if restored.count != weights.count { restored = Array(repeating: 0, count: weights.count) }
    var span = restored.mutableSpan
    table.decode(block, of: format, into: &span)
    var (products, squares, restoredSquares) = (0.0, 0.0, 0.0)
    for index in weights.indices {
      let x = Double(weights[index])
      let y = Double(span[index])
      let factor = Double(importance?[column + index] ?? 1)
      products += factor * x * y
      squares += factor * x * x
      restoredSquares += factor * y * y
    }
    guard products > 0 else { return 1 }
    let missing = max(Float(squares / products) - 1, 0)
    let leastError = Float(products / restoredSquares)
    return min(1 + part * missing, Self.largest, reach * leastError)
  }
}
