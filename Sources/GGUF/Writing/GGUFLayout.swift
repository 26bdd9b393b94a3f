// SPDX-License-Identifier: MIT

/// Exactly what a file will hold and where, before a byte of it is written.
public struct GGUFLayout: Sendable {
  /// Magic, metadata, tensor table and padding: the bytes before the data.
  public let header: [UInt8]
  /// Where each tensor begins, from the start of the file, in the order given.
  public let tensorOffsets: [Int]
  /// The size of each tensor without padding, in the order given.
  public let tensorByteCounts: [Int]
  /// The size of the whole file, last padding included.
  public let byteCount: Int

  /// Lays out a file of version 3.
  ///
  /// The alignment is `general.alignment` of the metadata, or 32.
  ///
  /// - Parameters:
  ///   - path: The file's name, for errors.
  ///   - metadata: All keys, in the order to be written.
  ///   - tensors: The tensor table, in the order to be written.
  ///   - order: The byte order of the header; tensor bytes are the caller's.
  /// - Throws: `FileError.invalid` if a tensor has a shape or name that a reader would refuse, or if the
  ///   alignment is not usable; `.unsupported` if a size is not known or the file would be too large.
  public init(
    path: String, metadata: Metadata, tensors: [TensorDescription], order: ByteOrder = .little
  ) throws(FileError) {
    guard let alignment = metadata.alignment else {
      throw .invalid(file: path, what: "general.alignment must be \(Limits.alignmentRule)")
    }
    try Self.checkNames(path, metadata, tensors)
    var relative: [Int] = []
    var counts: [Int] = []
    var next = 0
    for tensor in tensors {
      guard let count = tensor.byteCount, let end = Checked.add(next, count),
        let padded = Checked.align(end, to: alignment)
      else {
        throw .unsupported(
          file: path, what: "tensor \"\(tensor.name)\" of \(tensor.type) has an unknown size")
      }
      relative.append(next)
      counts.append(count)
      next = padded
    }
    header = Self.header(metadata, tensors, relative, order: order, alignment: alignment)
    guard let total = Checked.add(header.count, next) else {
      throw .unsupported(file: path, what: "the file would be larger than 2^63 bytes")
    }
    let start = header.count
    tensorOffsets = relative.map { start + $0 }
    tensorByteCounts = counts
    byteCount = total
  }

  /// Refuses what a reader would refuse.
  static func checkNames(
    _ path: String, _ metadata: Metadata, _ tensors: [TensorDescription]
  ) throws(FileError) {
    for key in metadata.keys {
      guard let rule = NamingRule.broken(byKey: key) else { continue }
      throw .invalid(file: path, what: "key \(String(reflecting: key)) must be \(rule)")
    }
    var names: Set<String> = []
    for tensor in tensors {
      let quoted = "tensor \(String(reflecting: tensor.name))"
      if let rule = NamingRule.broken(byTensor: tensor.name) {
        throw .invalid(file: path, what: "\(quoted): its name must be \(rule)")
      }
      guard names.insert(tensor.name).inserted else {
        throw .invalid(file: path, what: "\(quoted) would appear twice")
      }
      guard tensor.dimensions.count <= Limits.dimensions,
        tensor.dimensions.allSatisfy({ $0 >= 0 })
      else {
        throw .invalid(file: path, what: "\(quoted) cannot have shape \(tensor.dimensions)")
      }
    }
  }

  /// The bytes before the data, filled up to the alignment; `capacity` is how many are expected.
  static func header(
    _ metadata: Metadata, _ tensors: [TensorDescription], _ offsets: [Int], order: ByteOrder,
    alignment: Int, capacity: Int = 0
  ) -> [UInt8] {
    var writer = ByteWriter(order: order, capacity: capacity)
    writer.raw("GGUF".utf8)
    writer.integer(UInt32(3))
    writer.integer(UInt64(tensors.count))
    writer.integer(UInt64(metadata.entries.count))
    for entry in metadata.entries {
      writer.string(MetadataString(entry.key))
      writer.integer(entry.value.type.rawValue)
      writer.payload(entry.value)
    }
    for (tensor, offset) in zip(tensors, offsets) {
      writer.string(MetadataString(tensor.name))
      writer.integer(UInt32(tensor.dimensions.count))
      for dimension in tensor.dimensions { writer.integer(UInt64(dimension)) }
      writer.integer(tensor.type.rawValue)
      writer.integer(UInt64(offset))
    }
    writer.pad(to: alignment)
    return writer.bytes
  }
}
