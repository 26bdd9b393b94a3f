// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

@Suite("Properties of every encoder")
struct EncodePropertyTests {
  private static let width = 512

  @Test(arguments: FormatTesting.encodableNames, [false, true])
  func `rows do not know of each other`(name: String, weighted: Bool) throws {
    let format = try FormatTesting.encoder(name)
    let rows = FormatTesting.rows(3, of: Self.width, seed: 1)
    let importance =
      weighted ? FormatTesting.rows(1, of: Self.width, seed: 2).map(\.magnitude) : nil
    let together = format.encoded(rows, rowWeights: Self.width, importance: importance)
    let alone = (0..<3).flatMap { row in
      format.encoded(
        Array(rows[row * Self.width..<(row + 1) * Self.width]), rowWeights: Self.width,
        importance: importance)
    }
    #expect(together == alone)
  }

  @Test(arguments: FormatTesting.encodableNames, [false, true])
  func `rows of zeros come back as zeros`(name: String, weighted: Bool) throws {
    let format = try FormatTesting.encoder(name)
    let zeros = [Float](repeating: 0, count: Self.width)
    let importance = weighted ? [Float](repeating: 1, count: Self.width) : nil
    let blocks = format.encoded(zeros, rowWeights: Self.width, importance: importance)
    #expect(format.decoded(blocks).allSatisfy { $0 == 0 })
  }

  /// Scales are halves in most formats: beyond 65,504 times the largest quant, and below 2^-25 times
  /// that, weights cannot be kept. They must turn into the nearest thing that the format has, never
  /// into infinity or NaN.
  @Test(
    arguments: FormatTesting.encodableNames,
    [0x1p-149, 1e-38, 1e-30, 1e-12, 1e-8, 1e4, 1e6, 1e12, 1e30, 3e38] as [Float])
  func `finite weights stay finite`(name: String, largest: Float) throws {
    let format = try FormatTesting.encoder(name)
    let rows = FormatTesting.rows(1, of: Self.width, seed: 5)
    let top: Float = rows.reduce(0) { max($0, $1.magnitude) }
    let scaled = rows.map { $0 / top * largest }
    for importance in [nil, rows.map(\.magnitude), [Float](repeating: 0, count: Self.width)] {
      let blocks = format.encoded(scaled, rowWeights: Self.width, importance: importance)
      #expect(format.decoded(blocks).allSatisfy { $0.isFinite })
    }
  }

  @Test(arguments: FormatTesting.encodableNames)
  func `one huge weight among small ones stays finite`(name: String) throws {
    let format = try FormatTesting.encoder(name)
    var rows = FormatTesting.rows(1, of: Self.width, seed: 6)
    rows[100] = .greatestFiniteMagnitude
    rows[300] = -.greatestFiniteMagnitude
    let blocks = format.encoded(rows, rowWeights: Self.width)
    #expect(format.decoded(blocks).allSatisfy { $0.isFinite })
  }

  @Test(arguments: FormatTesting.encodableNames)
  func `columns of no importance do not take the others with them`(name: String) throws {
    let format = try FormatTesting.encoder(name)
    let rows = FormatTesting.rows(1, of: Self.width, seed: 8)
    let importance = (0..<Self.width).map { Float($0 % 3 == 0 ? 0 : 1) }
    let decoded = format.decoded(
      format.encoded(rows, rowWeights: Self.width, importance: importance))
    #expect(FormatTesting.relativeError(rows, decoded, importance: importance) < 0.75)
  }
}
