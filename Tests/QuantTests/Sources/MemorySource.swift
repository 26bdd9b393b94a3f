// SPDX-License-Identifier: MIT
import GGUF

/// A model held in memory, as another package would make it: one file without a header.
struct MemorySource: ModelSource {
  static let lost = FileError.missing(file: "memory", what: "the server")

  let path = "memory"
  let metadata: Metadata
  let tensors: [TensorInfo]
  let byteOrder = ByteOrder.little
  /// Its tensors, one right after the other.
  var bytes: [UInt8]
  private let version: Int
  /// A tensor whose bytes cannot be had.
  var missing: String?

  init(metadata: Metadata, tensors: [TensorInfo], bytes: [UInt8], version: Int = 1) {
    self.metadata = metadata
    self.tensors = tensors
    self.bytes = bytes
    self.version = version
  }

  /// Copies a model.
  init(_ file: GGUFFile, version: Int = 1) throws {
    var (tensors, bytes): ([TensorInfo], [UInt8]) = ([], [])
    for tensor in file.tensors {
      tensors.append(
        TensorInfo(
          name: tensor.name, dimensions: tensor.dimensions, type: tensor.type,
          byteOffset: bytes.count))
      bytes += try file.bytes(of: tensor)
    }
    self.init(metadata: file.metadata, tensors: tensors, bytes: bytes, version: version)
  }

  var files: [SourceFile] {
    [SourceFile(name: path, byteCount: bytes.count, version: version)]
  }

  func check(_ tensor: TensorInfo) throws(FileError) {
    guard tensor.byteCount != nil else {
      throw .unsupported(file: path, what: "\(tensor.name) has \(tensor.type.inWords)")
    }
  }

  func read(
    _ tensor: TensorInfo, at offset: Int, into buffer: inout MutableRawSpan
  ) throws(FileError) {
    guard tensor.name != missing else { throw Self.lost }
    let start = tensor.byteOffset + offset
    for index in 0..<buffer.byteCount {
      buffer.storeBytes(of: bytes[start + index], toByteOffset: index, as: UInt8.self)
    }
  }

  func bytes(_ range: Range<Int>, ofFile file: Int) throws(FileError) -> [UInt8] {
    Array(bytes[range])
  }

  func checkUnchanged() throws(FileError) {}
}
