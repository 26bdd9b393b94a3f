// SPDX-License-Identifier: MIT

/// Mixes each row of a window with the one before it: y[t] = x[t] + (x[t - 1] - x[t]) · (factor + more[t]).
/// What comes before the first row is zero.
///
/// - Parameters:
///   - source: Rows of one window.
///   - target: Takes as many; not `source`, but it may be `more`.
///   - rows: How many rows.
///   - columns: Numbers a row.
///   - factors: One a column.
///   - more: What is added to the factors of each row, if anything is.
@inlinable @inline(always)
public func mixWithPrevious(
  _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
  factors: UnsafePointer<Float>, more: FloatRows?
) {
  for row in 0..<rows {
    for column in stride(from: 0, to: columns, by: laneCount) {
      let left = columns - column
      let x = loadLanes(source[row] + column, left)
      let previous = row > 0 ? loadLanes(source[row - 1] + column, left) : Lanes.zero
      var factor = loadLanes(factors + column, left)
      if let more { factor += loadLanes(more[row] + column, left) }
      storeLanes(x + (previous - x) * factor, target[row] + column, left)
    }
  }
}

/// What up to 16 tokens take of each other where every column of a state decays by itself (RWKV).
///
/// With D(s, t) the product of the decays of s + 1 ... t, column by column:
/// before[t, s] = Σ first[t] · keys[s] · D(s, t - 1) for s < t, and, with a bonus,
/// before[t, t] = Σ first[t] · bonus · keys[t];
/// behind[t, s] = Σ second[t] · keys[s] · D(s, t) for s ≤ t. All others are 0. Decays are multiplied one
/// by one, so that nothing overflows where they are at most 1.
///
/// - Parameters:
///   - keys: A row a token.
///   - decays: Likewise.
///   - rows: Tokens, at most 16.
///   - columns: Numbers a row.
///   - first: Rows that meet what was there before a token.
///   - bonus: See above.
///   - second: Rows that meet what is there behind it.
///   - before: Takes 16 numbers a token.
///   - behind: Likewise, if there is `second`.
///   - decayed: Takes 16 numbers a column: each token's keys, decayed until behind the last.
@inlinable @inline(always)
public func decayedProducts(
  _ keys: FloatRows, decays: FloatRows, rows: Int, columns: Int, first: FloatRows,
  bonus: UnsafePointer<Float>?, second: FloatRows?, before: FloatRows, behind: FloatRows?,
  decayed: UnsafeMutablePointer<Float>
) {
  for index in 0..<columns * laneCount { decayed[index] = 0 }
  var lane = Lanes.zero
  for index in 0..<laneCount { lane[index] = Float(index) }
  for row in 0..<rows {
    let isOwn = lane .== Lanes(repeating: Float(row))
    var (early, late) = (Lanes.zero, Lanes.zero)
    for column in 0..<columns {
      let place = decayed + column * laneCount
      var held = loadLanes(place, laneCount)
      let key = keys[row][column]
      if let bonus {
        let own = Lanes(repeating: key * bonus[column])
        early += held.replacing(with: own, where: isOwn) * first[row][column]
      } else {
        early += held * first[row][column]
      }
      held = (held * decays[row][column]).replacing(with: Lanes(repeating: key), where: isOwn)
      storeLanes(held, place, laneCount)
      if let second { late += held * second[row][column] }
    }
    storeLanes(early, before[row], laneCount)
    if let behind { storeLanes(late, behind[row], laneCount) }
  }
}

/// Multiplies each row by the product of the decays of all rows before it, and of its own if `inclusive`.
///
/// - Parameters:
///   - source: Rows.
///   - target: Takes as many; may be `source`.
///   - decays: As many.
///   - rows: How many rows.
///   - columns: Numbers a row.
///   - inclusive: See above.
///   - total: Takes the product of all decays, one a column.
@inlinable @inline(always)
public func scaleByDecays(
  _ source: FloatRows, _ target: FloatRows, decays: FloatRows, rows: Int, columns: Int,
  inclusive: Bool, total: UnsafeMutablePointer<Float>
) {
  for column in stride(from: 0, to: columns, by: laneCount) {
    let left = columns - column
    var product = Lanes(repeating: 1)
    for row in 0..<rows {
      let before = product
      product *= loadLanes(decays[row] + column, left)
      let x = loadLanes(source[row] + column, left) * (inclusive ? product : before)
      storeLanes(x, target[row] + column, left)
    }
    storeLanes(product, total + column, left)
  }
}

/// Makes what RWKV 7 takes off its state and adds to it, of keys and rates: with u = key · keyScale of
/// length 1 in each head, `removals` become -u, rates a become u · a, and keys k (1 + (a - 1) rateScale).
///
/// - Parameters:
///   - keys: A row a token: heads beside each other.
///   - rates: Likewise, from 0 to 1.
///   - removals: Takes as many.
///   - rows: Tokens.
///   - heads: Heads a row.
///   - size: Numbers a head.
///   - keyScale: One a column.
///   - rateScale: One a column.
@inlinable @inline(always)
public func splitKeys(
  _ keys: FloatRows, rates: FloatRows, removals: FloatRows, rows: Int, heads: Int, size: Int,
  keyScale: UnsafePointer<Float>, rateScale: UnsafePointer<Float>
) {
  for row in 0..<rows {
    for start in stride(from: 0, to: heads * size, by: size) {
      var squares = Lanes.zero
      for column in stride(from: start, to: start + size, by: laneCount) {
        let left = start + size - column
        let u = loadLanes(keys[row] + column, left) * loadLanes(keyScale + column, left)
        squares += u * u
      }
      let length = total(squares).squareRoot()
      let factor = -1 / (length > 1e-12 ? length : 1e-12)
      for column in stride(from: start, to: start + size, by: laneCount) {
        let left = start + size - column
        let (k, a) = (loadLanes(keys[row] + column, left), loadLanes(rates[row] + column, left))
        let removal = k * loadLanes(keyScale + column, left) * factor
        storeLanes(removal, removals[row] + column, left)
        storeLanes(-removal * a, rates[row] + column, left)
        let scale = (a - 1) * loadLanes(rateScale + column, left) + 1
        storeLanes(k * scale, keys[row] + column, left)
      }
    }
  }
}

/// Adds each head's values, times Σ keys · queries · factors over the head.
///
/// - Parameters:
///   - values: A row a token: heads beside each other.
///   - keys: Likewise.
///   - queries: Likewise.
///   - target: What is added to.
///   - rows: Tokens.
///   - heads: Heads a row.
///   - size: Numbers a head.
///   - factors: One a column.
@inlinable @inline(always)
public func addOwnValues(
  _ values: FloatRows, keys: FloatRows, queries: FloatRows, to target: FloatRows, rows: Int,
  heads: Int, size: Int, factors: UnsafePointer<Float>
) {
  for row in 0..<rows {
    for start in stride(from: 0, to: heads * size, by: size) {
      var sums = Lanes.zero
      for column in stride(from: start, to: start + size, by: laneCount) {
        let left = start + size - column
        sums +=
          loadLanes(keys[row] + column, left) * loadLanes(queries[row] + column, left)
          * loadLanes(factors + column, left)
      }
      addScaled(values[row] + start, target[row] + start, count: size, factor: total(sums))
    }
  }
}
