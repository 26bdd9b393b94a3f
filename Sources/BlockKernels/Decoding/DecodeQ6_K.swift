// SPDX-License-Identifier: MIT

/// Restores super-blocks of `Q6_K`.
@inlinable @inline(always)
public func decodeQ6_K(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 210 &* index
    let target = run.weights + 1024 &* index
    let scales = half(block + 208) * signedFloats(bytes(block + 192))
    for part in 0..<2 {
      for side in 0..<2 {
        let q = block + (64 &* part &+ 16 &* side)
        let (first, second) = (bytes(q), bytes(q + 32))
        let upper = bytes(block + (128 &+ 32 &* part &+ 16 &* side))
        let at = 8 &* part &+ side
        let out = target + 64 &* at
        let a = first & 15 | (upper &<< 4) & 0x30
        let b = second & 15 | (upper &<< 2) & 0x30
        let c = first &>> 4 | upper & 0x30
        let d = second &>> 4 | (upper &>> 2) & 0x30
        store(scales[at] * signedFloats(a &- 32), out)
        store(scales[at &+ 2] * signedFloats(b &- 32), out + 128)
        store(scales[at &+ 4] * signedFloats(c &- 32), out + 256)
        store(scales[at &+ 6] * signedFloats(d &- 32), out + 384)
      }
    }
  }
}
