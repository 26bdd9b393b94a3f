// SPDX-License-Identifier: MIT

/// Restores blocks of `Q4_0`.
@inlinable @inline(always)
public func decodeQ4_0(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 18 &* index
    let target = run.weights + 128 &* index
    let d = half(block)
    let q = bytes(block + 2)
    store(d * signedFloats((q & 15) &- 8), target)
    store(d * signedFloats((q &>> 4) &- 8), target + 64)
  }
}

/// Restores blocks of `Q4_1`.
@inlinable @inline(always)
public func decodeQ4_1(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 20 &* index
    let target = run.weights + 128 &* index
    let d = half(block)
    let m = half(block + 2)
    let q = bytes(block + 4)
    store(d * floats(q & 15) + m, target)
    store(d * floats(q &>> 4) + m, target + 64)
  }
}
