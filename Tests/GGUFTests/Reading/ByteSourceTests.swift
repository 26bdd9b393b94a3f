// SPDX-License-Identifier: MIT
import GGUF
import TestSupport
import Testing

/// Files in memory: a source that is no local file.
private struct MemorySource: ByteSource {
  let name: String
  let files: [String: [UInt8]]
  let version = 0

  var byteCount: Int { files[name]?.count ?? 0 }

  func read(at offset: Int, into buffer: inout MutableRawSpan) throws(FileError) {
    let bytes = files[name] ?? []
    guard offset + buffer.byteCount <= bytes.count else {
      throw .malformed(
        file: name, offset: offset, what: "data", expected: "\(buffer.byteCount) bytes",
        found: "the end of the file")
    }
    for index in 0..<buffer.byteCount {
      buffer.storeBytes(of: bytes[offset + index], toByteOffset: index, as: UInt8.self)
    }
  }

  func checkUnchanged() throws(FileError) {}

  func sibling(_ name: String) throws(FileError) -> (any ByteSource)? {
    files[name] == nil ? nil : MemorySource(name: name, files: files)
  }
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
    let file = try GGUFFile.open(MemorySource(name: "a.gguf", files: ["a.gguf": bytes]))
    #expect(file.metadata["long"]?.elements?.strings().last == "token 299999")
    #expect(file.tensors.count == model.tensors.count)
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
    #expect(file.shards.map(\.name) == names.map(\.path))
    #expect(file.tensors.map(\.name) == ModelFile.everyType.tensors.map(\.name))
    let alone = MemorySource(
      name: names[1].path, files: [names[1].path: files[names[1].path] ?? []])
    #expect(throws: FileError.self) { try GGUFFile.open(alone) }
  }
}
