// SPDX-License-Identifier: MIT
package import GGUF
package import Quant

/// One of our formats, at work on arrays.
package struct Codec: Sendable {
  private let format: any BlockFormat.Type
  private let encoder: (any EncodableFormat.Type)?
  private let effort: Effort

  /// The format of a type, if we can read it, written with an effort.
  package init?(_ type: TensorType, effort: Effort = .default) {
    guard let format = FormatRegistry.format(of: type) else { return nil }
    self.format = format
    self.effort = effort
    encoder = FormatRegistry.encoder(of: type)
  }

  /// Every type that we can read, in the order of GGML's numbers.
  package static var types: [TensorType] { FormatRegistry.all.map { $0.type } }

  /// Whether we can write the format, too.
  package var encodes: Bool { encoder != nil }

  /// Weights of one block.
  package var weightsPerBlock: Int { format.layout.weightsPerBlock }

  /// Bytes of one block.
  package var bytesPerBlock: Int { format.layout.bytesPerBlock }

  /// Bytes that so many weights take.
  package func byteCount(_ weights: Int) -> Int { weights / weightsPerBlock * bytesPerBlock }

  /// Encodes rows; without an encoder it does nothing.
  package func encode(
    _ rows: [Float], rowWeights: Int, importance: [Float]?, into bytes: inout [UInt8]
  ) {
    var span = bytes.mutableSpan
    var blocks = span.mutableBytes
    if let importance {
      encoder?.encode(
        rows.span, rowWeights: rowWeights, importance: importance.span, effort: effort,
        into: &blocks)
    } else {
      encoder?.encode(
        rows.span, rowWeights: rowWeights, importance: nil, effort: effort, into: &blocks)
    }
  }

  /// Decodes blocks; there must be as many as `weights` needs.
  package func decode(_ bytes: [UInt8], into weights: inout [Float]) {
    var span = weights.mutableSpan
    format.decode(bytes.span.bytes, into: &span)
  }

  /// The weighted relative error √(Σ w (x - y)² / Σ w x²) of blocks against the rows they hold.
  package func error(of bytes: [UInt8], against rows: [Float], importance: [Float]?) -> Double {
    var decoded = [Float](repeating: .nan, count: rows.count)
    decode(bytes, into: &decoded)
    var error = 0.0, total = 0.0
    for index in rows.indices {
      let weight = importance.map { Double($0[index % $0.count]) } ?? 1
      let source = Double(rows[index])
      let difference = source - Double(decoded[index])
      error += weight * difference * difference
      total += weight * source * source
    }
    return (error / total).squareRoot()
  }
}
