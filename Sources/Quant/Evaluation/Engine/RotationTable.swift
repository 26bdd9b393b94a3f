// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The angles of rotary embedding for the positions of a window: a row a position, cosines first.
struct RotationTable: Sendable {
  let rotation: Rotation
  /// Rows of `rotation.dimensions` numbers.
  let angles: Matrix

  /// Computes the table.
  ///
  /// - Parameters:
  ///   - rotation: What the layer asks for.
  ///   - positions: The positions of a window.
  ///   - factors: A divisor for each pair's angle, or none.
  init(_ rotation: Rotation, positions: some Collection<Int>, factors: [Float]?) {
    self.rotation = rotation
    let pairs = rotation.dimensions / 2
    angles = Matrix(rows: positions.count, columns: 2 * pairs)
    for pair in 0..<pairs {
      let frequency =
        rotation.stillPairs.contains(pair)
        ? 0 : Self.frequency(rotation, pair) / Double(factors?[pair] ?? 1)
      for (row, position) in positions.enumerated() {
        let angle = Double(position) * frequency
        angles[row, pair] = Float(Double(rotation.magnitude) * cos(angle))
        angles[row, pairs + pair] = Float(Double(rotation.magnitude) * sin(angle))
      }
    }
  }

  /// Turns heads of rows, in place; as many rows after each other as there are positions are a window.
  ///
  /// - Parameters:
  ///   - rows: Whole windows.
  ///   - heads: Heads a row.
  ///   - size: Numbers from head to head.
  ///   - first: The first number of a head that is turned.
  ///   - context: Lends threads.
  /// - Throws: Nothing of its own.
  func turn(
    _ rows: Matrix, heads: Int, size: Int, from first: Int, _ context: ForwardContext
  ) throws(QuantError) {
    let (length, angles, pairs) = (angles.rows, angles, rotation.dimensions / 2)
    guard length > 0, pairs > 0 else { return }
    let halves: Bool
    switch rotation.pairing {
    case .halves: halves = true
    case .neighbours: halves = false
    }
    try context.workers.forEach(rows.rows / length) { (window, _) throws(QuantError) in
      let part = rows.rows(window * length..<(window + 1) * length).columns(first..<rows.columns)
      KernelTable.current.layers.rotate(
        part.floatRows, rows: length, count: heads, headStride: size, pairs: pairs, halved: halves,
        angles: angles.floatRows)
    }
  }

  /// The angle from one position to the next.
  private static func frequency(_ rotation: Rotation, _ pair: Int) -> Double {
    let base = Double(rotation.base)
    let dimensions = Double(rotation.dimensions)
    let plain = pow(base, -2 * Double(pair) / dimensions)
    switch rotation.scaling {
    case .linear(let factor):
      return plain / Double(factor)
    case .yarn(let factor, let context, let fast, let slow):
      // Between those that stay as they are and those that are slowed down it goes over evenly.
      func place(turning times: Float) -> Double {
        dimensions * log(Double(context) / (2 * .pi * Double(times))) / (2 * log(base))
      }
      let low = max(0, floor(place(turning: fast)))
      let high = min(dimensions - 1, ceil(place(turning: slow)))
      let kept = 1 - min(max((Double(pair) - low) / max(0.001, high - low), 0), 1)
      return plain * ((1 - kept) / Double(factor) + kept)
    }
  }
}
