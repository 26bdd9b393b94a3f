// SPDX-License-Identifier: MIT
import GGUF
import Synchronization
import TestSupport
import Testing

/// How many bytes were read of a source.
private final class ReadCount: Sendable {
  let bytes = Atomic(0)
}

/// Files in memory: a source that is no local file.
private struct MemorySource: ByteSource {
  let name: String
  let files: [String: [UInt8]]
  let version = 0
  let count = ReadCount()

  var byteCount: Int { files[name]?.count ?? 0 }

  func read(at offset: Int, into buffer: inout MutableRawSpan) throws(FileError) {
    let bytes = files[name] ?? []
    guard offset + buffer.byteCount <= bytes.count else {
      throw .malformed(
        file: name, offset: offset, what: "data", expected: "\(buffer.byteCount) bytes",
        found: "the end of the file")
    }
    count.bytes.add(buffer.byteCount, ordering: .relaxed)
    for index in 0..<buffer.byteCount {
      buffer.storeBytes(of: bytes[offset + index], toByteOffset: index, as: UInt8.self)
    }
  }

  func checkUnchanged() throws(FileError) {}

  func sibling(_ name: String) throws(FileError) -> (any ByteSource)? {
    files[name] == nil ? nil : MemorySource(name: name, files: files)
  }
}

/// A model whose keys never end: an array of 2^40 bytes.
private struct EndlessSource: ByteSource {
  let name = "endless.gguf"
  let byteCount = 1 << 42
  let version = 0
  private static let start: [UInt8] =
    Array("GGUF".utf8) + [3, 0, 0, 0] + word(0) + word(1) + word(1) + [UInt8(ascii: "a")]
    + [9, 0, 0, 0, 0, 0, 0, 0] + word(1 << 40)

  private static func word(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  func read(at offset: Int, into buffer: inout MutableRawSpan) throws(FileError) {
    for (index, byte) in Self.start.enumerated() where index >= offset {
      buffer.storeBytes(of: byte, toByteOffset: index - offset, as: UInt8.self)
    }
  }

  func checkUnchanged() throws(FileError) {}
  func sibling(_ name: String) throws(FileError) -> (any ByteSource)? { nil }
}

@Suite("Byte sources") struct ByteSourceTests {
  @Test func `a model opens from a source that is no local file`() throws {
    let model = ModelFile.everyType
    let source = MemorySource(name: "a.gguf", files: ["a.gguf": try model.fileBytes()])
    let file = try GGUFFile.open(source)
    #expect(file.metadata == model.metadata && file.path == "a.gguf")
    for (tensor, content) in zip(file.tensors, model.contents) {
      #expect(try file.bytes(of: tensor) == content)
    }
  }

  @Test func `a header longer than the first bytes that are read`() throws {
    var model = ModelFile.everyType
    model.metadata["long"] = .array(
      MetadataArray(strings: (0..<300_000).map { "token \($0)" }))
    let bytes = try model.fileBytes()
    #expect(bytes.count > 3 << 20)
    let source = MemorySource(name: "a.gguf", files: ["a.gguf": bytes])
    let file = try GGUFFile.open(source)
    #expect(file.metadata["long"]?.elements?.strings().last == "token 299999")
    #expect(file.tensors.count == model.tensors.count)
    #expect(source.count.bytes.load(ordering: .relaxed) <= bytes.count, "bytes were read twice")
  }

  @Test func `more tensors than the first bytes that are read have room for`() throws {
    var model = ModelFile()
    for number in 0..<50_000 { model.add("blk.\(number).weight", [8]) }
    let source = MemorySource(name: "a.gguf", files: ["a.gguf": try model.fileBytes()])
    let file = try GGUFFile.open(source)
    #expect(file.tensors.map(\.name) == model.tensors.map(\.name))
    #expect(try file.bytes(of: file.tensors[49_999]) == model.contents[49_999])
  }

  @Test func `no more is read of a header that breaks the format`() throws {
    var bytes = try ModelFile.everyType.fileBytes() + [UInt8](repeating: 0, count: 9 << 20)
    bytes[24] = 0  // the length of the first key
    let source = MemorySource(name: "a.gguf", files: ["a.gguf": bytes])
    #expect(throws: FileError.self) { try GGUFFile.open(source) }
    #expect(source.count.bytes.load(ordering: .relaxed) == 1 << 20)
  }

  @Test func `a header without an end is refused`() throws {
    let source = EndlessSource()
    let error = #expect(throws: FileError.self) { try GGUFFile.open(source) }
    #expect("\(try #require(error))".contains("its end within the first 256 MiB"))
  }

  @Test func `a file that is cut off is refused with its place`() throws {
    let bytes = try ModelFile.everyType.fileBytes()
    let source = MemorySource(name: "a.gguf", files: ["a.gguf": Array(bytes[..<100])])
    #expect(throws: FileError.self) { try GGUFFile.open(source) }
  }

  @Test func `the source is asked for the other shards`() throws {
    let shards = try ShardTests()
    let names = try shards.split(by: .maxTensors(2))
    let files = Dictionary(
      uniqueKeysWithValues: try names.map { ($0.path, try LocalFile.contents(of: $0.path)) })
    let file = try GGUFFile.open(MemorySource(name: names[1].path, files: files))
    #expect(file.files.map(\.name) == names.map(\.path))
    #expect(file.tensors.map(\.name) == ModelFile.everyType.tensors.map(\.name))
    let alone = MemorySource(
      name: names[1].path, files: [names[1].path: files[names[1].path] ?? []])
    #expect(throws: FileError.self) { try GGUFFile.open(alone) }
  }
}
