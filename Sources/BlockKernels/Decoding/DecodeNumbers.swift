// SPDX-License-Identifier: MIT

// Single numbers in plain loops, as those that narrow them.

/// Widens the halves of `F16`.
@inlinable @inline(always)
public func decodeF16(_ run: BlockRun) {
  for index in 0..<run.count {
    run.weights.storeBytes(
      of: widenedHalf(word16(run.blocks + 2 &* index)), toByteOffset: 4 &* index, as: Float.self)
  }
}

/// Widens the upper halves of floats that `BF16` stores.
@inlinable @inline(always)
public func decodeBF16(_ run: BlockRun) {
  for index in 0..<run.count {
    let bits = UInt32(word16(run.blocks + 2 &* index)) << 16
    run.weights.storeBytes(of: bits, toByteOffset: 4 &* index, as: UInt32.self)
  }
}
