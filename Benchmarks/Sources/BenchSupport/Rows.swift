// SPDX-License-Identifier: MIT
import Foundation

/// Rows that look like a model's: heavy-tailed weights, and importance of wide spread.
package struct Rows: Sendable {
  /// The weights, one row after the other.
  package let weights: [Float]
  /// Weights a row.
  package let rowWeights: Int
  /// How much an error at each column matters: lognormal, spread 1.
  package let importance: [Float]

  /// Makes rows that are the same for the same seed.
  ///
  /// Weights follow Student's t with 5 degrees of freedom, as large as 0.8 / √width, and rows differ
  /// by a lognormal factor of spread 0.3.
  package init(count: Int, rowWeights: Int, seed: UInt64 = 1) {
    var random = NormalGenerator(seed: seed)
    self.rowWeights = rowWeights
    importance = (0..<rowWeights).map { _ in Float(exp(random.next())) }
    weights = (0..<count).flatMap { _ in
      let size = 0.8 / Double(rowWeights).squareRoot() * exp(0.3 * random.next())
      return (0..<rowWeights).map { _ in Float(size * random.nextStudent()) }
    }
  }
}

/// Normally distributed numbers by Box and Muller's method, over SplitMix64.
private struct NormalGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A number of mean 0 and variance 1.
  mutating func next() -> Double {
    (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
  }

  /// A number of Student's t distribution with 5 degrees of freedom.
  mutating func nextStudent() -> Double {
    let squares = (0..<5).reduce(0.0) { sum, _ in
      let number = next()
      return sum + number * number
    }
    return next() / (squares / 5).squareRoot()
  }

  /// A number above 0, up to 1.
  private mutating func uniform() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return Double((mixed ^ mixed >> 31) >> 11 + 1) * 0x1p-53
  }
}
