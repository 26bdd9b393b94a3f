// SPDX-License-Identifier: MIT
internal import GGUF
package import QuantModels

extension TensorReader {
  /// Some rows of the tensor, decoded.
  ///
  /// Throws `QuantError` if they cannot be read.
  package mutating func matrix(_ rows: Range<Int>) throws(QuantError) -> Matrix {
    let matrix = Matrix(rows: rows.count, columns: tensor.rowWeights)
    for (row, source) in rows.enumerated() {
      try matrix.withMutableRow(row) { (span) throws(QuantError) in
        try readRows(source..<source + 1, into: &span)
      }
    }
    return matrix
  }
}
