internal import GGUF
// SPDX-License-Identifier: MIT
public import QuantModels

/// Logits as a GGUF file: `tokens`, I32, and `logits`, F32 with a row a token.
public enum LogitsFile {
  /// Writes one.
  ///
  /// - Parameters:
  ///   - logits: A row a token.
  ///   - tokens: The tokens.
  ///   - path: The file; it is replaced only when the new one is whole.
  ///   - model: What computed them, for a key.
  /// - Throws: `QuantError.container` if it cannot be written.
  public static func write(
    _ logits: Matrix, _ tokens: [Int32], to path: String, model: String
  ) throws(QuantError) {
    var metadata = Metadata()
    metadata["general.type"] = .string("logits")
    metadata["logits.source"] = .string(MetadataString(model))
    try QuantError.wrapping { () throws(GGUFError) in
      let layout = try GGUFLayout(
        path: path, metadata: metadata,
        tensors: [
          TensorDescription(name: "tokens", dimensions: [tokens.count], type: .I32),
          TensorDescription(
            name: "logits", dimensions: [logits.columns, logits.rows], type: .F32),
        ])
      let output = try OutputFile(path: path, byteCount: layout.byteCount)
      try output.write(layout.header, at: 0)
      try output.write(
        tokens.flatMap { token in
          (0..<4).map { UInt8(truncatingIfNeeded: token >> (8 * $0)) }
        }, at: layout.tensorOffsets[0])
      for row in 0..<logits.rows {
        try logits.withRow(row) { span throws(GGUFError) in
          unsafe try output.write(
            span.bytes, at: layout.tensorOffsets[1] + 4 * row * logits.columns)
        }
      }
      try output.finish()
    }
  }
}
