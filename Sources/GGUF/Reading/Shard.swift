// SPDX-License-Identifier: MIT

/// One file of a model: the whole model, or one of several.
struct Shard: Sendable {
  /// The file's bytes.
  let source: any ByteSource
  private let header: HeaderBytes
  /// The version of the format, 2 or 3.
  let version: UInt32
  /// The byte order of the whole file, tensor data included.
  let byteOrder: ByteOrder
  /// The file's own metadata.
  let metadata: Metadata
  /// What tensor offsets are multiples of.
  let alignment: Int
  /// Where the tensor data begins.
  let dataOffset: Int
  /// The tensors of this file, in file order.
  let tensors: [TensorInfo]
  /// Where the file should end, but for padding: the end of the last tensor that has weights, or
  /// of the header.
  let dataEnd: Int

  /// The path or address of the file.
  var name: String { source.name }

  /// The size of the file.
  var byteCount: Int { source.byteCount }

  /// Bytes after the last tensor that nothing accounts for (padding does not count).
  var trailingByteCount: Int {
    let padded = Checked.align(dataEnd, to: alignment) ?? dataEnd
    return max(0, source.byteCount - padded)
  }

  /// Reads and checks the header of a file.
  ///
  /// - Parameters:
  ///   - source: The file.
  ///   - index: The shard's number, from 0, for its tensors.
  ///   - requiresData: Whether every tensor must lie within the file.
  /// - Throws: `FileError.malformed` for any break of the format.
  init(_ source: any ByteSource, index: Int, requiresData: Bool) throws(FileError) {
    let table = try HeaderBytes.reading(source, end: \.end, HeaderTable.read)
    guard let dataOffset = Checked.align(table.end, to: table.alignment) else {
      throw .malformed(
        file: source.name, offset: table.end, what: "the data", expected: "an offset below 2^63",
        found: "more")
    }
    var placement = TensorPlacement(
      file: source.name, headerEnd: table.end, dataOffset: dataOffset, alignment: table.alignment,
      shard: index, fileBytes: requiresData ? source.byteCount : nil)
    for entry in table.entries { try placement.place(entry) }
    self.source = source
    header = table.bytes
    version = table.fields.version
    byteOrder = table.fields.order
    metadata = table.metadata
    alignment = table.alignment
    self.dataOffset = dataOffset
    tensors = placement.tensors
    dataEnd = placement.end
  }

  /// Where a key stands in the file, or where the keys end: for errors about values.
  func place(ofKey key: String) -> Int { header.place(ofKey: key) }
}
