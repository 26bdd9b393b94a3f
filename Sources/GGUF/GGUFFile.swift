// SPDX-License-Identifier: MIT

/// A model on disk: one GGUF file, or all shards of a split one.
///
/// Opening reads and checks the headers; tensor bytes and long arrays are left in the files.
public struct GGUFFile: ModelSource {
  /// The files, in order of their numbers; one for a model that is not split.
  let shards: [Shard]
  /// The tensors of all shards, in file order.
  public let tensors: [TensorInfo]
  /// Shards that are not there; only where `Requirement.presentShards` is all that was required.
  public let missingShards: MissingShards?
  private let places: [String: Int]

  /// How much of the files must be there.
  public enum Requirement: Sendable {
    /// Every tensor must lie within its file.
    case complete
    /// The header is enough: for downloads in progress and headers without data. The bytes of a
    /// tensor that is not there are refused when asked for.
    case headerOnly
    /// The header of any one shard is enough; the model holds what is told by those that are there.
    case presentShards
  }

  /// Opens a model by its file, or by any of its shards.
  ///
  /// - Parameters:
  ///   - path: The file, or one shard of a split model.
  ///   - requirement: How much of the files must be there.
  /// - Returns: The model, with all its shards.
  /// - Throws: `FileError.malformed` for any break of the format, `.missing` for a shard that is not
  ///   there, `.system` if a file cannot be opened or mapped.
  /// - Complexity: O(*n*) in the bytes of the headers; memory does not grow with arrays.
  public static func open(
    _ path: String, requiring requirement: Requirement = .complete
  ) throws(FileError) -> GGUFFile {
    try open(LocalFile(path: path), requiring: requirement)
  }

  /// Opens a model by the bytes of its file, or of any of its shards; the source is asked for the others.
  ///
  /// Parameters and errors are those of `open(_:requiring:)`.
  public static func open(
    _ source: any ByteSource, requiring requirement: Requirement = .complete
  ) throws(FileError) -> GGUFFile {
    let complete = requirement == .complete
    let first = try Shard(source, index: 0, requiresData: complete)
    if requirement == .presentShards, let found = try ShardSet.present(with: first) {
      return GGUFFile(shards: found.shards, missing: found.missing)
    }
    guard let set = try ShardSet(opened: first) else { return GGUFFile(shards: [first]) }
    return GGUFFile(shards: try set.open(requiresData: complete))
  }

  /// Opens a model by all of its shards, whatever they are called and in whatever order they are given.
  ///
  /// - Parameters:
  ///   - shards: The files.
  ///   - requirement: How much of the files must be there.
  /// - Returns: The model.
  /// - Throws: As `open(_:requiring:)`, and `FileError.malformed` for shards that are missing, given
  ///   twice, or of another model.
  /// - Precondition: There is a file.
  public static func open(
    shards: [any ByteSource], requiring requirement: Requirement = .complete
  ) throws(FileError) -> GGUFFile {
    precondition(!shards.isEmpty, "no shard")
    return GGUFFile(shards: try ShardSet.ordered(shards, requiresData: requirement == .complete))
  }

  private init(shards: [Shard], missing: MissingShards? = nil) {
    self.shards = shards
    missingShards = missing
    tensors = shards.flatMap(\.tensors)
    places = Dictionary(
      tensors.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { a, _ in a })
  }

  /// The file, or the shards of a split model in order of their numbers.
  public var files: [SourceFile] {
    shards.map { shard in
      SourceFile(
        name: shard.name, byteCount: shard.byteCount, headerByteCount: shard.dataOffset,
        dataEnd: shard.dataEnd, trailingByteCount: shard.trailingByteCount,
        version: shard.source.version)
    }
  }

  /// The model's metadata, from its first file.
  public var metadata: Metadata { shards[0].metadata }

  /// The metadata of one of `files`: in those after the first, what ties them together.
  public func metadata(ofFile file: Int) -> Metadata { shards[file].metadata }

  /// The path of the first file.
  public var path: String { shards[0].name }

  /// The byte order of all files.
  public var byteOrder: ByteOrder { shards[0].byteOrder }

  /// The version of the format that the first file has, 2 or 3.
  public var formatVersion: Int? { Int(shards[0].version) }

  /// Finds a tensor by its name.
  public func tensor(_ name: String) throws(FileError) -> TensorInfo {
    guard let place = places[name] else { throw noTensor(name) }
    return tensors[place]
  }

  /// Whether the model has a tensor of this name.
  public func contains(_ name: String) -> Bool { places[name] != nil }

  /// Copies part of a tensor's bytes, from `offset` on, (see `ByteSource.read`).
  public func read(
    _ tensor: TensorInfo, at offset: Int, into buffer: inout MutableRawSpan
  ) throws(FileError) {
    let range = try byteRange(of: tensor)
    precondition(offset >= 0 && offset + buffer.byteCount <= range.count, "beyond the tensor")
    try shards[tensor.shard].source.read(at: range.lowerBound + offset, into: &buffer)
  }

  /// Refuses a tensor whose bytes cannot be read (see `byteRange(of:)`).
  public func check(_ tensor: TensorInfo) throws(FileError) { _ = try byteRange(of: tensor) }

  /// Bytes of a shard.
  public func bytes(_ range: Range<Int>, ofFile file: Int) throws(FileError) -> [UInt8] {
    try shards[file].source.bytes(range)
  }

  /// Refuses a model whose files were changed since they were opened (see
  /// `ByteSource.checkUnchanged`).
  public func checkUnchanged() throws(FileError) {
    for shard in shards { try shard.source.checkUnchanged() }
  }

  /// The floats of a tensor of type `F32`, which stay in a local file until asked for.
  ///
  /// Throws as `byteRange(of:)`, and if the bytes of another source cannot be read.
  package func floats(of tensor: TensorInfo) throws(FileError) -> FloatStore {
    precondition(tensor.type == .F32, "floats of another type")
    return try FloatStore(
      shards[tensor.shard].source, offset: byteRange(of: tensor).lowerBound,
      count: tensor.weightCount, order: byteOrder)
  }

  /// Where a tensor's bytes lie in its file.
  ///
  /// The range of a tensor without weights is empty and stands nowhere. Throws
  /// `FileError.unsupported` if the type's size is not known, and `.malformed` if the file ends before
  /// the tensor does.
  public func byteRange(of tensor: TensorInfo) throws(FileError) -> Range<Int> {
    let file = shards[tensor.shard]
    guard let count = tensor.byteCount else {
      throw .unsupported(
        file: file.name,
        what: "tensor \"\(tensor.name)\" has \(tensor.type.inWords), whose size is not known"
      )
    }
    guard count > 0 else { return 0..<0 }
    guard tensor.byteOffset + count <= file.byteCount else {
      throw .malformed(
        file: file.name, offset: tensor.byteOffset, what: "tensor \"\(tensor.name)\"",
        expected: "\(count) bytes",
        found: "\(max(0, file.byteCount - tensor.byteOffset)) before the end of the file")
    }
    return tensor.byteOffset..<tensor.byteOffset + count
  }
}
