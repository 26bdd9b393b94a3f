// SPDX-License-Identifier: MIT

/// One file of a model: the whole model, or one of several.
public struct Shard: Sendable {
  /// The file, mapped.
  public let mapping: MappedFile
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
  /// Where the data should end: the end of the last tensor.
  public let dataEnd: Int

  /// Bytes after the last tensor that nothing accounts for (padding does not count).
  public var trailingByteCount: Int {
    let padded = Checked.align(dataEnd, to: alignment) ?? dataEnd
    return max(0, mapping.byteCount - padded)
  }

  /// Whether the file ends before its tensors do: a download in progress, or a header alone.
  public var isTruncated: Bool { mapping.byteCount < dataEnd }

  /// Reads and checks the header of a file.
  ///
  /// - Parameters:
  ///   - mapping: The file.
  ///   - index: The shard's number, from 0, for its tensors.
  ///   - requiresData: Whether every tensor must lie within the file.
  /// - Throws: `GGUFError.malformed` for any break of the format.
  init(_ mapping: MappedFile, index: Int, requiresData: Bool) throws(GGUFError) {
    var reader = ByteReader(mapping.bytes, file: mapping.path)
    let header = try reader.header()
    let metadata = try reader.metadata(count: header.metadataCount, mapping: mapping)
    let alignment = try Self.alignment(metadata, file: mapping.path)
    let entries = try reader.tensorTable(count: header.tensorCount)
    guard let dataOffset = Checked.align(reader.offset, to: alignment) else {
      throw reader.malformed("the data", expected: "an offset below 2^63", found: "more")
    }
    var placement = TensorPlacement(
      file: mapping.path, dataOffset: dataOffset, alignment: alignment, shard: index)
    for (number, entry) in entries.enumerated() {
      try placement.place(entry, before: number + 1 < entries.count ? entries[number + 1] : nil)
    }
    if requiresData { try placement.requireData(fileBytes: mapping.byteCount) }
    self.mapping = mapping
    version = header.version
    byteOrder = header.order
    self.metadata = metadata
    self.alignment = alignment
    self.dataOffset = dataOffset
    tensors = placement.tensors
    dataEnd = placement.end
  }

  /// `general.alignment`, or the format's default of 32.
  static func alignment(_ metadata: Metadata, file: String) throws(GGUFError) -> Int {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard case .uint32(let number) = value, number > 0, number & (number - 1) == 0,
      number <= Limits.alignment
    else {
      throw .malformed(
        file: file, offset: 0, what: "general.alignment",
        expected: "a power of two up to \(Limits.alignment) stored as uint32",
        found: value.integer.map { "\($0) stored as \(value.type)" }
          ?? "a value of type \(value.type)")
    }
    return Int(number)
  }
}

/// Gives every tensor its place: each must begin where the one before it ends, padded.
struct TensorPlacement {
  let file: String
  let dataOffset: Int
  let alignment: Int
  let shard: Int
  private(set) var tensors: [TensorInfo] = []
  private(set) var end: Int
  /// Where the next tensor must begin, from the start of the data; `nil` after one of unknown size.
  private var expected: Int? = 0

  init(file: String, dataOffset: Int, alignment: Int, shard: Int) {
    self.file = file
    self.dataOffset = dataOffset
    self.alignment = alignment
    self.shard = shard
    end = dataOffset
  }

  mutating func place(_ entry: TensorEntry, before next: TensorEntry?) throws(GGUFError) {
    let tensor = entry.description
    try checkOffset(entry)
    guard let start = Checked.add(dataOffset, entry.relativeOffset),
      let stop = Checked.add(start, tensor.byteCount ?? 0),
      let padded = Checked.align(stop, to: alignment)
    else {
      throw malformed(entry, expected: "an end below 2^63", found: "offset \(entry.relativeOffset)")
    }
    expected = tensor.byteCount == nil ? nil : padded - dataOffset
    end = max(end, stop)
    tensors.append(
      TensorInfo(
        name: tensor.name, dimensions: tensor.dimensions, type: tensor.type, shard: shard,
        byteOffset: start, byteCount: tensor.byteCount))
  }

  private func checkOffset(_ entry: TensorEntry) throws(GGUFError) {
    let offset = entry.relativeOffset
    guard offset % alignment == 0 else {
      throw malformed(
        entry, expected: "an offset that is a multiple of \(alignment)", found: "\(offset)")
    }
    if let expected {
      guard offset == expected else {
        throw malformed(
          entry, expected: "offset \(expected), right after the tensor before it",
          found: "\(offset)")
      }
    } else {
      guard dataOffset.addingReportingOverflow(offset).partialValue >= end else {
        throw malformed(entry, expected: "an offset after the tensor before it", found: "\(offset)")
      }
    }
  }

  /// Every tensor must end within the file; padding after the last one may be missing.
  func requireData(fileBytes: Int) throws(GGUFError) {
    for tensor in tensors {
      let stop = tensor.byteOffset + (tensor.byteCount ?? 0)
      guard stop <= fileBytes else {
        throw .malformed(
          file: file, offset: tensor.byteOffset, what: "tensor \"\(tensor.name)\"",
          expected: "\(tensor.byteCount ?? 0) bytes",
          found: "\(max(0, fileBytes - tensor.byteOffset)) before the end of the file"
            + " (cut short, or a download in progress)")
      }
    }
  }

  private func malformed(
    _ entry: TensorEntry, expected: String, found: String
  ) -> GGUFError {
    .malformed(
      file: file, offset: entry.place, what: "tensor \"\(entry.description.name)\"",
      expected: expected, found: found)
  }
}
