// SPDX-License-Identifier: MIT
package import GGUF

extension GGUFWriter {
  /// Writes the rows of a matrix to a tensor of F32.
  ///
  /// - Parameters:
  ///   - matrix: The numbers.
  ///   - tensor: The place of the tensor in the table.
  ///   - offset: Where the rows begin, in bytes from the start of the tensor.
  /// - Throws: `FileError.system` if they cannot be written.
  package func write(_ matrix: Matrix, to tensor: Int, at offset: Int = 0) throws(FileError) {
    for row in 0..<matrix.rows {
      try matrix.withRow(row) { span throws(FileError) in
        unsafe try write(span.bytes, to: tensor, at: offset + 4 * row * matrix.columns)
      }
    }
  }
}
