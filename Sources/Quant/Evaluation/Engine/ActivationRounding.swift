// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantModels

/// How llama.cpp's CPU code rounds what goes into a product: to the type that it has a dot product for.
///
/// Its figures move by a few tenths of a percent for that reason alone; to compare with them to more
/// digits, the compute mode `llama` rounds likewise.
enum ActivationRounding {
  /// The format that inputs of a product are rounded to; `nil` for none.
  static func format(for weights: TensorType) -> (any EncodableFormat.Type)? {
    FormatRegistry.format(of: weights)?.facts.activations.flatMap(FormatRegistry.encoder(of:))
  }

  /// Rounds rows, in place, on all threads.
  static func round(
    _ rows: Matrix, to format: any EncodableFormat.Type, _ workers: Workers
  ) throws(QuantError) {
    try workers.forRanges(rows.rows, atLeast: 8) { (range, _) throws(QuantError) in
      try round(rows.rows(range), to: format)
    }
  }

  /// Rounds rows, in place, on this thread.
  static func round(
    _ rows: Matrix, to format: any EncodableFormat.Type
  ) throws(QuantError) {
    let layout = format.layout
    let whole = rows.columns / layout.weightsPerBlock * layout.weightsPerBlock
    guard whole > 0 else { return }
    let count = whole / layout.weightsPerBlock * layout.bytesPerBlock
    var blocks = [UInt8](repeating: 0, count: count)
    for row in 0..<rows.rows {
      try rows.columns(0..<whole).withMutableRow(row) { (numbers) throws(QuantError) in
        var storage = blocks.mutableSpan
        var bytes = unsafe storage.mutableBytes
        format.encode(numbers.span, rowWeights: whole, importance: nil, into: &bytes)
        format.decode(bytes.bytes, into: &numbers)
      }
    }
  }
}
