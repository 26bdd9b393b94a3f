// SPDX-License-Identifier: MIT
public import GGUF

/// A small model in memory, to be written as a file.
public struct ModelFile: Sendable {
  /// The keys and values.
  public var metadata = Metadata()
  /// The tensor table.
  public var tensors: [TensorDescription] = []
  /// The bytes of each tensor.
  public var contents: [[UInt8]] = []

  /// A model with nothing in it.
  public init() {}

  /// Adds a tensor; without `bytes`, its content is random but always the same, and without NaN or
  /// infinity wherever the type has its floats: every byte lacks the second highest bit of an exponent.
  public mutating func add(
    _ name: String, _ dimensions: [Int], _ type: TensorType = .F32, bytes: [UInt8]? = nil
  ) {
    let description = TensorDescription(name: name, dimensions: dimensions, type: type)
    var random = SeededGenerator(seed: UInt64(tensors.count + 1))
    contents.append(bytes ?? random.bytes(description.byteCount ?? 0).map { $0 & 0xBF })
    tensors.append(description)
  }

  /// The bytes that the file will have.
  public func fileBytes(order: ByteOrder = .little) throws -> [UInt8] {
    let layout = try GGUFLayout(path: "", metadata: metadata, tensors: tensors, order: order)
    var bytes = layout.header
    for (offset, content) in zip(layout.tensorOffsets, contents) {
      bytes += Array(repeating: 0, count: offset - bytes.count) + content
    }
    return bytes + Array(repeating: 0, count: layout.byteCount - bytes.count)
  }

  /// Writes the model through the library's own writer.
  public func write(to path: String, order: ByteOrder = .little) throws {
    try GGUFWriter.write(to: path, metadata: metadata, tensors: tensors, order: order) {
      writer throws(FileError) in
      for (place, bytes) in contents.enumerated() { try writer.write(bytes, to: place) }
    }
  }
}
