// SPDX-License-Identifier: MIT

/// Consecutive tokens of one head of a delta rule, for which the kernels below prepare products with its
/// state.
///
/// Rows of `scores` and `links` lie multiples of 16 numbers apart.
public struct DeltaChunk {
  /// Tokens.
  public let count: Int
  /// Numbers of a query or key.
  public let size: Int
  /// A row a token; each is multiplied by what has decayed up to it, from before the first token on.
  public let queries: FloatRows
  /// A row a token.
  public let keys: FloatRows
  /// Logarithms of what a token leaves of the state: one number a row, or one for each entry of a key.
  public let decays: FloatRows
  /// How much of a token is written: one number a row.
  public let steps: FloatRows
  /// `count` numbers a row: queries times keys, decayed in between; zero for later tokens.
  public let scores: FloatRows
  /// Likewise keys times keys, times the token's step; zero for the token itself, too.
  public let links: FloatRows
  /// Takes keys times what has decayed up to them, times steps.
  public let starts: FloatRows
  /// Takes keys times what decays behind them.
  public let ends: FloatRows
  /// Takes what all tokens leave of the state: a number for each entry.
  public let rest: UnsafeMutablePointer<Float>
  /// Room for `count` numbers or `size`, whichever is more, rounded up to 16.
  public let sums: UnsafeMutablePointer<Float>

  /// Describes a chunk.
  @inlinable @inline(always)
  public init(
    count: Int, size: Int, queries: FloatRows, keys: FloatRows, decays: FloatRows,
    steps: FloatRows, scores: FloatRows, links: FloatRows, starts: FloatRows, ends: FloatRows,
    rest: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>
  ) {
    self.count = count
    self.size = size
    self.queries = queries
    self.keys = keys
    self.decays = decays
    self.steps = steps
    self.scores = scores
    self.links = links
    self.starts = starts
    self.ends = ends
    self.rest = rest
    self.sums = sums
  }
}

/// Prepares a chunk whose decays are one number a token, and whose scores and links hold products of
/// queries and keys without decay.
///
/// Exponents are sums of the decays between two tokens and of no others: large ones elsewhere cost no
/// accuracy, and none is positive.
@inlinable @inline(always)
public func decayChunkByToken(_ chunk: DeltaChunk) {
  let (count, size, sums) = (chunk.count, chunk.size, chunk.sums)
  for index in stride(from: 0, to: count, by: laneCount) {
    storeLanes(.zero, sums + index, laneCount)
  }
  var all: Float = 0
  for token in 0..<count {
    let (decay, step) = (chunk.decays[token].pointee, chunk.steps[token].pointee)
    let (scores, links) = (chunk.scores[token], chunk.links[token])
    let own = scores[token]
    for other in stride(from: 0, to: token, by: laneCount) {
      let sum = loadLanes(sums + other, laneCount) + decay
      storeLanes(sum, sums + other, laneCount)
      let power = exponential(sum)
      storeLanes(loadLanes(scores + other, laneCount) * power, scores + other, laneCount)
      storeLanes(loadLanes(links + other, laneCount) * power * step, links + other, laneCount)
    }
    // Lanes from the token on were changed with those before it.
    scores[token] = own
    for other in token..<(token | (laneCount - 1)) + 1 { sums[other] = 0 }
    clearLater(chunk, token)
    all += decay
    let start = exponential(all)
    for index in stride(from: 0, to: size, by: laneCount) {
      scaleStart(chunk, token, index, Lanes(repeating: start), step)
    }
  }
  for token in 0..<count {
    let end = exponential(sums[token])
    for index in stride(from: 0, to: size, by: laneCount) {
      scaleEnd(chunk, token, index, Lanes(repeating: end))
    }
  }
  for index in 0..<size { chunk.rest[index] = exponential(all) }
}

/// Prepares a chunk whose decays are one number for each entry of a key; see `decayChunkByToken`.
@inlinable @inline(always)
public func decayChunkByEntry(_ chunk: DeltaChunk) {
  let (count, size, sums) = (chunk.count, chunk.size, chunk.sums)
  for token in 0..<count {
    let step = chunk.steps[token].pointee
    for index in 0..<size { sums[index] = 0 }
    for other in stride(from: token, through: 0, by: -1) {
      if other < token { addDecays(chunk, other + 1) }
      let (score, link) = decayedPair(chunk, token, other)
      chunk.scores[token][other] = score
      chunk.links[token][other] = link * step
    }
    clearLater(chunk, token)
    addDecays(chunk, 0)
    for index in stride(from: 0, to: size, by: laneCount) {
      let start = exponential(loadLanes(sums + index, size - index))
      scaleStart(chunk, token, index, start, step)
    }
  }
  for index in 0..<size { sums[index] = 0 }
  for token in stride(from: count - 1, through: 0, by: -1) {
    for index in stride(from: 0, to: size, by: laneCount) {
      scaleEnd(chunk, token, index, exponential(loadLanes(sums + index, size - index)))
    }
    addDecays(chunk, token)
  }
  for index in 0..<size { chunk.rest[index] = exponential(sums[index]) }
}

/// Adds a token's decays to the sums.
@inlinable @inline(always)
func addDecays(_ chunk: DeltaChunk, _ token: Int) {
  for index in stride(from: 0, to: chunk.size, by: laneCount) {
    let left = chunk.size - index
    let sum = loadLanes(chunk.sums + index, left) + loadLanes(chunk.decays[token] + index, left)
    storeLanes(sum, chunk.sums + index, left)
  }
}

