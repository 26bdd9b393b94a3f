// SPDX-License-Identifier: MIT

/// The selective scan of Mamba 1 over the rows of one window.
///
/// Each channel c has states h, zero at first: h[n] = h[n] exp(Δ A[n]) + Δ x B[n], and y = Σ C[n] h[n] + D x.
/// Sixteen channels go together, with all their states at hand.
///
/// - Parameters:
///   - x: A row a token, a column a channel.
///   - steps: Δ, likewise.
///   - inputs: B: a row a token, a column a state; the same for all channels.
///   - outputs: C, likewise.
///   - y: Takes a row a token, a column a channel; may be `x`.
///   - rows: Tokens.
///   - channels: How many.
///   - states: Of each channel.
///   - rates: A: a row a state, a column a channel.
///   - skips: D, one a channel.
///   - memory: 16 numbers a state.
@inlinable @inline(always)
public func scanChannels(
  _ x: FloatRows, steps: FloatRows, inputs: FloatRows, outputs: FloatRows, into y: FloatRows,
  rows: Int, channels: Int, states: Int, rates: FloatRows, skips: UnsafePointer<Float>,
  memory: UnsafeMutablePointer<Float>
) {
  for channel in stride(from: 0, to: channels, by: laneCount) {
    let left = channels - channel
    for index in 0..<states * laneCount { memory[index] = 0 }
    let skip = loadLanes(skips + channel, left)
    for row in 0..<rows {
      let value = loadLanes(x[row] + channel, left)
      let step = loadLanes(steps[row] + channel, left)
      let moved = value * step
      var sum = value * skip
      for state in 0..<states {
        let rate = loadLanes(rates[state] + channel, left)
        let place = memory + state * laneCount
        let h = loadLanes(place, laneCount) * exponential(step * rate) + moved * inputs[row][state]
        storeLanes(h, place, laneCount)
        sum += h * outputs[row][state]
      }
      storeLanes(sum, y[row] + channel, left)
    }
  }
}

/// exp(x · rate), with one rate a column.
@inlinable @inline(always)
public func exponentialsOfRows(
  _ source: FloatRows, rates: UnsafePointer<Float>, _ target: FloatRows, rows: Int, columns: Int
) {
  for row in 0..<rows {
    for column in stride(from: 0, to: columns, by: laneCount) {
      let left = columns - column
      let power = exponential(
        loadLanes(source[row] + column, left) * loadLanes(rates + column, left))
      storeLanes(power, target[row] + column, left)
    }
  }
}

/// What tokens of a chunk take of each other where a state decays by one factor a token (Mamba 2).
///
/// target[t, s] = scores[t, s] · weights[s] · Π factors[s + 1 ... t] for s ≤ t, and 0 for later ones. The
/// product is built factor by factor, so that it cannot overflow where factors are at most 1.
///
/// - Parameters:
///   - scores: A row a token, a column a token.
///   - target: Takes as many; may be `scores`.
///   - count: Tokens.
///   - factors: One a token.
///   - weights: One a token.
///   - memory: `count` numbers; afterwards weights[s] times the product of all factors behind s.
@inlinable @inline(always)
public func decayScores(
  _ scores: FloatRows, _ target: FloatRows, count: Int, factors: UnsafePointer<Float>,
  weights: UnsafePointer<Float>, memory: UnsafeMutablePointer<Float>
) {
  for row in 0..<count {
    let factor = factors[row]
    for column in stride(from: 0, to: row, by: laneCount) {
      let left = row - column
      let decayed = loadLanes(memory + column, left) * factor
      storeLanes(decayed, memory + column, left)
      storeLanes(decayed * loadLanes(scores[row] + column, left), target[row] + column, left)
    }
    memory[row] = weights[row]
    target[row][row] = scores[row][row] * weights[row]
    for column in row + 1..<count { target[row][column] = 0 }
  }
}
