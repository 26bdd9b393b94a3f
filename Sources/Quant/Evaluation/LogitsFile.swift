// SPDX-License-Identifier: MIT
internal import GGUF
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
  /// - Throws: `QuantError.file` if it cannot be written.
  public static func write(
    _ logits: Matrix, _ tokens: [Int32], to path: String, model: String
  ) throws(QuantError) {
    var metadata = Metadata()
    metadata["general.type"] = .string("logits")
    metadata["logits.source"] = .string(MetadataString(model))
    try QuantError.wrapping { () throws(FileError) in
      let tensors = [
        TensorDescription(name: "tokens", dimensions: [tokens.count], type: .I32),
        TensorDescription(name: "logits", dimensions: [logits.columns, logits.rows], type: .F32),
      ]
      try GGUFWriter.write(to: path, metadata: metadata, tensors: tensors) {
        writer throws(FileError) in
        try writer.write(tokens.littleEndianBytes, to: 0)
        try writer.write(logits, to: 1)
      }
    }
  }
}
