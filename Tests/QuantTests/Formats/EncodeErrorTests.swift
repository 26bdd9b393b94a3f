// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// One file of the reference's blocks that ours are held against.
struct EncodeCase: Sendable, CustomTestStringConvertible {
  let type: String
  let set: String
  let mode: String
  let referenceError: Double

  var testDescription: String { "\(type) \(set) \(mode)" }

  /// The relative error of our encoding of the same rows.
  func error(effort: Effort = .default) throws -> Double {
    let vectors = try QuantVectors.shared()
    let format = try FormatTesting.encoder(type)
    let source = try vectors.floats("src.\(set)")
    let importance = mode == "imatrix" ? try vectors.floats("imatrix.\(set)") : nil
    let blocks = format.encoded(
      source, rowWeights: try vectors.rowWeights("src.\(set)"), importance: importance,
      effort: effort)
    return FormatTesting.relativeError(source, format.decoded(blocks), importance: importance)
  }

  /// Every case for which there is a reference and an encoder.
  static func all() throws -> [EncodeCase] {
    let vectors = try QuantVectors.shared()
    return FormatTesting.encodableNames.flatMap { type in
      QuantVectors.sets.flatMap { set in
        ["plain", "imatrix"].compactMap { mode in
          vectors.referenceError(type: type, set: set, mode: mode).map {
            EncodeCase(type: type, set: set, mode: mode, referenceError: $0)
          }
        }
      }
    }
  }
}

@Suite("Errors of encoding")
struct EncodeErrorTests {
  /// What the reference's error may be exceeded by: 2 %.
  private static let allowance = 1.02

  @Test(arguments: try EncodeCase.all())
  func `the error is no greater than the reference's`(example: EncodeCase) throws {
    #expect(try example.error() <= example.referenceError * Self.allowance)
  }

  @Test(arguments: FormatTesting.encodableNames, QuantVectors.sets)
  func `importance does not raise the weighted error`(name: String, set: String) throws {
    let vectors = try QuantVectors.shared()
    let format = try FormatTesting.encoder(name)
    let source = try vectors.floats("src.\(set)")
    let width = try vectors.rowWeights("src.\(set)")
    let importance = try vectors.floats("imatrix.\(set)")
    let plain = format.decoded(format.encoded(source, rowWeights: width))
    let weighted = format.decoded(
      format.encoded(source, rowWeights: width, importance: importance))
    #expect(
      FormatTesting.relativeError(source, weighted, importance: importance)
        <= FormatTesting.relativeError(source, plain, importance: importance) * Self.allowance)
  }

  /// The types that the reference uses for activations only, and has no vectors of.
  @Test(arguments: [("Q8_1", 32), ("Q8_K", 256)], QuantVectors.sets)
  func `8 bits are off by half a step at most`(type: (String, Int), set: String) throws {
    let vectors = try QuantVectors.shared()
    let source = try vectors.floats("src.\(set)")
    let width = try vectors.rowWeights("src.\(set)")
    let format = try FormatTesting.encoder(type.0)
    let decoded = format.decoded(format.encoded(source, rowWeights: width))
    for start in stride(from: 0, to: source.count, by: type.1) {
      let block = source[start..<start + type.1]
      let peak = block.reduce(0) { max($0, $1.magnitude) }
      let worst = zip(block, decoded[start...]).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
      // Beyond the largest half, 65504 · 127, nothing can be held; below the smallest, little.
      guard peak < 65504 * 127, peak > 1e-4 else { continue }
      #expect(worst <= peak / 127 * 0.51)
    }
  }

  @Test(arguments: ["F16", "BF16"], QuantVectors.sets)
  func `plain numbers are the reference's bytes`(name: String, set: String) throws {
    let vectors = try QuantVectors.shared()
    let blocks = try FormatTesting.encoder(name).encoded(
      vectors.floats("src.\(set)"), rowWeights: vectors.rowWeights("src.\(set)"))
    #expect(try blocks == vectors.bytes("ref.\(name).\(set).plain"))
  }

  @Test(arguments: ["TQ1_0", "TQ2_0", "Q2_0"])
  func `the scale search finds the optimum`(name: String) throws {
    let format = try FormatTesting.encoder(name)
    let count = format.layout.weightsPerBlock
    let block = FormatTesting.rows(1, of: count, seed: 3)
    let largest: Float = block.reduce(0) { max($0, $1.magnitude) }
    let best = (1...2000).flatMap { [Float($0), -Float($0)] }.map { step in
      let scale = largest * step / 2000
      let rounded = block.map { weight in
        let ratio = (weight / scale).rounded()
        return scale * min(max(ratio, -1), name == "Q2_0" ? 2 : 1)
      }
      return FormatTesting.relativeError(block, rounded, importance: nil)
    }.min()
    let error = FormatTesting.relativeError(
      block, format.decoded(format.encoded(block, rowWeights: count)), importance: nil)
    // Q2_0 goes up a ladder and refits; on most blocks that ends at the optimum.
    let limit = try #require(best) * (name == "Q2_0" ? 1.001 : 1.0001)
    #expect(error <= limit)
  }
}
