// SPDX-License-Identifier: MIT

/// What the quadratic form says of a sub-block's scale and min.
///
/// The form falls by 2 · slope · Δ - curvature · Δ² if the scale (the min) grows by Δ.
public struct FeedbackFit {
  /// For the scale.
  public var scaleSlope = Lanes.zero
  /// For the scale.
  public var scaleCurvature = Lanes.zero
  /// For the min.
  public var minSlope = Lanes.zero
  /// For the min.
  public var minCurvature = Lanes.zero

  /// Begins with zeros.
  @inlinable public init() {}
}

/// What scale and min of a sub-block would do, each alone: weights are scale · value - min.
///
/// - Complexity: O(count²).
@inlinable @inline(always)
func fitSubBlock(_ part: FeedbackPart) -> FeedbackFit {
  var fit = FeedbackFit()
  for column in 0..<part.count {
    let value = lanes(part.values + column &* part.stride)
    let row = part.coefficients + column &* part.count
    var product = Lanes.zero
    var sum: Float = 0
    for other in 0..<part.count {
      product += lanes(part.values + other &* part.stride) * row[other]
      sum += row[other]
    }
    fit.scaleSlope += part.gradient[column] * value
    fit.scaleCurvature += product * value
    fit.minSlope -= part.gradient[column]
    fit.minCurvature += Lanes(repeating: sum)
  }
  return fit
}

/// Changes scale and min of a sub-block by so much.
@inlinable @inline(always)
func moveSubBlock(_ part: FeedbackPart, _ scale: Lanes, _ min: Lanes) {
  for column in 0..<part.count {
    let offset = column &* part.stride
    let growth = scale * lanes(part.values + offset) - min
    put(lanes(part.restored + offset) + growth, part.restored + offset)
    put(lanes(part.errors + offset) - growth, part.errors + offset)
    addToGradient(part, -growth, column)
  }
}
