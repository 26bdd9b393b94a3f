// SPDX-License-Identifier: MIT

/// What stands between the two halves of a feed-forward layer.
public enum GateActivation: Sendable {
  /// x · sigmoid(x).
  case silu
  /// x / 2 · (1 + tanh(√(2/π) (x + 0.044715 x³))).
  case gelu
  /// min(x, 7) · sigmoid(1.702 min(x, 7)), with 1 added to the other half, clamped to ±7.
  case clampedSwish
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

@inlinable @inline(always)
func gated(_ gate: Lanes, _ up: Lanes, _ activation: GateActivation) -> Lanes {
  switch activation {
  case .silu:
    return gate / (1 + exponential(-gate)) * up
  case .gelu:
    let u = (gate + gate * gate * gate * 0.044715) * 1.5957691216057308
    return gate / (1 + exponential(-u)) * up
  case .clampedSwish:
    let g = smaller(gate, Lanes(repeating: 7))
    let u = larger(smaller(up, Lanes(repeating: 7)), Lanes(repeating: -7))
    return g / (1 + exponential(g * -1.702)) * (u + 1)
  }
}
