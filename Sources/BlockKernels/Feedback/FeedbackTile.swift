// SPDX-License-Identifier: MIT

/// The codes of some rows of a matrix while they are chosen.
///
/// Numbers of the same column lie side by side, one a row: kernels take 16 rows at a time. The rows that
/// make up a multiple of 16 are zeros.
public final class FeedbackTile {
  /// How the format restores weights.
  public let shape: FeedbackShape
  /// Rows that are there.
  public let rows: Int
  /// Columns of a row: whole blocks.
  public let columns: Int
  /// Numbers from column to column: `rows`, rounded up to a multiple of 16.
  public let stride: Int
  /// The value of each weight: [columns][stride].
  public let values: UnsafeMutablePointer<Float>
  /// The stored scale of each sub-block, where blocks share a half: [sub-blocks][stride].
  public let scaleCodes: UnsafeMutablePointer<Float>
  /// The stored min of each sub-block, likewise.
  public let minCodes: UnsafeMutablePointer<Float>
  /// The scale of each block, or of each sub-block where it has its own: [blocks][stride].
  public let scales: UnsafeMutablePointer<Float>
  /// The min of each block, likewise.
  public let mins: UnsafeMutablePointer<Float>
  private let memory: UnsafeMutablePointer<Float>

  /// Makes memory for rows; all of it is zero.
  public init(_ shape: FeedbackShape, rows: Int, columns: Int) {
    precondition(rows > 0 && columns > 0 && columns % shape.blockWeights == 0)
    self.shape = shape
    self.rows = rows
    self.columns = columns
    stride = (rows + laneCount - 1) / laneCount * laneCount
    let codes = columns / shape.subBlock * stride
    let halves = shape.hasOwnScales ? codes : columns / shape.blockWeights * stride
    let count = columns * stride + 2 * codes + 2 * halves
    let raw = UnsafeMutableRawPointer.allocate(byteCount: 4 * count, alignment: 64)
    memory = raw.bindMemory(to: Float.self, capacity: count)
    memory.initialize(repeating: 0, count: count)
    values = memory
    scaleCodes = values + columns * stride
    minCodes = scaleCodes + codes
    scales = minCodes + codes
    mins = scales + halves
  }

  deinit { UnsafeMutableRawPointer(memory).deallocate() }

  /// Where the scale and the min of a sub-block's block are in `scales` and `mins`, for the first row.
  @inline(__always)
  public func half(ofSubBlock index: Int) -> Int {
    (shape.hasOwnScales ? index : index * shape.subBlock / shape.blockWeights) * stride
  }
}

extension FeedbackShape {
  /// Whether each sub-block has a scale of its own, not a multiple of the block's.
  public var hasOwnScales: Bool {
    if case .codes = scale { false } else { true }
  }
}
