// SPDX-License-Identifier: MIT
import Quant
import Testing

@Suite("Value search")
struct ValueSearchTests {
  private static let values = (0..<16).map { IQ4_NLValues.values[$0] }

  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func `the scale is close to the best of very many`(seed: UInt64) throws {
    let weights = FormatTesting.rows(1, of: 32, seed: seed)
    // An error's weight is importance · (5 m + |x|), m being the mean magnitude; this evens that out.
    let base = 5 * weights.reduce(0) { $0 + $1.magnitude } / 32
    let importance = weights.map { 1 / (base + $0.magnitude) }
    let decoded = IQ4_NL.decoded(
      IQ4_NL.encoded(weights, rowWeights: 32, importance: importance))
    let found = FormatTesting.relativeError(weights, decoded, importance: nil)
    let largest = weights.reduce(0) { max($0, $1.magnitude) }
    let best = (-4000...4000).map { step in
      let scale = largest / 127 * Float(step == 0 ? 1 : step) / 2000
      let nearest = weights.map { weight in
        Self.values.map { $0 * scale }.min { ($0 - weight).magnitude < ($1 - weight).magnitude }
          ?? 0
      }
      return FormatTesting.relativeError(weights, nearest, importance: nil)
    }.min()
    let limit = try #require(best) * 1.02
    #expect(found <= limit)
  }
}
