// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("Round trips") struct RoundTripTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [ByteOrder.little, .big])
  func `what is written is read`(order: ByteOrder) throws {
    let model = ModelFile.everyType
    let path = folder.path("model.gguf")
    try model.write(to: path, order: order)
    let file = try GGUFFile.open(path)
    #expect(file.byteOrder == order && file.formatVersion == 3)
    #expect(file.metadata == model.metadata)
    #expect(file.metadata.keys == model.metadata.keys)
    try expect(file, holds: model)
  }

  @Test func `values come back one by one, not only equal`() throws {
    let path = folder.path("model.gguf")
    try ModelFile.everyType.write(to: path, order: .big)
    let metadata = try GGUFFile.open(path).metadata
    #expect(Set(metadata.entries.map(\.value.type)) == Set(MetadataType.allCases))
    #expect(metadata["value.4.uint32"]?.integer == 4_000_000_000)
    #expect(metadata["value.11.int64"]?.integer == -1 << 62)
    #expect(metadata["value.6.float32"]?.number == -1.5)
    #expect(metadata["value.7.bool"]?.flag == true)
    #expect(metadata["value.8.string"]?.text == "Grüße, 世界 🌍")
    #expect(metadata["array.string"]?.elements?.strings(1) == ["Grüße, 世界 🌍"])
    #expect(metadata["array.int16"]?.elements?.integers() == [-30_000, -32_768, 32_767])
    #expect(metadata["array.array"]?.elements?.values()[1].elements?.strings().count == 3)
    #expect(metadata.architecture == "llama")
  }

  @Test func `bytes of floats are kept, NaN and minus zero too`() throws {
    let values: [Float] = [.nan, -.nan, .signalingNaN, -0.0, .infinity, .leastNonzeroMagnitude]
    var model = ModelFile()
    model.metadata["nan"] = .float64(.nan)
    model.metadata["floats"] = .array(
      MetadataArray(elementType: .float32, values.map(MetadataValue.float32)))
    for order in [ByteOrder.little, .big] {
      let path = folder.path("\(order).gguf")
      try model.write(to: path, order: order)
      #expect(try GGUFFile.open(path).metadata == model.metadata)
    }
    #expect(MetadataValue.float32(-0.0) != .float32(0) && MetadataValue.int8(1) != .uint8(1))
  }

  @Test func `strings that are not UTF-8 are kept`() throws {
    let bytes: [UInt8] = [0x80, 0x00, 0xFF, 0x61, 0xED, 0xA0, 0x80]
    var model = ModelFile()
    model.metadata["raw"] = .string(MetadataString(bytes: bytes))
    model.metadata["tokens"] = .array(
      MetadataArray(elementType: .string, [.string(MetadataString(bytes: bytes)), .string("b")]))
    let path = folder.path("model.gguf")
    try model.write(to: path)
    let file = try GGUFFile.open(path)
    #expect(file.metadata == model.metadata)
    #expect(file.metadata["raw"]?.text == "\\x80\0\\xFFa\\xED\\xA0\\x80")
  }

  @Test(arguments: 10...15 as ClosedRange<UInt64>)
  func `a copy through reader and writer is the same file`(seed: UInt64) throws {
    let model = seed == 10 ? ModelFile.everyType : .random(seed: seed)
    let (source, copy) = (folder.path("source.gguf"), folder.path("copy.gguf"))
    try model.write(to: source)
    try Self.copied(GGUFFile.open(source)).write(to: copy)
    #expect(FileManager.default.contentsEqual(atPath: source, andPath: copy))
  }

  @Test func `a copy in the other byte order and back is the same file`() throws {
    let names = ["little", "big", "again"].map { folder.path("\($0).gguf") }
    try ModelFile.everyType.write(to: names[0])
    try Self.copied(GGUFFile.open(names[0])).write(to: names[1], order: .big)
    #expect(try GGUFFile.open(names[1]).metadata == GGUFFile.open(names[0]).metadata)
    try Self.copied(GGUFFile.open(names[1])).write(to: names[2])
    #expect(FileManager.default.contentsEqual(atPath: names[0], andPath: names[2]))
  }

  @Test func `version 2 reads like version 3`() throws {
    let path = folder.path("model.gguf")
    try ModelFile.everyType.write(to: path)
    let handle = try FileHandle(forWritingTo: folder.file("model.gguf"))
    try handle.seek(toOffset: 4)
    try handle.write(contentsOf: [2])
    let file = try GGUFFile.open(path)
    #expect(file.formatVersion == 2)
    #expect(file.metadata == ModelFile.everyType.metadata)
    try expect(file, holds: .everyType)
  }

  @Test(arguments: [1, 2, 8, 32, 64, 4096, 1 << 20])
  func `alignments`(alignment: Int) throws {
    var model = ModelFile.everyType
    model.metadata["general.alignment"] = .uint32(UInt32(alignment))
    let path = folder.path("model.gguf")
    try model.write(to: path)
    let file = try GGUFFile.open(path)
    #expect(file.metadata.alignment == alignment && file.files[0].headerByteCount % alignment == 0)
    #expect(file.tensors.allSatisfy { $0.byteOffset % alignment == 0 })
    try expect(file, holds: model)
    let last = try #require(file.tensors.last)
    let end = last.byteOffset + (last.byteCount ?? 0)
    #expect(file.byteCount == (end + alignment - 1) / alignment * alignment)
  }

  /// Checks names, shapes, types and bytes, read both ways.
  private func expect(_ file: GGUFFile, holds model: ModelFile) throws {
    #expect(file.tensors.map(\.name) == model.tensors.map(\.name))
    for (tensor, (description, content)) in zip(file.tensors, zip(model.tensors, model.contents)) {
      #expect(tensor.dimensions == description.dimensions && tensor.type == description.type)
      #expect(try file.bytes(of: tensor) == content)
      #expect(try file.read(tensor, at: 0, count: content.count) == content)
      #expect(try file.tensor(tensor.name) == tensor && file.contains(tensor.name))
    }
    #expect(file.files[0].trailingByteCount == 0 && !file.files[0].isTruncated)
    #expect(throws: FileError.self) { try file.tensor("no such tensor") }
    #expect(!file.contains("no such tensor"))
  }

  /// The content of a file, as a model to be written.
  private static func copied(_ file: GGUFFile) throws -> ModelFile {
    var model = ModelFile()
    model.metadata = file.metadata
    for tensor in file.tensors {
      model.add(tensor.name, tensor.dimensions, tensor.type, bytes: try file.bytes(of: tensor))
    }
    return model
  }
}
