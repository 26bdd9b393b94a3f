// SPDX-License-Identifier: MIT

/// What is done to a gate g before it is multiplied with the other half u.
public enum GateActivation: Sendable {
  /// g · sigmoid(g).
  case silu
  /// g / 2 · (1 + tanh(√(2/π) (g + 0.044715 g³))).
  case gelu
  /// g², and 0 for negative numbers.
  case reluSquared
  /// g, and 0 for negative numbers.
  case relu
  /// sigmoid(g).
  case sigmoid
  /// ln(1 + exp(g)).
  case softplus
  /// min(g, 7) · sigmoid(1.702 min(g, 7)), with 1 added to the other half, clamped to ±7.
  case clampedSwish
  /// min(g, limit) · sigmoid(min(g, limit)), with the other half clamped to ±limit.
  case siluOfClamped(limit: Float)
  /// min(g · sigmoid(g), limit), with the other half clamped to ±limit.
  case clampedSilu(limit: Float)
  /// β tanh(g / β) sigmoid(g), with λ tanh(u / λ) for the other half; u where λ is 0.
  case situ(beta: Float, linearBeta: Float)
  /// positive g² + beta g for positive g, negative (exp(min(g, epsilon)) - 1 - g) + beta g for others.
  case xielu(positive: Float, negative: Float, beta: Float, epsilon: Float)
  /// tanh(g).
  case hyperbolicTangent
  /// exp(-exp(g)).
  case decay
  /// exp(-rate · sigmoid(g)).
  case boundedDecay(rate: Float)
}

/// Joins the halves of feed-forward layers: target = activation(gate) · up.
///
/// - Parameters:
///   - gate: Rows of `columns` numbers.
///   - up: As many.
///   - target: Takes as many; may be either.
///   - rows: How many rows.
///   - columns: Numbers a row.
///   - activation: What is done to the gate.
@inlinable @inline(always)
public func gateRows(
  _ gate: FloatRows, _ up: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
  activation: GateActivation
) {
  for row in 0..<rows {
    for column in stride(from: 0, to: columns, by: laneCount) {
      let left = columns - column
      let g = loadLanes(gate[row] + column, left)
      let u = loadLanes(up[row] + column, left)
      storeLanes(gated(g, u, activation), target[row] + column, left)
    }
  }
}

/// Applies an activation to rows without another half: target = activation(source).
@inlinable @inline(always)
public func activateRows(
  _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int, activation: GateActivation
) {
  let one = Lanes(repeating: 1)
  for row in 0..<rows {
    for column in stride(from: 0, to: columns, by: laneCount) {
      let left = columns - column
      let x = loadLanes(source[row] + column, left)
      storeLanes(gated(x, one, activation), target[row] + column, left)
    }
  }
}

/// Multiplies rows by others, number by number.
@inlinable @inline(always)
public func multiplyRows(_ target: FloatRows, _ other: FloatRows, rows: Int, columns: Int) {
  for row in 0..<rows {
    for column in stride(from: 0, to: columns, by: laneCount) {
      let left = columns - column
      let product = loadLanes(target[row] + column, left) * loadLanes(other[row] + column, left)
      storeLanes(product, target[row] + column, left)
    }
  }
}

// Where a limit is compared with a number, the number comes second: that keeps a NaN.

@inlinable @inline(always)
func gated(_ gate: Lanes, _ up: Lanes, _ activation: GateActivation) -> Lanes {
  switch activation {
  case .silu:
    return gate / (1 + exponential(-gate)) * up
  case .gelu:
    let u = (gate + gate * gate * gate * 0.044715) * 1.5957691216057308
    return gate / (1 + exponential(-u)) * up
  case .reluSquared:
    let g = larger(.zero, gate)
    return g * g * up
  case .relu:
    return larger(.zero, gate) * up
  case .sigmoid:
    return up / (1 + exponential(-gate))
  case .softplus:
    return softplus(gate) * up
  case .clampedSwish:
    let g = smaller(Lanes(repeating: 7), gate)
    return g / (1 + exponential(g * -1.702)) * (within(7, up) + 1)
  case .siluOfClamped(let limit):
    let g = smaller(Lanes(repeating: limit), gate)
    return g / (1 + exponential(-g)) * within(limit, up)
  case .clampedSilu(let limit):
    let g = gate / (1 + exponential(-gate))
    return smaller(Lanes(repeating: limit), g) * within(limit, up)
  case .situ(let beta, let linearBeta):
    let u = linearBeta == 0 ? up : hyperbolicTangent(up * (1 / linearBeta)) * linearBeta
    return hyperbolicTangent(gate * (1 / beta)) * beta / (1 + exponential(-gate)) * u
  case .xielu(let positive, let negative, let beta, let epsilon):
    let low = exponential(smaller(Lanes(repeating: epsilon), gate)) - 1 - gate
    let curve = (low * negative).replacing(with: gate * gate * positive, where: gate .> Lanes.zero)
    return (curve + gate * beta) * up
  case .hyperbolicTangent:
    return hyperbolicTangent(gate) * up
  case .decay:
    return exponential(-exponential(gate)) * up
  case .boundedDecay(let rate):
    return exponential(-rate / (1 + exponential(-gate))) * up
  }
}

/// ln(1 + exp(x)).
///
/// That is max(x, 0) + ln(1 + e) with e = exp(-|x|), and ln(1 + e) = 2 artanh(e / (2 + e)), whose series
/// is short as its argument is at most 1/3.
@inlinable @inline(always)
public func softplus(_ x: Lanes) -> Lanes {
  let power = exponential(-larger(-x, x))
  let t = power / (power + 2)
  let square = t * t
  var series = square * (1 / 15) + 1 / 13
  series = series * square + 1 / 11
  series = series * square + 1 / 9
  series = series * square + 1 / 7
  series = series * square + 1 / 5
  series = series * square + 1 / 3
  series = series * square + 1
  return larger(.zero, x) + series * t * 2
}

/// The number, not below -limit and not above it.
@inlinable @inline(always)
func within(_ limit: Float, _ x: Lanes) -> Lanes {
  larger(Lanes(repeating: -limit), smaller(Lanes(repeating: limit), x))
}
