// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels

/// Logits or states as a GGUF file: `tokens`, I32, and `logits` or `states`, F32 with a row a token.
public enum LogitsFile {
  /// What a file holds.
  public enum Content: String, Sendable {
    case logits, states
  }

  /// Writes one.
  ///
  /// - Parameters:
  ///   - rows: A row a token.
  ///   - tokens: The tokens.
  ///   - path: The file; it is replaced only when the new one is whole.
  ///   - model: What computed them, for a key.
  ///   - content: What they are.
  /// - Throws: `QuantError.file` if it cannot be written.
  public static func write(
    _ rows: Matrix, _ tokens: [Int32], to path: String, model: String,
    content: Content = .logits
  ) throws(QuantError) {
    try QuantError.wrapping { () throws(FileError) in
      try GGUFWriter.write(
        to: path, metadata: metadata(model, content), tensors: tensors(rows, tokens, content)
      ) { writer throws(FileError) in
        try writer.write(tokens.littleEndianBytes, to: 0)
        try writer.write(rows, to: 1)
      }
    }
  }

  /// The bytes of the file, for a stream.
  ///
  /// - Parameters:
  ///   - rows: A row a token.
  ///   - tokens: The tokens.
  ///   - model: What computed them, for a key.
  ///   - content: What they are.
  /// - Returns: The whole file; it takes as much memory again as the rows do.
  /// - Throws: `QuantError.file` if the file cannot be laid out.
  public static func bytes(
    _ rows: Matrix, _ tokens: [Int32], model: String, content: Content = .logits
  ) throws(QuantError) -> [UInt8] {
    let layout = try QuantError.wrapping { () throws(FileError) in
      try GGUFLayout(
        path: "the \(content)", metadata: metadata(model, content),
        tensors: tensors(rows, tokens, content))
    }
    var bytes = [UInt8](repeating: 0, count: layout.byteCount)
    func put(_ part: [UInt8], at offset: Int) {
      bytes.replaceSubrange(offset..<offset + part.count, with: part)
    }
    put(layout.header, at: 0)
    put(tokens.littleEndianBytes, at: layout.tensorOffsets[0])
    for row in 0..<rows.rows {
      let numbers = rows.withRow(row) { span in span.indices.map { span[$0].bitPattern } }
      put(numbers.littleEndianBytes, at: layout.tensorOffsets[1] + 4 * row * rows.columns)
    }
    return bytes
  }

  private static func metadata(_ model: String, _ content: Content) -> Metadata {
    var metadata = Metadata()
    metadata["general.type"] = .string(MetadataString(content.rawValue))
    metadata["\(content).source"] = .string(MetadataString(model))
    return metadata
  }

  private static func tensors(
    _ rows: Matrix, _ tokens: [Int32], _ content: Content
  ) -> [TensorDescription] {
    [
      TensorDescription(name: "tokens", dimensions: [tokens.count], type: .I32),
      TensorDescription(
        name: content.rawValue, dimensions: [rows.columns, rows.rows], type: .F32),
    ]
  }
}
