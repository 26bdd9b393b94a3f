// SPDX-License-Identifier: MIT

/// Turns pairs of numbers of each head by angles that depend on the position (rotary embedding).
///
/// (x, y) becomes (x cos - y sin, x sin + y cos). The pairs are (2 i, 2 i + 1), or, `halved`,
/// (i, i + pairs).
///
/// - Parameters:
///   - heads: The first rotated number of the first head of each row.
///   - rows: Rows, one a token.
///   - count: Heads a row.
///   - headStride: Numbers from head to head.
///   - pairs: Pairs a head.
///   - halved: Which numbers make a pair.
///   - angles: For each row, `pairs` cosines and then `pairs` sines.
@inlinable @inline(always)
public func rotateHeads(
  _ heads: FloatRows, rows: Int, count: Int, headStride: Int, pairs: Int, halved: Bool,
  angles: FloatRows
) {
  let step = halved ? 1 : 2
  let distance = halved ? pairs : 1
  for row in 0..<rows {
    let cosines = angles[row]
    let sines = cosines + pairs
    for head in 0..<count {
      let numbers = heads[row] + head * headStride
      for pair in 0..<pairs {
        let (first, second) = (numbers + pair * step, numbers + pair * step + distance)
        let (x, y) = (first.pointee, second.pointee)
        first.pointee = x * cosines[pair] - y * sines[pair]
        second.pointee = x * sines[pair] + y * cosines[pair]
      }
    }
  }
}
