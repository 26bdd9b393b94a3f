// SPDX-License-Identifier: MIT
import BenchSupport
import GGUF
import Quant

/// How fast one type is at one level, in million weights a second.
struct SpeedFigures: Codable {
  /// The type's name.
  let type: String
  /// Encoding with importance weights; nothing where there is no encoder.
  let weighted: Double?
  /// Encoding without.
  let plain: Double?
  /// Decoding.
  let decode: Double

  private init(type: String, weighted: Double?, plain: Double?, decode: Double) {
    self.type = type
    self.weighted = weighted
    self.plain = plain
    self.decode = decode
  }

  /// Measures a type; `nil` if it does not divide the rows.
  init?(measuring type: TensorType, _ effort: Effort, rows: Rows, seconds: Double, clock: Clock) {
    guard let codec = Codec(type, effort: effort), rows.rowWeights % codec.weightsPerBlock == 0
    else { return nil }
    // A type without an encoder is decoded from noise, so that its tables are read all over.
    var bytes = (0..<codec.byteCount(rows.weights.count)).map { index in
      UInt8(truncatingIfNeeded: (index &* 2_654_435_761) >> 13)
    }
    var decoded = [Float](repeating: 0, count: rows.weights.count)
    let millions = Double(rows.weights.count) / 1e6

    func encode(_ importance: [Float]?) -> Double? {
      guard codec.encodes else { return nil }
      return millions
        / Timing.median(seconds: seconds, clock: clock) {
          codec.encode(
            rows.weights, rowWeights: rows.rowWeights, importance: importance, into: &bytes)
        }
    }
    self.type = type.name
    weighted = encode(rows.importance)
    plain = encode(nil)
    decode =
      millions
      / Timing.median(seconds: seconds, clock: clock) { codec.decode(bytes, into: &decoded) }
  }

  /// The medians of several rounds, type by type.
  static func medians(_ rounds: [[SpeedFigures]]) -> [String: SpeedFigures] {
    Dictionary(grouping: rounds.joined(), by: \.type).mapValues { figures in
      func middle(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : Timing.median(values)
      }
      return SpeedFigures(
        type: figures[0].type, weighted: middle(figures.compactMap(\.weighted)),
        plain: middle(figures.compactMap(\.plain)),
        decode: Timing.median(figures.map(\.decode)))
    }
  }
}
