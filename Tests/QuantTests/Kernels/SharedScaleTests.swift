// SPDX-License-Identifier: MIT
import BlockKernels
import Testing

@Suite("Scales under a shared half")
struct SharedScaleTests {
  @Test(arguments: Shapes.sharedAffine.indices, [false, true])
  func `a neighbouring pair of codes is seldom better`(index: Int, weighted: Bool) {
    let shape = Shapes.sharedAffine[index]
    let weights = FormatTesting.rows(1, of: 16 * shape.weights, seed: 51)
    let importance = weighted ? KernelTesting.importance(weights.count, seed: 52) : nil
    let found = KernelTesting.run(shape, affine: true, weights, importance: importance)
    var better = 0
    for lane in 0..<16 {
      let range = lane * shape.weights..<(lane + 1) * shape.weights
      let block = Array(weights[range])
      let errorWeights = ScalarSearch(
        block, importance: importance.map { Array($0[range]) }, shape
      ).errorWeights
      func error(_ scaleStep: Int, _ minStep: Int) -> Double {
        let scale = Int(found.scaleCodes[lane]) + scaleStep
        let min = Int(found.minCodes[lane]) + minStep
        guard scale > 0, scale <= Int(shape.codes), min >= 0, min <= Int(shape.codes) else {
          return .infinity
        }
        let s = found.scales[lane] * Float(scale)
        let m = found.mins[lane] * Float(min)
        return zip(block, errorWeights).reduce(0) { sum, pair in
          let quant = Swift.min(max(((pair.0 + m) / s).rounded(), 0), shape.levels)
          let rest = Double(pair.0) - (Double(s * quant) - Double(m))
          return sum + Double(pair.1) * rest * rest
        }
      }
      for (scaleStep, minStep) in [(-1, 0), (1, 0), (0, -1), (0, 1), (1, 1), (-1, -1)]
      where error(scaleStep, minStep) < error(0, 0) * 0.999 { better += 1 }
    }
    // The last step moves each code by at most one; a code that would go on moving is rare.
    #expect(better <= 2)
  }

  @Test(arguments: Shapes.sharedSymmetric.indices)
  func `codes stay in their range and use most of it`(index: Int) {
    let shape = Shapes.sharedSymmetric[index]
    let weights = KernelTesting.subBlocks(16, of: shape.weights, seed: 61)
    let found = KernelTesting.run(shape, affine: false, weights)
    let codes = found.scaleCodes.map { Float($0) }
    #expect(codes.allSatisfy { -shape.codes <= $0 && $0 < shape.codes })
    #expect(codes.contains { $0 <= -shape.codes * 0.9 })
    #expect(Set(found.scales).count == 1)
  }
}

@Suite("Rounding to bytes")
struct ByteRoundingTests {
  @Test func `weights become the nearest whole numbers, ties to even, cut off at 127`() {
    let weights: [Float] = [
      0, 0.5, 1.5, -0.5, -1.5, 2.4, 2.6, -2.6, 126.4, 126.6, 127.4, 130, -126.6, -130, 1e9, -1e9,
    ]
    var quants = [Int8](repeating: 0, count: 16)
    quants.withUnsafeMutableBytes { quants in
      guard let target = quants.baseAddress else { return }
      weights.withUnsafeBufferPointer { weights in
        guard let source = weights.baseAddress else { return }
        roundToBytes(source, count: 16, inverse: 1, quants: target)
      }
    }
    let expected: [Int8] = [
      0, 0, 2, 0, -2, 2, 3, -3, 126, 127, 127, 127, -127, -127, 127, -127,
    ]
    #expect(quants == expected)
  }

  @Test(arguments: [0, 7, 16, 31], [-3, 3] as [Float])
  func `the extreme weight keeps its sign`(position: Int, extreme: Float) {
    var weights = (0..<32).map { Float($0 % 5) * 0.5 - 1 }
    weights[position] = extreme
    let found = weights.withUnsafeBufferPointer { weights in
      weights.baseAddress.map { extremeWeight($0, count: 32) }
    }
    #expect(found == extreme)
  }

  @Test func `rounding to halves is the language's own, where that stays finite and above zero`() {
    var random = SplitMix(state: 71)
    for _ in 0..<200_000 {
      let exponent = Int.random(in: -23...15, using: &random)
      let value = Float(sign: .plus, exponent: exponent, significand: 1 + random.unit())
      guard value <= 65504 else { continue }
      #expect(nearestHalf(value) == Float(Float16(value)))
      #expect(nearestHalf(-value) == -Float(Float16(value)))
    }
  }

  @Test func `ties go to the even half`() {
    for bits in UInt16(1)..<0x7BFF {
      let tie = (Float(Float16(bitPattern: bits)) + Float(Float16(bitPattern: bits + 1))) / 2
      #expect(nearestHalf(tie) == Float(Float16(bitPattern: bits + bits % 2)))
    }
  }

  @Test func `a scale that a half cannot hold becomes the nearest that it can`() {
    #expect(nearestHalf(0) == 0)
    #expect(nearestHalf(1e-30) == 0x1p-24)
    #expect(nearestHalf(-1e-30) == -0x1p-24)
    #expect(nearestHalf(1e30) == 65504)
    #expect(nearestHalf(-.infinity) == -65504)
    #expect(nearestHalf(1.0005) == 1.0009766)
  }
}
