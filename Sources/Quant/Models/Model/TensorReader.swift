// SPDX-License-Identifier: MIT
public import BlockFormats
public import GGUF

/// Reads a tensor of any known type as floats, part by part.
///
/// Bytes come through ordinary reads, not through the map, so that a file that is made shorter
/// meanwhile gives an error; those of a big-endian file are swapped. Memory is bounded by one chunk,
/// whatever the size of the tensor or of a row.
public struct TensorReader: Sendable {
  /// The tensor.
  public let tensor: TensorInfo
  /// The format of its blocks.
  public let format: any BlockFormat.Type

  private let model: any ModelSource
  private var chunk: [UInt8] = []
  /// Weights decoded at once: their blocks and floats stay in the second-level cache.
  private static let chunkWeights = 1 << 16

  /// Prepares to read a tensor.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - tensor: One of its tensors.
  /// - Throws: `QuantError.unsupported` for a type that cannot be decoded, `.file` if the file
  ///   ends before the tensor does.
  public init(model: any ModelSource, tensor: TensorInfo) throws(QuantError) {
    guard let format = FormatRegistry.format(of: tensor.type) else {
      throw .unsupported(
        "\(model.path): tensor \"\(tensor.name)\" has \(tensor.type.inWords), "
          + "which cannot be decoded")
    }
    do throws(FileError) {
      try model.check(tensor)
    } catch {
      throw .file(error)
    }
    self.model = model
    self.tensor = tensor
    self.format = format
  }

  /// Decodes whole rows.
  ///
  /// - Parameters:
  ///   - rows: The rows, counted over all outer dimensions.
  ///   - weights: The destination, `tensor.rowWeights` floats for each row.
  /// - Throws: `QuantError.file` if the bytes cannot be read.
  public mutating func readRows(
    _ rows: Range<Int>, into weights: inout MutableSpan<Float>
  ) throws(QuantError) {
    let row = tensor.rowWeights
    try readWeights(rows.lowerBound * row..<rows.upperBound * row, into: &weights)
  }

  /// Decodes any whole blocks.
  ///
  /// - Parameters:
  ///   - range: The weights, counted from the start of the tensor; it begins and ends between blocks.
  ///   - weights: The destination, a float for each.
  /// - Throws: `QuantError.file` if the bytes cannot be read.
  public mutating func readWeights(
    _ range: Range<Int>, into weights: inout MutableSpan<Float>
  ) throws(QuantError) {
    precondition(weights.count == range.count, "a float for each weight")
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(start + Self.chunkWeights, range.upperBound)
      var part = weights.slice(start - range.lowerBound..<end - range.lowerBound)
      try readChunk(start..<end, into: &part)
      start = end
    }
  }

  private mutating func readChunk(
    _ range: Range<Int>, into weights: inout MutableSpan<Float>
  ) throws(QuantError) {
    let (model, tensor, format) = (model, tensor, format)
    let layout = format.layout
    let byteCount = range.count / layout.weightsPerBlock * layout.bytesPerBlock
    let offset = range.lowerBound / layout.weightsPerBlock * layout.bytesPerBlock
    if chunk.count < byteCount { chunk = Array(repeating: 0, count: byteCount) }
    var storage = chunk.mutableSpan
    var bytes = unsafe storage.mutableBytes
    var blocks = bytes.slice(0..<byteCount)
    try model.readBlocks(of: tensor, at: offset, into: &blocks)
    format.decode(blocks.bytes, into: &weights)
  }
}
