// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// The states of probes as a state file has them: each token's as its difference from the same token's
/// in the text, which most of it is near to. They take about half of the bytes of floats.
struct PackedProbes {
  /// The states of all probes begun.
  let probes: Matrix
  /// Those of the text after the same layer; the first of them are each probe's tokens.
  let text: Matrix
  /// Tokens of a probe.
  let rows: Int

  private static let bytesAtOnce = 1 << 20

  /// Bytes of all of them.
  var byteCount: Int {
    (0..<probes.rows).reduce(0) { sum, row in
      sum
        + probes.withRow(row) { own in
          text.withRow(row % rows) { RowDifference.byteCount(of: own, from: $0) }
        }
    }
  }

  /// Writes them as a tensor of so many bytes.
  func write(to writer: GGUFWriter, tensor: Int) throws(FileError) {
    var (bytes, offset): ([UInt8], Int) = ([], 0)
    for row in 0..<probes.rows {
      probes.withRow(row) { own in
        text.withRow(row % rows) { RowDifference.append(own, from: $0, to: &bytes) }
      }
      guard bytes.count >= Self.bytesAtOnce || row == probes.rows - 1 else { continue }
      try writer.write(bytes, to: tensor, at: offset)
      offset += bytes.count
      bytes.removeAll(keepingCapacity: true)
    }
  }

  /// Reads them.
  ///
  /// Throws `QuantError.content` for bytes that are no such rows.
  func read(_ tensor: TensorInfo, of file: GGUFFile) throws(QuantError) {
    let all = tensor.byteCount ?? 0
    let largest = RowDifference.largestByteCount(of: probes.columns)
    var (bytes, first, offset): ([UInt8], Int, Int) = ([], 0, 0)
    for row in 0..<probes.rows {
      if bytes.count - first < largest, offset < all {
        let more = try Self.bytes(
          tensor, offset..<min(all, offset + largest + Self.bytesAtOnce), of: file)
        bytes = Array(bytes[first...]) + more
        (first, offset) = (0, offset + more.count)
      }
      guard let count = restore(row, bytes, from: first) else {
        throw .content(
          file: file.path, line: 0,
          what: "the states of probes: expected \(probes.rows) rows of"
            + " \(probes.columns) numbers, found other bytes; remove the file")
      }
      first += count
    }
  }

  private func restore(_ row: Int, _ bytes: [UInt8], from first: Int) -> Int? {
    text.withRow(row % rows) { base in
      probes.withMutableRow(row) { own in
        RowDifference.restore(&own, from: base, bytes.span.extracting(first..<bytes.count))
      }
    }
  }

  private static func bytes(
    _ tensor: TensorInfo, _ range: Range<Int>, of file: GGUFFile
  ) throws(QuantError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    try QuantError.wrapping { () throws(FileError) in
      try file.read(tensor, at: range.lowerBound, into: &raw)
    }
    return bytes
  }
}
