// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// A run of bytes of a model's files that is read at once: blocks of one tensor, or what lies between
/// tensors.
struct FilePiece: Sendable {
  /// Which of the files.
  let shard: Int
  /// Where it begins in that file.
  let byteOffset: Int
  /// How long it is.
  let byteCount: Int
  /// The tensor's place in the model; `nil` between tensors.
  let tensor: Int?
  /// The first block, from the start of the tensor.
  let firstBlock: Int

  /// Small enough to stay in a core's cache while it is looked through.
  static let largest = 1 << 20

  /// All pieces of a model, in the order of its bytes.
  ///
  /// - Parameters:
  ///   - model: The model. Tensors that end beyond their files are left out.
  ///   - includesGaps: Whether headers, padding and what follows the last tensor are wanted.
  /// - Returns: The pieces, none of them longer than `largest` or one block.
  /// - Complexity: O(*n*) in bytes over the size of a piece.
  static func all(of model: any ModelSource, includesGaps: Bool) -> [FilePiece] {
    var pieces: [FilePiece] = []
    var place = 0
    for (number, file) in model.files.enumerated() {
      var end = 0
      for tensor in model.tensors(ofFile: number) {
        let index = place
        place += 1
        guard (try? model.check(tensor)) != nil, let count = tensor.byteCount, count > 0 else {
          continue
        }
        if includesGaps { pieces += gap(number, end..<tensor.byteOffset) }
        pieces += blocks(of: tensor, index)
        end = tensor.byteOffset + count
      }
      if includesGaps { pieces += gap(number, end..<file.byteCount) }
    }
    return pieces
  }

  private static func gap(_ shard: Int, _ range: Range<Int>) -> [FilePiece] {
    stride(from: range.lowerBound, to: range.upperBound, by: largest).map { start in
      FilePiece(
        shard: shard, byteOffset: start, byteCount: min(largest, range.upperBound - start),
        tensor: nil, firstBlock: 0)
    }
  }

  /// Whole blocks, as many as fit; bytes of a type without blocks likewise.
  private static func blocks(of tensor: TensorInfo, _ index: Int) -> [FilePiece] {
    guard let byteCount = tensor.byteCount else { return [] }
    let size = tensor.type.layout?.bytesPerBlock ?? 1
    let step = max(1, largest / size) * size
    return stride(from: 0, to: byteCount, by: step).map { start in
      FilePiece(
        shard: tensor.shard, byteOffset: tensor.byteOffset + start,
        byteCount: min(step, byteCount - start), tensor: index, firstBlock: start / size)
    }
  }
}

extension FilePiece {
  /// The piece's bytes, as they stand in the file.
  ///
  /// Throws `QuantError.file` if they cannot be read.
  func read(of model: any ModelSource) throws(QuantError) -> [UInt8] {
    try QuantError.wrapping { () throws(FileError) in
      try model.bytes(byteOffset..<byteOffset + byteCount, ofFile: shard)
    }
  }
}
