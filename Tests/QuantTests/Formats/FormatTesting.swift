// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

/// Formats by their names, as parameterised tests pass them.
enum FormatTesting {
  /// Every type that this suite can read.
  static var names: [String] { FormatRegistry.all.map { $0.type.name } }

  /// Every type that this suite can write.
  static var encodableNames: [String] {
    FormatRegistry.all.compactMap { ($0 as? any EncodableFormat.Type)?.type.name }
  }

  static func format(_ name: String) throws -> any BlockFormat.Type {
    let type = try #require(TensorType(name: name))
    return try #require(FormatRegistry.format(of: type), "\(name) is not in the registry")
  }

  static func encoder(_ name: String) throws -> any EncodableFormat.Type {
    let type = try #require(TensorType(name: name))
    return try #require(FormatRegistry.encoder(of: type), "\(name) cannot be written")
  }

  /// A relative error: √(Σ w (x - y)² / Σ w x²), w being the importance of x's column.
  ///
  /// That this is what the vectors' `rel_rmse` holds was checked by decoding all of the reference's
  /// blocks with PyPI's gguf 0.19.0: it agrees to 6e-8, for every type, set and mode.
  static func relativeError(_ x: [Float], _ y: [Float], importance: [Float]?) -> Double {
    var error = 0.0, total = 0.0
    for index in x.indices {
      let w = importance.map { Double($0[index % $0.count]) } ?? 1
      let difference = Double(x[index]) - Double(y[index])
      error += w * difference * difference
      total += w * Double(x[index]) * Double(x[index])
    }
    return (error / total).squareRoot()
  }

  /// Seeded rows of mixed character: normal-ish numbers whose spread differs from row to row.
  static func rows(_ count: Int, of weights: Int, seed: UInt64) -> [Float] {
    var random = SplitMix(state: seed)
    return (0..<count * weights).map { index in
      let bell = (0..<4).reduce(Float(0)) { sum, _ in sum + random.unit() } - 2
      return bell * Float(1 + index / weights) * 0.1
    }
  }
}

extension BlockFormat {
  /// Decodes an array of blocks.
  static func decoded(_ bytes: [UInt8]) -> [Float] {
    let count = bytes.count / layout.bytesPerBlock * layout.weightsPerBlock
    var weights = [Float](repeating: .nan, count: count)
    var span = weights.mutableSpan
    decode(bytes.span.bytes, into: &span)
    return weights
  }
}

extension EncodableFormat {
  /// Encodes rows into a new array.
  static func encoded(
    _ rows: [Float], rowWeights: Int, importance: [Float]? = nil, effort: Effort = .default
  ) -> [UInt8] {
    let count = rows.count / layout.weightsPerBlock * layout.bytesPerBlock
    var bytes = [UInt8](repeating: 0xA5, count: count)
    var span = bytes.mutableSpan
    var blocks = span.mutableBytes
    if let importance {
      encode(
        rows.span, rowWeights: rowWeights, importance: importance.span, effort: effort,
        into: &blocks)
    } else {
      encode(rows.span, rowWeights: rowWeights, importance: nil, effort: effort, into: &blocks)
    }
    return bytes
  }
}

/// Random numbers that are the same on every run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// A number from 0 up to, not including, 1.
  mutating func unit() -> Float { Float(next() >> 40) * 0x1p-24 }
}
