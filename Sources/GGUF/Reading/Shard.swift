// SPDX-License-Identifier: MIT

/// One file of a model: the whole model, or one of several.
public struct Shard: Sendable {
  /// The file's bytes.
  public let source: any ByteSource
  private let header: HeaderBytes
  /// The version of the format, 2 or 3.
  public let version: UInt32
  /// The byte order of the whole file, tensor data included.
  public let byteOrder: ByteOrder
  /// The file's own metadata.
  public let metadata: Metadata
  /// What tensor offsets are multiples of.
  public let alignment: Int
  /// Where the tensor data begins.
  public let dataOffset: Int
  /// The tensors of this file, in file order.
  public let tensors: [TensorInfo]
  /// Where the file should end, but for padding: the end of the last tensor that has weights, or
  /// of the header.
  public let dataEnd: Int

  /// The path or address of the file.
  public var name: String { source.name }

  /// The size of the file.
  public var byteCount: Int { source.byteCount }

  /// Bytes after the last tensor that nothing accounts for (padding does not count).
  public var trailingByteCount: Int {
    let padded = Checked.align(dataEnd, to: alignment) ?? dataEnd
    return max(0, source.byteCount - padded)
  }

  /// Whether the file ends before its tensors do: a download in progress, or a header alone.
  public var isTruncated: Bool { source.byteCount < dataEnd }

  /// Reads and checks the header of a file.
  ///
  /// - Parameters:
  ///   - source: The file.
  ///   - index: The shard's number, from 0, for its tensors.
  ///   - requiresData: Whether every tensor must lie within the file.
  /// - Throws: `FileError.malformed` for any break of the format.
  init(_ source: any ByteSource, index: Int, requiresData: Bool) throws(FileError) {
    self = try HeaderBytes.reading(source) { bytes throws(FileError) in
      try Shard(source, bytes, index: index, requiresData: requiresData)
    }
  }

  private init(
    _ source: any ByteSource, _ bytes: HeaderBytes, index: Int, requiresData: Bool
  ) throws(FileError) {
    var reader = ByteReader(bytes.bytes, file: source.name)
    let header = try reader.header()
    let metadata = try reader.metadata(count: header.metadataCount, header: bytes)
    let alignment = try Self.alignment(metadata, bytes)
    let entries = try reader.tensorTable(count: header.tensorCount)
    guard let dataOffset = Checked.align(reader.offset, to: alignment) else {
      throw reader.malformed("the data", expected: "an offset below 2^63", found: "more")
    }
    var placement = TensorPlacement(
      file: source.name, headerEnd: reader.offset, dataOffset: dataOffset, alignment: alignment,
      shard: index, fileBytes: requiresData ? source.byteCount : nil)
    for entry in entries { try placement.place(entry) }
    self.source = source
    self.header = bytes
    version = header.version
    byteOrder = header.order
    self.metadata = metadata
    self.alignment = alignment
    self.dataOffset = dataOffset
    tensors = placement.tensors
    dataEnd = placement.end
  }

  /// Where a key stands in the file, or where the keys end: for errors about values.
  func place(ofKey key: String) -> Int { Self.place(ofKey: key, in: header) }

  private static func place(ofKey key: String, in bytes: HeaderBytes) -> Int {
    var reader = ByteReader(bytes.bytes, file: bytes.name)
    guard let header = try? reader.header() else { return 0 }
    return (try? reader.place(ofKey: key, count: header.metadataCount, header: bytes)) ?? 0
  }

  private static func alignment(
    _ metadata: Metadata, _ bytes: HeaderBytes
  ) throws(FileError) -> Int {
    if let alignment = metadata.alignment { return alignment }
    let key = "general.alignment"
    let value = metadata[key]
    throw .malformed(
      file: bytes.name, offset: place(ofKey: key, in: bytes), what: key,
      expected: Limits.alignmentRule,
      found: "\(value?.integer.map(String.init) ?? "a value") stored as \(value?.type ?? .array)")
  }
}
