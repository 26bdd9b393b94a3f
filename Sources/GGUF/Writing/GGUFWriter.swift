// SPDX-License-Identifier: MIT

/// Writes a GGUF file: first the header, then the bytes of the tensors in any order.
///
/// The file has a temporary name until it is finished (see `OutputFile`).
public struct GGUFWriter: Sendable {
  /// What the file holds, and where.
  public let layout: GGUFLayout
  private let output: OutputFile

  /// Begins a file of version 3; the header is in it then.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - metadata: All keys, in the order to be written.
  ///   - tensors: The tensor table, in the order to be written.
  ///   - order: The byte order of the header; tensor bytes are the caller's.
  /// - Throws: `FileError.invalid` or `.unsupported` if the file cannot be laid out, `.invalid` if it cannot
  ///   have the name, `.noSpace` if the disk has not enough room, `.system` if it cannot be made.
  public init(
    path: String, metadata: Metadata, tensors: [TensorDescription], order: ByteOrder = .little
  ) throws(FileError) {
    let layout = try GGUFLayout(path: path, metadata: metadata, tensors: tensors, order: order)
    try self.init(path: path, layout: layout)
  }

  /// Begins a file that is laid out already.
  package init(
    path: String, layout: GGUFLayout, resuming: Bool = false, isKept: Bool = false
  ) throws(FileError) {
    self.layout = layout
    output = try OutputFile(
      path: path, byteCount: layout.byteCount, resuming: resuming, isKept: isKept)
    try output.write(layout.header, at: 0)
  }

  /// Writes a file: `body` supplies the bytes of the tensors, and the file gets its name after it.
  ///
  /// - Throws: What `init` and `body` throw; then there is no file.
  public static func write(
    to path: String, metadata: Metadata, tensors: [TensorDescription], order: ByteOrder = .little,
    _ body: (GGUFWriter) throws(FileError) -> Void
  ) throws(FileError) {
    let writer = try GGUFWriter(path: path, metadata: metadata, tensors: tensors, order: order)
    try body(writer)
    try writer.finish()
  }

  /// Writes bytes of a tensor.
  ///
  /// - Parameters:
  ///   - bytes: The bytes.
  ///   - tensor: The place of the tensor in the table.
  ///   - offset: Where they begin, from the start of the tensor.
  /// - Throws: `FileError.system` if they cannot be written.
  /// - Precondition: They lie within the tensor.
  public func write(_ bytes: RawSpan, to tensor: Int, at offset: Int = 0) throws(FileError) {
    precondition(
      offset >= 0 && offset + bytes.byteCount <= layout.tensorByteCounts[tensor],
      "beyond the tensor")
    try output.write(bytes, at: layout.tensorOffsets[tensor] + offset)
  }

  /// Writes an array of bytes of a tensor.
  public func write(_ bytes: [UInt8], to tensor: Int, at offset: Int = 0) throws(FileError) {
    unsafe try write(bytes.span.bytes, to: tensor, at: offset)
  }

  /// Copies bytes of a tensor back out of the unfinished file.
  package func read(
    _ tensor: Int, at offset: Int, into buffer: inout MutableRawSpan
  ) throws(FileError) {
    try output.read(at: layout.tensorOffsets[tensor] + offset, into: &buffer)
  }

  /// The name that the file will have.
  package var path: String { output.path }

  /// Copies bytes of the unfinished file, wherever they are in it.
  package func read(at offset: Int, into buffer: inout MutableRawSpan) throws(FileError) {
    try output.read(at: offset, into: &buffer)
  }

  /// Syncs the file and gives it its name.
  public func finish() throws(FileError) { try output.finish() }
}
