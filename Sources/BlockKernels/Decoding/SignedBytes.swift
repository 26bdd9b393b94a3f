// SPDX-License-Identifier: MIT

/// Restores blocks of `stride` bytes: a half, and from byte `quants` on 32 signed bytes.
@inlinable @inline(always)
func decodeBytes(_ run: BlockRun, stride: Int, quants: Int) {
  for index in 0..<run.count {
    let block = run.blocks + stride &* index
    let target = run.weights + 128 &* index
    let d = half(block)
    store(d * signedFloats(bytes(block + quants)), target)
    store(d * signedFloats(bytes(block + (quants &+ 16))), target + 64)
  }
}
