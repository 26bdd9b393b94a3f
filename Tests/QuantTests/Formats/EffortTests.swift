// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// What more and less effort does to errors and bytes.
@Suite("Effort") struct EffortTests {
  /// The types whose encoder has no search.
  private static let plain: Set<String> = ["F32", "F16", "BF16", "Q8_0", "Q8_1", "Q8_K", "Q1_0"]
  private static let searched = FormatTesting.encodableNames.filter { !plain.contains($0) }

  /// Our error as a multiple of the reference's, the mean over all sets and modes it was recorded in.
  private static func ratio(_ name: String, _ effort: Effort) throws -> Double {
    let ratios = try EncodeCase.all().filter { $0.type == name }.map {
      try $0.error(effort: effort) / $0.referenceError
    }
    return ratios.reduce(0, +) / Double(ratios.count)
  }

  @Test(arguments: searched) func `more effort means no more error`(name: String) throws {
    let fast = try Self.ratio(name, .fast)
    let usual = try Self.ratio(name, .default)
    let best = try Self.ratio(name, .best)
    #expect(best <= usual * 1.001)
    #expect(usual <= fast * 1.005)
    #expect(fast <= 1.01)
  }

  @Test func `best is better than default over all, and 5 % better than the reference`() throws {
    let cases = try EncodeCase.all().filter { $0.mode == "imatrix" }
    try #require(cases.count >= 60)
    func mean(_ effort: Effort) throws -> Double {
      try cases.reduce(0) { try $0 + $1.error(effort: effort) / $1.referenceError }
        / Double(cases.count)
    }
    let best = try mean(.best)
    #expect(best <= 0.95)
    #expect(try best <= mean(.default) - 0.004)
  }

  @Test(arguments: plain.sorted()) func `formats without a search do not use it`(
    name: String
  ) throws {
    let format = try FormatTesting.encoder(name)
    let rows = FormatTesting.rows(2, of: 512, seed: 3)
    let usual = format.encoded(rows, rowWeights: 512)
    #expect(format.encoded(rows, rowWeights: 512, effort: .fast) == usual)
    #expect(format.encoded(rows, rowWeights: 512, effort: .best) == usual)
  }

  @Test(arguments: searched, [Effort.fast, .best]) func `rows do not know of each other`(
    name: String, effort: Effort
  ) throws {
    let format = try FormatTesting.encoder(name)
    let rows = FormatTesting.rows(3, of: 512, seed: 4)
    let importance = FormatTesting.rows(1, of: 512, seed: 5).map(\.magnitude)
    let together = format.encoded(
      rows, rowWeights: 512, importance: importance, effort: effort)
    let alone = (0..<3).flatMap { row in
      format.encoded(
        Array(rows[row * 512..<(row + 1) * 512]), rowWeights: 512, importance: importance,
        effort: effort)
    }
    #expect(together == alone)
  }

  @Test(arguments: searched, [Effort.fast, .best])
  func `finite weights stay finite`(name: String, effort: Effort) throws {
    let format = try FormatTesting.encoder(name)
    let rows = FormatTesting.rows(1, of: 512, seed: 6)
    for factor in [0, 1e-38, 1e-12, 1e12, 1e38] as [Float] {
      for importance in [nil, rows.map(\.magnitude), [Float](repeating: 0, count: 512)] {
        let blocks = format.encoded(
          rows.map { $0 * factor }, rowWeights: 512, importance: importance, effort: effort)
        #expect(format.decoded(blocks).allSatisfy { $0.isFinite })
      }
    }
  }
}
