// SPDX-License-Identifier: MIT

/// Restores super-blocks of `Q2_K`.
@inlinable @inline(always)
public func decodeQ2_K(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 84 &* index
    let target = run.weights + 1024 &* index
    let packed = bytes(block)
    let scales = half(block + 80) * floats(packed & 15)
    let mins = half(block + 82) * floats(packed &>> 4)
    for part in 0..<2 {
      var first = bytes(block + (16 &+ 32 &* part))
      var second = bytes(block + (32 &+ 32 &* part))
      for pair in 0..<4 {
        let at = 8 &* part &+ 2 &* pair
        store(scales[at] * floats(first & 3) - mins[at], target + 64 &* at)
        store(scales[at &+ 1] * floats(second & 3) - mins[at &+ 1], target + (64 &* at &+ 64))
        first = first &>> 2
        second = second &>> 2
      }
    }
  }
}
