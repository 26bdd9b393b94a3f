// SPDX-License-Identifier: MIT
import BlockKernels
import Foundation
import Quant
import TestSupport
import Testing

/// The same figures, in double precision and one number at a time.
private enum ScalarRow {
  static func logSum(_ row: [Float]) -> Double {
    let peak = Double(row.max() ?? 0)
    return log(row.reduce(0.0) { $0 + exp(Double($1) - peak) }) + peak
  }

  static func divergence(_ base: [Float], _ variant: [Float]) -> Double {
    let (a, b) = (logSum(base), logSum(variant))
    return zip(base, variant).reduce(0.0) { sum, pair in
      let (p, q) = (Double(pair.0) - a, Double(pair.1) - b)
      return p == -.infinity ? sum : sum + exp(p) * (p - q)
    }
  }
}

@Suite("LogitRow") struct LogitRowTests {
  private func row(_ count: Int, seed: UInt64, spread: Float = 12) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float.random(in: -spread...spread, using: &random) }
  }

  @Test func `exponentials are good to 1.1e-7`() {
    let numbers = stride(from: Float(-86.9), to: 88.7, by: 0.001_37).map { $0 }
    var worst = 0.0
    for start in stride(from: 0, to: numbers.count - 16, by: 16) {
      let group = Lanes(numbers[start..<start + 16])
      let result = exponential(group)
      for lane in 0..<16 {
        let exact = exp(Double(group[lane]))
        worst = max(worst, abs(Double(result[lane]) / exact - 1))
      }
    }
    #expect(worst < 1.1e-7, "\(worst)")
  }

  @Test func `exponentials at the ends of the range`() {
    #expect(exponential(0 as Float) == 1 && exponential(-0.0 as Float) == 1)
    #expect(exponential(-.infinity as Float) == 0 && exponential(-1000 as Float) == 0)
    #expect(exponential(.infinity as Float) == .infinity && exponential(88.8 as Float) == .infinity)
    #expect(exponential(88.7 as Float).isFinite && exponential(Float.nan).isNaN)
    let lanes = exponential(
      Lanes(repeating: .nan).replacing(with: 0, where: .init(repeating: false)))
    #expect((0..<16).allSatisfy { lanes[$0].isNaN })
    #expect(exponential(Lanes(repeating: -3.7))[5] == exponential(-3.7 as Float))
  }

  @Test(arguments: [1, 15, 16, 17, 1000, 4096, 4113, 50_257, 128_256])
  func `losses agree with double precision`(_ count: Int) {
    let row = row(count, seed: UInt64(count))
    let exact = ScalarRow.logSum(row)
    for target in [0, count / 2, count - 1] {
      let loss = LogitRow.loss(of: target, in: row.span)
      #expect(abs(loss - (exact - Double(row[target]))) < 2e-7)
    }
  }

  @Test(arguments: [16, 1000, 4113, 50_257])
  func `divergences agree with double precision`(_ count: Int) {
    let base = row(count, seed: 1)
    for noise: Float in [0.001, 0.1, 5] {
      let variant = zip(base, row(count, seed: 2, spread: noise)).map { $0 + $1 }
      let found = LogitRow.compare(base: base.span, variant: variant.span, target: count / 3)
      let exact = ScalarRow.divergence(base, variant)
      #expect(abs(found.divergence - exact) < 5e-7 * max(1, Double(noise)), "\(noise)")
      #expect(found.baseLoss == LogitRow.loss(of: count / 3, in: base.span))
      #expect(found.variantLoss == LogitRow.loss(of: count / 3, in: variant.span))
      let top = base.firstIndex(of: base.max() ?? 0) == variant.firstIndex(of: variant.max() ?? 0)
      #expect(found.isSameTop == top)
    }
  }

  @Test func `a row does not diverge from itself`() {
    for seed in 0..<20 as Range<UInt64> {
      let row = row(32_003, seed: seed, spread: 30)
      let found = LogitRow.compare(base: row.span, variant: row.span, target: 7)
      #expect(found.divergence == 0 && found.isSameTop && found.probabilityDifference == 0)
    }
  }

  @Test func `shifting all logits changes nothing but rounding`() {
    let base = row(5000, seed: 3)
    let shifted = base.map { $0 + 64 }
    let found = LogitRow.compare(base: base.span, variant: shifted.span, target: 0)
    #expect(abs(found.divergence) < 1e-6 && abs(found.baseLoss - found.variantLoss) < 1e-5)
  }

  @Test func `logits of minus infinity have no weight, and NaN shows`() {
    var row = row(100, seed: 4)
    row[50] = -.infinity
    row[99] = -.infinity
    let exact = ScalarRow.logSum(row)
    #expect(abs(LogitRow.loss(of: 0, in: row.span) - (exact - Double(row[0]))) < 1e-6)
    #expect(LogitRow.compare(base: row.span, variant: row.span, target: 0).divergence == 0)
    for place in [3, 99] {
      row[place] = .nan
      #expect(LogitRow.loss(of: 0, in: row.span).isNaN)
      #expect(LogitRow.compare(base: row.span, variant: row.span, target: 0).divergence.isNaN)
    }
  }

  @Test func `the level in use gives the bits of the baseline`() {
    // The kernels inlined here are compiled for the baseline, those behind LogitRow for the level.
    let row = row(50_257, seed: 5)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 64)
    defer { scratch.deallocate() }
    let loss = row.withUnsafeBytes { bytes in
      guard let first = bytes.baseAddress else { return Double.nan }
      let peak = rowPeak(first, count: row.count, scratch: scratch)
      #expect(row.firstIndex(of: row.max() ?? 0) == peak.index && row[peak.index] == peak.value)
      let sum = exponentialSum(first, count: row.count, peak: peak.value, scratch: scratch)
      return log(sum) - (Double(row[11]) - Double(peak.value))
    }
    #expect(loss == LogitRow.loss(of: 11, in: row.span))
  }

  @Test func `of equal peaks the first counts`() {
    var base = [Float](repeating: 0, count: 70)
    for place in [69, 40, 24] { base[place] = 5 }
    var variant = base
    variant[24] = 5.5
    #expect(LogitRow.compare(base: base.span, variant: variant.span, target: 0).isSameTop)
    variant[40] = 6
    #expect(!LogitRow.compare(base: base.span, variant: variant.span, target: 0).isSameTop)
  }
}
