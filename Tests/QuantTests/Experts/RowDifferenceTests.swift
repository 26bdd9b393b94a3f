// SPDX-License-Identifier: MIT
import Quant
import TestSupport
import Testing

@Suite("Rows as differences") struct RowDifferenceTests {
  /// A row and one that is near it in most places.
  private func rows(_ count: Int) -> (row: [Float], base: [Float]) {
    var random = SeededGenerator(seed: 7)
    let base = (0..<count).map { _ in Float.random(in: -2...2, using: &random) }
    let row = base.enumerated().map { index, number -> Float in
      switch index % 7 {
      case 0: number
      case 1: -number
      case 2: Float(bitPattern: UInt32.random(in: 0 ... .max, using: &random))
      default: number * 1.001
      }
    }
    return (row, base)
  }

  private func restored(_ count: Int, _ bytes: [UInt8], _ base: [Float]) -> [UInt32]? {
    var row = [Float](repeating: 1, count: count)
    var span = row.mutableSpan
    guard RowDifference.restore(&span, from: base.span, bytes.span) == bytes.count else {
      return nil
    }
    return row.map(\.bitPattern)
  }

  @Test(arguments: [0, 1, 5, 15, 16, 17, 32, 100])
  func `come back to the last bit`(count: Int) {
    let (row, base) = rows(count)
    var bytes: [UInt8] = []
    RowDifference.append(row.span, from: base.span, to: &bytes)
    #expect(bytes.count == RowDifference.byteCount(of: row.span, from: base.span))
    #expect(bytes.count <= RowDifference.largestByteCount(of: count))
    #expect(restored(count, bytes, base) == row.map(\.bitPattern))
    // Bytes that are cut off are told from a row.
    #expect(count == 0 || restored(count, bytes.dropLast(), base) == nil)
  }

  @Test func `special numbers come back`() {
    let row: [Float] = [
      .nan, .signalingNaN, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude,
      -.greatestFiniteMagnitude,
    ]
    let base: [Float] = [1, -.nan, -.infinity, 0, -0.0, 0, -.leastNonzeroMagnitude, .nan]
    var bytes: [UInt8] = []
    RowDifference.append(row.span, from: base.span, to: &bytes)
    #expect(restored(row.count, bytes, base) == row.map(\.bitPattern))
  }

  @Test func `near rows take few bytes, and equal ones one in sixteen numbers`() {
    let base = (1...64).map { Float($0) / 8 }
    let near = base.map { $0 * (1 + 0x1p-12) }
    #expect(RowDifference.byteCount(of: base.span, from: base.span) == 4)
    #expect(RowDifference.byteCount(of: near.span, from: base.span) <= 64 * 14 / 8 + 4)
  }

  @Test func `bytes that are no row are refused`() {
    let base = [Float](repeating: 1, count: 16)
    for bytes in [[], [33], [255] + [UInt8](repeating: 0, count: 64), [8, 1, 2]] as [[UInt8]] {
      #expect(restored(16, bytes, base) == nil, "\(bytes)")
    }
  }
}
