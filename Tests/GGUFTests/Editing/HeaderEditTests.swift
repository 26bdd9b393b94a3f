import Foundation
import GGUF
import TestSupport
import Testing

/// Other headers for files whose data stays.
@Suite("Header edits") struct HeaderEditTests {
  let folder: TemporaryFolder
  let path: String
  let model = ModelFile.everyType

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("model.gguf")
  }

  /// Changes the file, and checks that all else stayed.
  private func change(
    room: Int? = nil, renaming: [String: String] = [:], _ change: (inout Metadata) -> Void
  ) throws -> HeaderEdit.Method {
    let file = try GGUFFile.open(path)
    var metadata = file.metadata
    change(&metadata)
    let expected = metadata.withHeaderRoom(nil)
    let tensors = try file.tensors.map {
      (renaming[$0.name] ?? $0.name, $0.dimensions, $0.type, try file.bytes(of: $0))
    }
    let edit = try HeaderEdit(file, metadata: metadata, renaming: renaming, room: room)
    let method = try edit.apply()
    let after = try GGUFFile.open(path)
    #expect(after.metadata.withHeaderRoom(nil).sorted == expected.sorted)
    #expect(after.byteOrder == file.byteOrder)
    #expect(after.tensors.map(\.name) == tensors.map(\.0))
    for (tensor, (_, dimensions, type, bytes)) in zip(after.tensors, tensors) {
      #expect(tensor.dimensions == dimensions && tensor.type == type)
      #expect(try after.bytes(of: tensor) == bytes)
    }
    return method
  }

  @Test(arguments: [ByteOrder.little, .big])
  func `a key that fits is changed in place, one that does not by a new file`(
    _ order: ByteOrder
  ) throws {
    try model.write(to: path, order: order)
    #expect(try change { $0["value.4.uint32"] = .uint32(5) } == .header)
    #expect(try change { _ in } == .unchanged)
    #expect(
      try change { $0["new"] = .string(MetadataString(String(repeating: "x", count: 99))) } == .file
    )
    #expect(try change { $0["new"] = nil } == .header)
    #expect(try change { $0["new"] = .string("x") } == .header)
  }

  @Test func `room is used up, given back, and kept by a new file`() throws {
    try model.write(to: path)
    #expect(try change(room: 1000) { _ in } == .file)
    #expect(try GGUFFile.open(path).metadata.headerRoom == 1000)
    let size = try GGUFFile.open(path).byteCount
    let long = MetadataValue.string(MetadataString(String(repeating: "x", count: 900)))
    #expect(try change { $0["new"] = long } == .header)
    #expect(try GGUFFile.open(path).byteCount == size)
    #expect(try GGUFFile.open(path).metadata.headerRoom ?? 0 < 100)
    #expect(try change { $0["new"] = nil } == .header)
    #expect(try GGUFFile.open(path).metadata.headerRoom == 1000)
    #expect(
      try change {
        $0["new"] = .array(MetadataArray(strings: Array(repeating: "yes", count: 1000)))
      } == .file)
    #expect(try GGUFFile.open(path).metadata.headerRoom == 1000)
    #expect(try change(room: 0) { _ in } == .file)
    #expect(try GGUFFile.open(path).metadata.headerRoom == nil)
  }

  /// Every length from none to far more than the key that holds the room takes.
  @Test func `any length of a value leaves a header that ends at the data`() throws {
    try model.write(to: path)
    _ = try change(room: 200) { _ in }
    for length in 0..<260 {
      _ = try change { $0["new"] = .string(MetadataString(String(repeating: "x", count: length))) }
    }
  }

  @Test func `tensors get other names`() throws {
    try model.write(to: path)
    #expect(try change(room: 100, renaming: ["scalar": "a much longer name"]) { _ in } == .file)
    #expect(
      try change(renaming: ["a much longer name": "short", "last": "first"]) { _ in } == .header)
    let file = try GGUFFile.open(path)
    #expect(throws: FileError.self) {
      try HeaderEdit(file, metadata: file.metadata, renaming: ["short": "first"])
    }
    #expect(throws: FileError.self) {
      try HeaderEdit(file, metadata: file.metadata, renaming: ["short": "../first"])
    }
  }

  @Test func `another alignment is refused`() throws {
    try model.write(to: path)
    let file = try GGUFFile.open(path)
    var metadata = file.metadata
    metadata["general.alignment"] = .uint32(64)
    #expect { try HeaderEdit(file, metadata: metadata) } throws: {
      "\($0)".contains("general.alignment cannot be edited")
    }
  }

  @Test func `bytes after the last tensor stay`() throws {
    let bytes = try model.fileBytes() + [1, 2, 3]
    _ = try folder.write(bytes)
    _ = try change { $0["new"] = .string(MetadataString(String(repeating: "x", count: 99))) }
    #expect(try LocalFile.contents(of: path).suffix(3) == [1, 2, 3])
  }
}

extension Metadata {
  /// Keys in alphabetical order: the key of the room moves.
  fileprivate var sorted: [Entry] { entries.sorted { $0.key < $1.key } }
}
