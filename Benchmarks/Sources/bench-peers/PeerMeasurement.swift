// SPDX-License-Identifier: MIT
import BenchSupport
import GGUF

/// The measurement of one type, ours and the reference's by turns on the same rows.
struct PeerMeasurement {
  private let codec: Codec
  private let reference: ReferenceFormat
  private let rows: Rows
  private let seconds: Double
  private let clock: Clock

  /// Prepares a measurement.
  init(codec: Codec, reference: ReferenceFormat, rows: Rows, seconds: Double, clock: Clock) {
    self.codec = codec
    self.reference = reference
    self.rows = rows
    self.seconds = seconds
    self.clock = clock
  }

  /// Measures encoding; `nil` where one of the two does not encode so.
  func encode(weighted: Bool) throws -> EncodeFigures? {
    guard codec.encodes, weighted || !reference.requiresImportance else { return nil }
    let importance = weighted ? rows.importance : nil
    let width = rows.rowWeights
    var ours = [UInt8](repeating: 0, count: codec.byteCount(rows.weights.count))
    var theirs = ours
    let written = reference.encode(
      rows.weights, rowWeights: width, importance: importance, into: &theirs)
    guard written == theirs.count else {
      throw ReferenceError(description: "the reference wrote \(written) bytes, not \(theirs.count)")
    }
    let times = Timing.medians(seconds: seconds, clock: clock) {
      codec.encode(rows.weights, rowWeights: width, importance: importance, into: &ours)
    } _: {
      reference.encode(rows.weights, rowWeights: width, importance: importance, into: &theirs)
    }
    return EncodeFigures(
      speed: speed(times),
      error: Comparison(
        ours: codec.error(of: ours, against: rows.weights, importance: importance),
        reference: codec.error(of: theirs, against: rows.weights, importance: importance)))
  }

  /// Measures decoding of the reference's blocks.
  func decode() -> Comparison? {
    guard reference.decodes else { return nil }
    var bytes = [UInt8](repeating: 0, count: codec.byteCount(rows.weights.count))
    reference.encode(
      rows.weights, rowWeights: rows.rowWeights, importance: rows.importance, into: &bytes)
    var ours = [Float](repeating: 0, count: rows.weights.count)
    var theirs = ours
    return speed(
      Timing.medians(seconds: seconds, clock: clock) {
        codec.decode(bytes, into: &ours)
      } _: {
        reference.decode(bytes, into: &theirs)
      })
  }

  private func speed(_ times: (Double, Double)) -> Comparison {
    let millions = Double(rows.weights.count) / 1e6
    return Comparison(ours: millions / times.0, reference: millions / times.1)
  }
}
