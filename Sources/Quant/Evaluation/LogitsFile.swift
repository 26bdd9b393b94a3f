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
    try QuantError.wrapping { () throws(FileError) in
      try GGUFWriter.write(
        to: path, metadata: metadata(model), tensors: tensors(logits, tokens)
      ) { writer throws(FileError) in
        try writer.write(tokens.littleEndianBytes, to: 0)
        try writer.write(logits, to: 1)
      }
    }
  }

  /// The bytes of the file, for a stream.
  ///
  /// - Parameters:
  ///   - logits: A row a token.
  ///   - tokens: The tokens.
  ///   - model: What computed them, for a key.
  /// - Returns: The whole file; it takes as much memory again as the logits do.
  /// - Throws: `QuantError.file` if the file cannot be laid out.
  public static func bytes(
    _ logits: Matrix, _ tokens: [Int32], model: String
  ) throws(QuantError) -> [UInt8] {
    let layout = try QuantError.wrapping { () throws(FileError) in
      try GGUFLayout(
        path: "the logits", metadata: metadata(model), tensors: tensors(logits, tokens))
    }
    var bytes = [UInt8](repeating: 0, count: layout.byteCount)
    func put(_ part: [UInt8], at offset: Int) {
      bytes.replaceSubrange(offset..<offset + part.count, with: part)
    }
    put(layout.header, at: 0)
    put(tokens.littleEndianBytes, at: layout.tensorOffsets[0])
    for row in 0..<logits.rows {
      let numbers = logits.withRow(row) { span in span.indices.map { span[$0].bitPattern } }
      put(numbers.littleEndianBytes, at: layout.tensorOffsets[1] + 4 * row * logits.columns)
    }
    return bytes
  }

  private static func metadata(_ model: String) -> Metadata {
    var metadata = Metadata()
    metadata["general.type"] = .string("logits")
    metadata["logits.source"] = .string(MetadataString(model))
    return metadata
  }

  private static func tensors(_ logits: Matrix, _ tokens: [Int32]) -> [TensorDescription] {
    [
      TensorDescription(name: "tokens", dimensions: [tokens.count], type: .I32),
      TensorDescription(name: "logits", dimensions: [logits.columns, logits.rows], type: .F32),
    ]
  }
}
