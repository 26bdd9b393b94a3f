// SPDX-License-Identifier: MIT

// Rows of any length, 16 numbers at a time: whole vectors in place, the last ones through a vector
// that is filled up with zeros.

/// Reads `count` (at most 16) numbers; the other lanes are zero.
@inlinable @inline(always)
func loadLanes(_ source: UnsafePointer<Float>, _ count: Int) -> Lanes {
  if count >= laneCount { return UnsafeRawPointer(source).loadUnaligned(as: Lanes.self) }
  var lanes = Lanes.zero
  for index in 0..<count { lanes[index] = source[index] }
  return lanes
}

/// Writes the first `count` (at most 16) lanes.
@inlinable @inline(always)
func storeLanes(_ lanes: Lanes, _ target: UnsafeMutablePointer<Float>, _ count: Int) {
  if count >= laneCount {
    UnsafeMutableRawPointer(target).storeBytes(of: lanes, as: Lanes.self)
  } else {
    for index in 0..<count { target[index] = lanes[index] }
  }
}

/// Sum of the lanes.
@inlinable @inline(always)
func total(_ lanes: Lanes) -> Float {
  var sum: Float = 0
  for index in 0..<laneCount { sum += lanes[index] }
  return sum
}

/// Numbers in rows, a fixed distance apart.
public struct FloatRows {
  /// The first number of the first row.
  public let base: UnsafeMutablePointer<Float>
  /// Numbers from the start of one row to the start of the next.
  public let stride: Int

  /// Describes rows.
  @inlinable @inline(always)
  public init(base: UnsafeMutablePointer<Float>, stride: Int) {
    self.base = base
    self.stride = stride
  }

  @inlinable @inline(always)
  subscript(row: Int) -> UnsafeMutablePointer<Float> { base + row * stride }
}
