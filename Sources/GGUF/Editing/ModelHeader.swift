// SPDX-License-Identifier: MIT

/// The header of a model without its data: what a file that is still to be written will say.
public struct ModelHeader: ModelSource {
  /// The path, for messages.
  public let path: String
  /// All keys.
  public let metadata: Metadata
  /// The tensors.
  public let tensors: [TensorInfo]
  /// None: nothing is written.
  public let files: [SourceFile] = []
  /// As everything new is written.
  public let byteOrder = ByteOrder.little
  private let places: [String: Int]

  /// Makes a header.
  public init(path: String, metadata: Metadata, tensors: [TensorInfo]) {
    self.path = path
    self.metadata = metadata
    self.tensors = tensors
    places = Dictionary(
      tensors.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { a, _ in a })
  }

  /// Finds a tensor by its name.
  public func tensor(_ name: String) throws(FileError) -> TensorInfo {
    guard let place = places[name] else { throw noTensor(name) }
    return tensors[place]
  }

  /// Whether there is a tensor of this name.
  public func contains(_ name: String) -> Bool { places[name] != nil }

  /// Throws: there are no bytes.
  public func check(_ tensor: TensorInfo) throws(FileError) { throw hasNoData }

  /// Throws: there are no bytes.
  public func read(
    _ tensor: TensorInfo, at offset: Int, into buffer: inout MutableRawSpan
  ) throws(FileError) {
    throw hasNoData
  }

  /// Throws: there are no bytes.
  public func bytes(_ range: Range<Int>, ofFile file: Int) throws(FileError) -> [UInt8] {
    throw hasNoData
  }

  /// Does nothing.
  public func checkUnchanged() throws(FileError) {}

  private var hasNoData: FileError { .unsupported(file: path, what: "a header has no data") }
}