/// A token's query and key times an earlier key that has decayed by the sums.
@inlinable @inline(always)
func decayedPair(_ chunk: DeltaChunk, _ token: Int, _ other: Int) -> (Float, Float) {
  var (score, link) = (Lanes.zero, Lanes.zero)
  for index in stride(from: 0, to: chunk.size, by: laneCount) {
    let left = chunk.size - index
    let power = exponential(loadLanes(chunk.sums + index, left))
    let key = loadLanes(chunk.keys[other] + index, left) * power
    score += key * loadLanes(chunk.queries[token] + index, left)
    link += key * loadLanes(chunk.keys[token] + index, left)
  }
  return (total(score), total(link))
}

/// Clears scores of tokens behind one, and links of that and those behind.
@inlinable @inline(always)
func clearLater(_ chunk: DeltaChunk, _ token: Int) {
  chunk.links[token][token] = 0
  for other in token + 1..<chunk.count {
    chunk.scores[token][other] = 0
    chunk.links[token][other] = 0
  }
}

/// Multiplies a vector of a query and of a key by what has decayed before it.
@inlinable @inline(always)
func scaleStart(_ chunk: DeltaChunk, _ token: Int, _ index: Int, _ start: Lanes, _ step: Float) {
  let left = chunk.size - index
  let query = chunk.queries[token] + index
  storeLanes(loadLanes(query, left) * start, query, left)
  let key = loadLanes(chunk.keys[token] + index, left) * start * step
  storeLanes(key, chunk.starts[token] + index, left)
}

/// Multiplies a vector of a key by what decays behind it.
@inlinable @inline(always)
func scaleEnd(_ chunk: DeltaChunk, _ token: Int, _ index: Int, _ end: Lanes) {
  let left = chunk.size - index
  storeLanes(loadLanes(chunk.keys[token] + index, left) * end, chunk.ends[token] + index, left)
}

/// Solves for what each token of a chunk writes: u_t = step_t · v_t - u_t - Σ_s links_ts · u_s over
/// earlier tokens s.
///
/// - Parameters:
///   - links: For each token a row with a factor for each earlier one.
///   - steps: One number a row.
///   - values: Rows of `columns` numbers.
///   - targets: What the state says of each token's key, times its step; takes the solution.
///   - rows: Tokens.
///   - columns: Numbers of a value.
@inlinable @inline(always)
public func solveWriteRows(
  links: FloatRows, steps: FloatRows, values: FloatRows, targets: FloatRows, rows: Int,
  columns: Int
) {
  let wide = columns / (4 * laneCount) * 4 * laneCount
  for column in stride(from: 0, to: wide, by: 4 * laneCount) {
    for row in 0..<rows {
      var sums: (Lanes, Lanes, Lanes, Lanes)
      let (value, target, step) = (values[row] + column, targets[row] + column, steps[row].pointee)
      sums.0 = loadLanes(value, 16) * step - loadLanes(target, 16)
      sums.1 = loadLanes(value + 16, 16) * step - loadLanes(target + 16, 16)
      sums.2 = loadLanes(value + 32, 16) * step - loadLanes(target + 32, 16)
      sums.3 = loadLanes(value + 48, 16) * step - loadLanes(target + 48, 16)
      for other in 0..<row {
        let (link, earlier) = (links[row][other], targets[other] + column)
        sums.0 -= loadLanes(earlier, 16) * link
        sums.1 -= loadLanes(earlier + 16, 16) * link
        sums.2 -= loadLanes(earlier + 32, 16) * link
        sums.3 -= loadLanes(earlier + 48, 16) * link
      }
      storeLanes(sums.0, target, 16)
      storeLanes(sums.1, target + 16, 16)
      storeLanes(sums.2, target + 32, 16)
      storeLanes(sums.3, target + 48, 16)
    }
  }
  for column in stride(from: wide, to: columns, by: laneCount) {
    let left = columns - column
    for row in 0..<rows {
      let target = targets[row] + column
      var sum = loadLanes(values[row] + column, left) * steps[row].pointee - loadLanes(target, left)
      for other in 0..<row {
        sum -= loadLanes(targets[other] + column, left) * links[row][other]
      }
      storeLanes(sum, target, left)
    }
  }
}

/// Turns what products give into logarithms of what tokens leave of a state, in place: factor ·
/// softplus(x + bias), or, with a bound, bound · sigmoid(factor · (x + bias)).
///
/// - Parameters:
///   - x: Rows of `columns` numbers.
///   - rows: How many rows.
///   - columns: Numbers a row.
///   - bias: One summand a column.
///   - factors: One factor a column.
///   - bound: The least that comes out; zero for none.
@inlinable @inline(always)
public func makeDecayRows(
  _ x: FloatRows, rows: Int, columns: Int, bias: UnsafePointer<Float>,
  factors: UnsafePointer<Float>, bound: Float
) {
  for row in 0..<rows {
    for column in stride(from: 0, to: columns, by: laneCount) {
      let left = columns - column
      let sum = loadLanes(x[row] + column, left) + loadLanes(bias + column, left)
      let factor = loadLanes(factors + column, left)
      let decay =
        bound == 0
        ? factor * softplus(sum) : Lanes(repeating: bound) / (1 + exponential(-(factor * sum)))
      storeLanes(decay, x[row] + column, left)
    }
  }
}
