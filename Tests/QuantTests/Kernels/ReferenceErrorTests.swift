// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// Stricter than what every encoder is held to: searches are never worse than the reference's.
@Suite("Errors of searches against the reference's")
struct ReferenceErrorTests {
  /// The types whose scales are searched with importance, by the reference and by us.
  private static let searched = FormatTesting.encodableNames.filter {
    $0.hasSuffix("_K") || $0.hasPrefix("IQ") || ["Q4_0", "Q4_1", "Q5_0", "Q5_1"].contains($0)
  }

  @Test func `no set comes out worse with importance, and all together 3 % better`() throws {
    let all = try Self.searched.flatMap { type in try ratios(type, "imatrix") }
    try #require(all.count >= 60)
    for ratio in all { #expect(ratio.value <= 1, "\(ratio.name)") }
    #expect(all.reduce(0) { $0 + $1.value } / Double(all.count) <= 0.97)
  }

  @Test func `no set comes out worse without importance`() throws {
    let all = try Self.searched.flatMap { type in try ratios(type, "plain") }
    try #require(all.count >= 50)
    for ratio in all {
      #expect(ratio.value <= 1, "\(ratio.name)")
    }
  }

  /// Our error as a multiple of the reference's, for each set that it has blocks of.
  private func ratios(_ type: String, _ mode: String) throws -> [(name: String, value: Double)] {
    let vectors = try QuantVectors.shared()
    let format = try FormatTesting.encoder(type)
    return try QuantVectors.sets.compactMap { set in
      guard let reference = vectors.referenceError(type: type, set: set, mode: mode) else {
        return nil
      }
      let rows = try vectors.floats("src.\(set)")
      let importance = mode == "imatrix" ? try vectors.floats("imatrix.\(set)") : nil
      let blocks = format.encoded(
        rows, rowWeights: try vectors.rowWeights("src.\(set)"), importance: importance)
      let error = FormatTesting.relativeError(
        rows, format.decoded(blocks), importance: importance)
      return (name: "\(type) \(set)", value: error / reference)
    }
  }
}
