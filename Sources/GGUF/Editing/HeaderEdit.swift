// SPDX-License-Identifier: MIT
internal import LocalFiles

/// Another header for a file, whose tensors stay as they are.
public struct HeaderEdit: Sendable {
  /// How a file got its new header.
  public enum Method: String, Sendable, Encodable {
    /// The header was the same: nothing was written.
    case unchanged
    /// The bytes before the data were replaced; the data stays where it was.
    case header
    /// The whole file was written anew, as the header did not fit before the data.
    case file
  }

  /// The file's path.
  public let path: String
  /// The header, padding included.
  public let header: [UInt8]
  /// Whether the header ends where the data of the file begins.
  public let fitsInPlace: Bool
  /// The room in it for later edits.
  public let roomBytes: Int?
  private let oldHeader: [UInt8]
  private let byteCount: Int
  private let source: any ByteSource

  /// Plans a header.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - file: Which of its files is edited, from 0.
  ///   - metadata: All keys that the file shall have; its room is made anew.
  ///   - names: New names of tensors, by their old ones.
  ///   - room: Bytes of room for later edits; `nil` for what is there, as far as the header fits.
  /// - Throws: `FileError.invalid` for names that a reader would refuse, and for another alignment;
  ///   `.system` if the file cannot be read.
  /// - Complexity: O(*n*) in the bytes of the header.
  public init(
    _ model: GGUFFile, file: Int = 0, metadata: Metadata, renaming names: [String: String] = [:],
    room: Int? = nil
  ) throws(FileError) {
    let shard = model.shards[file]
    guard metadata.alignment == shard.alignment else {
      throw .invalid(
        file: shard.name,
        what: "general.alignment cannot be edited, because all tensors would move: expected"
          + " \(shard.alignment), found \(metadata.alignment.map(String.init) ?? "no such number")")
    }
    let tensors = shard.tensors.map { tensor in
      var description = tensor.description
      description.name = names[tensor.name] ?? tensor.name
      return description
    }
    try GGUFLayout.checkNames(shard.name, metadata, tensors)
    let table = Table(shard: shard, tensors: tensors, metadata: metadata.withHeaderRoom(nil))
    let fit = table.fit(dataOffset: shard.dataOffset)
    let kept = shard.metadata.headerRoom
    path = shard.name
    source = shard.source
    byteCount = shard.byteCount
    oldHeader = try shard.source.bytes(0..<min(shard.dataOffset, shard.byteCount))
    switch (fit, room) {
    case (let fit?, nil): (header, roomBytes) = table.header(fit)
    case (nil, nil): (header, roomBytes) = table.header(kept.map { .spaces($0) } ?? .padding)
    case (_, 0?): (header, roomBytes) = table.header(.padding)
    case (_, let room?): (header, roomBytes) = table.header(.spaces(room))
    }
    fitsInPlace = header.count == oldHeader.count
  }

  /// Bytes of the whole file.
  public var newByteCount: Int { byteCount - oldHeader.count + header.count }

  /// Whether the file has this header already.
  public var isEmpty: Bool { header == oldHeader }

  /// Gives the file its header.
  ///
  /// Where it fits, only the bytes before the data are written. A program that is killed on the way
  /// leaves the old file or the new one; in the one case in which the file system cannot do that, a
  /// journal beside the file tells the next `GGUFFile.open` how to put the old one back.
  ///
  /// - Parameter progress: Called with the number of bytes copied since the call before, where the whole
  ///   file is written anew.
  /// - Returns: How it was done.
  /// - Throws: `FileError.changed` if the file was changed since it was read; `.inUse`, `.noSpace` and
  ///   `.system` if it cannot be written. Then the file is as it was.
  /// - Complexity: O(*n*) in the bytes of the header where it fits, of the file where not.
  public func apply(progress: (Int) -> Void = { _ in }) throws(FileError) -> Method {
    try source.checkUnchanged()
    guard !isEmpty else { return .unchanged }
    guard !fitsInPlace else {
      try replaceHeader()
      return .header
    }
    try write(to: Disk.resolved(path), keepingAttributes: true, progress)
    return .file
  }

  private func replaceHeader() throws(FileError) {
    do throws(FileError) {
      _ = try ReplacedBeginning.replace(path, old: oldHeader, new: header)
    } catch {
      try BeginningJournal.settle(path)
      throw error
    }
  }

  /// Writes the file with its header under another name.
  ///
  /// - Parameters:
  ///   - output: The name.
  ///   - progress: Called with the number of bytes copied since the call before.
  /// - Throws: As `apply()`; then there is no new file.
  public func write(
    to output: String, progress: (Int) -> Void = { _ in }
  ) throws(FileError) {
    try write(to: output, keepingAttributes: false, progress)
  }

  private func write(
    to output: String, keepingAttributes: Bool, _ progress: (Int) -> Void
  ) throws(FileError) {
    guard !OutputFile.isPromised(output) else {
      throw .inUse(
        file: OutputFile.temporaryPath(of: output),
        what: "this is the unfinished output of another command: finish it, or remove it")
    }
    try OutputFile.write(
      header, to: output, before: oldHeader.count..<byteCount, of: path,
      keepingAttributes: keepingAttributes, progress: progress
    ) { () throws(FileError) in try source.checkUnchanged() }
  }
}

/// What a header is made of.
private struct Table {
  let shard: Shard
  let tensors: [TensorDescription]
  let metadata: Metadata

  /// How the header can be made to end where the data begins.
  func fit(dataOffset: Int) -> HeaderRoom.Fit? {
    HeaderRoom.spaces(
      end: bytes(metadata, padding: false).count, dataOffset: dataOffset,
      alignment: shard.alignment)
  }

  /// The header with its padding, and the room in it.
  func header(_ fit: HeaderRoom.Fit) -> (bytes: [UInt8], room: Int?) {
    switch fit {
    case .padding: (bytes(metadata, padding: true), nil)
    case .spaces(let count): (bytes(metadata.withHeaderRoom(count), padding: true), count)
    }
  }

  private func bytes(_ metadata: Metadata, padding: Bool) -> [UInt8] {
    GGUFLayout.header(
      metadata, tensors, shard.tensors.map { $0.byteOffset - shard.dataOffset },
      order: shard.byteOrder, alignment: padding ? shard.alignment : 1, capacity: shard.dataOffset)
  }
}
