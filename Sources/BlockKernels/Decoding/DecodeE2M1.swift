// SPDX-License-Identifier: MIT

/// Restores blocks of `MXFP4`.
@inlinable @inline(always)
public func decodeMXFP4(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 17 &* index
    let target = run.weights + 128 &* index
    let scale = mxfp4HalfScale(block.load(as: UInt8.self))
    let q = bytes(block + 1)
    store(scale * signedFloats(doubledE2M1(q & 15)), target)
    store(scale * signedFloats(doubledE2M1(q &>> 4)), target + 64)
  }
}

/// Restores blocks of `NVFP4`.
@inlinable @inline(always)
public func decodeNVFP4(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 36 &* index
    let target = run.weights + 256 &* index
    for part in 0..<4 {
      let scale = 0.5 * nvfp4Scale(block.load(fromByteOffset: part, as: UInt8.self))
      let q = (block + (4 &+ 8 &* part)).loadUnaligned(as: SIMD8<UInt8>.self)
      let both = Bytes(lowHalf: q & 15, highHalf: q &>> 4)
      store(scale * signedFloats(doubledE2M1(both)), target + 64 &* part)
    }
  }
}

/// The scale that a code of `NVFP4` stands for.
@inlinable @inline(always)
public func nvfp4Scale(_ code: UInt8) -> Float {
  guard code != 127 else { return 0 }
  let exponent = code >> 3 & 15
  let fraction = Float(Int32(code & 7))
  // Exponents of floats count from 127, these from 7.
  return exponent > 0
    ? (1 + fraction / 8) * Float(bitPattern: (UInt32(exponent) + 120) << 23) : fraction * 0x1p-9
}

/// The doubled 4-bit floats of codes, as signed bytes: 0, 1, 2, 3, 4, 6, 8, 12 and their negatives.
@inlinable @inline(always)
func doubledE2M1(_ codes: Bytes) -> Bytes {
  let code = codes & 7
  // The values rise by 1 up to code 4, by 2 up to 6, and 12 is 2 more than another 2.
  let steps = code.replacing(with: code &+ code &- 4, where: code .> Bytes(repeating: 4))
  let magnitude = steps.replacing(with: 12, where: code .== Bytes(repeating: 7))
  return magnitude.replacing(with: 0 &- magnitude, where: codes .> Bytes(repeating: 7))
}
