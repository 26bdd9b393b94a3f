// SPDX-License-Identifier: MIT

/// Restores blocks of `Q8_0`.
@inlinable @inline(always)
public func decodeQ8_0(_ run: BlockRun) { decodeBytes(run, stride: 34, quants: 2) }

/// Restores blocks of `Q8_1`.
@inlinable @inline(always)
public func decodeQ8_1(_ run: BlockRun) { decodeBytes(run, stride: 36, quants: 4) }

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

/// Restores blocks of `Q8_K`.
@inlinable @inline(always)
public func decodeQ8_K(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 292 &* index
    let target = run.weights + 1024 &* index
    let d = Float(bitPattern: word32(block))
    for part in 0..<16 {
      store(d * signedFloats(bytes(block + (4 &+ 16 &* part))), target + 64 &* part)
    }
  }
}
