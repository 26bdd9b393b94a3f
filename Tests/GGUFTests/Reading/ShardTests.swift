// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("Shards") struct ShardTests {
  let folder: TemporaryFolder
  let model = ModelFile.everyType

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [SplitRule.maxTensors(2), .maxTensors(1), .maxBytes(512), .maxBytes(1)])
  func `a split model opens through any of its shards`(rule: SplitRule) throws {
    let names = try split(by: rule)
    #expect(names.count > 1)
    for name in names {
      let file = try GGUFFile.open(name.path)
      #expect(file.files.map(\.name) == names.map(\.path))
      #expect(file.metadata.withoutSplitKeys() == model.metadata)
      #expect(file.tensors.map(\.name) == model.tensors.map(\.name))
      for (tensor, content) in zip(file.tensors, model.contents) {
        #expect(try file.bytes(of: tensor) == content)
        #expect(try file.read(tensor, at: 0, count: content.count) == content)
      }
      #expect(file.byteCount == file.files.reduce(0) { $0 + $1.byteCount })
    }
  }

  @Test func `shards keep alignment and byte order`() throws {
    var aligned = model
    aligned.metadata["general.alignment"] = .uint32(256)
    let names = try split(aligned, by: .maxTensors(3), order: .big)
    let file = try GGUFFile.open(names[1].path)
    #expect(file.byteOrder == .big)
    #expect(file.metadata.alignment == 256)
    #expect(file.files.allSatisfy { $0.headerByteCount % 256 == 0 })
    // The number of keys.
    #expect(try file.bytes(16..<24, ofFile: 1) == [0, 0, 0, 0, 0, 0, 0, 4])
  }

  @Test func `X1: a shard that is not there is named`() throws {
    let names = try split(by: .maxTensors(2))
    Disk.remove(names[1].path)
    for name in [names[0], names[2]] {
      let error = try refusal(name)
      #expect(error.hasPrefix("\(name.path): there is no shard 2 of 3"))
      #expect(error.contains(names[1].path))
    }
  }

  @Test(arguments: [
    ("split.no", 2), ("split.no", 3), ("split.no", 65_535), ("split.no", nil),
    ("split.count", 65_535), ("split.count", 4), ("split.count", -1),
    ("split.tensors.count", 7), ("split.tensors.count", -1), ("split.tensors.count", nil),
  ])
  func `X1: numbers that do not agree`(key: String, number: Int?) throws {
    let names = try split(by: .maxTensors(2)) { shard, index in
      guard index == 1 else { return }
      shard.metadata[key] = number.map { .int32(Int32($0)) }
    }
    for name in names {
      // Through the bad shard the others are at fault, or its own name is.
      let error = try refusal(name)
      #expect(error.contains(".gguf: byte ") && error.contains(key))
      #expect(!error.contains("byte 0:"))
    }
  }

  @Test func `X1: a count of no integer type is refused`() throws {
    var bad = model
    for value in [MetadataValue.string("3"), .float32(3), .uint64(.max), .bool(true)] {
      bad.metadata["split.count"] = value
      let path = folder.path("model.gguf")
      try bad.write(to: path)
      let error = try #require(throws: FileError.self) { try GGUFFile.open(path) }
      #expect("\(error)".contains("split.count: expected 0 to 65534"))
    }
  }

  @Test func `X1: the file name must agree with the count`() throws {
    let names = try split(by: .maxTensors(2))
    let renamed = SplitName(prefix: names[0].prefix, index: 0, count: 2)
    for path in [renamed.path, folder.path("model.gguf")] {
      try FileManager.default.copyItem(atPath: names[0].path, toPath: path)
      let error = try #require(throws: FileError.self) { try GGUFFile.open(path) }
      #expect("\(error)".contains("split.count: expected 3 in the file's name"))
    }
  }

  @Test func `X1: shards of another model are refused`() throws {
    let names = try split(by: .maxTensors(2)) { shard, index in
      if index == 1 { shard.metadata["general.architecture"] = .string("gemma3") }
    }
    #expect(try refusal(names[0]).contains("general.architecture: expected llama, found gemma3"))
  }

  @Test func `X1: a tensor in two shards is refused`() throws {
    let names = try split(by: .maxTensors(2)) { shard, index in
      if index == 2 { shard.tensors[1].name = model.tensors[0].name }
    }
    let error = try refusal(names[1])
    #expect(error.hasPrefix("\(names[2].path): byte "))
    #expect(error.contains("\"token_embd.weight\"") && error.contains(names[0].path))
  }

  @Test func `X1: shards of the other byte order are refused`() throws {
    let names = try split(by: .maxTensors(3), order: .little)
    let second = try Data(contentsOf: URL(filePath: names[1].path))
    _ = try split(by: .maxTensors(3), order: .big)
    try second.write(to: URL(filePath: names[1].path))
    #expect(try refusal(names[0]).contains("byte 4: the byte order: expected big-endian"))
  }

  @Test func `X1: a broken or cut shard is refused through any other`() throws {
    let names = try split(by: .maxTensors(2))
    let bytes = try Data(contentsOf: URL(filePath: names[1].path))
    try bytes.prefix(bytes.count / 2).write(to: URL(filePath: names[1].path))
    for name in names { #expect(try refusal(name).hasPrefix("\(names[1].path): byte ")) }
  }

  @Test(arguments: [0, 1] as [UInt16])
  func `a model that says it is whole is one, whatever its name`(count: UInt16) throws {
    var whole = model
    whole.metadata["split.count"] = .uint16(count)
    whole.metadata["split.no"] = .uint16(0)
    whole.metadata["split.tensors.count"] = .int32(Int32(model.tensors.count))
    for name in ["merged.gguf", "model-00001-of-00001.gguf", "model-00002-of-00009.gguf"] {
      try whole.write(to: folder.path(name))
      #expect(try GGUFFile.open(folder.path(name)).files.count == 1)
    }
  }

  @Test func `X1: shard 2 of 1 is refused`() throws {
    var whole = model
    whole.metadata["split.count"] = .uint16(1)
    whole.metadata["split.no"] = .uint16(1)
    let path = folder.path("model-00001-of-00001.gguf")
    try whole.write(to: path)
    let error = try #require(throws: FileError.self) { try GGUFFile.open(path) }
    #expect("\(error)".contains("split.no: expected 0, found 1"))
  }

  /// The text of the error that a model is refused with.
  private func refusal(_ name: SplitName) throws -> String {
    "\(try #require(throws: FileError.self) { try GGUFFile.open(name.path) })"
  }

  /// Writes the model as shards, each changed by `change` before it is written.
  func split(
    _ model: ModelFile? = nil, by rule: SplitRule, order: ByteOrder = .little,
    change: (inout ModelFile, Int) -> Void = { _, _ in }
  ) throws -> [SplitName] {
    let model = model ?? self.model
    let alignment = try #require(model.metadata.alignment)
    let ranges = rule.ranges(model.tensors, alignment: alignment)
    return try ranges.enumerated().map { index, range in
      var shard = ModelFile()
      shard.metadata = model.metadata.forShard(
        index, of: ranges.count, tensorCount: model.tensors.count)
      shard.tensors = Array(model.tensors[range])
      shard.contents = Array(model.contents[range])
      change(&shard, index)
      let name = SplitName(prefix: folder.path("model"), index: index, count: ranges.count)
      try shard.write(to: name.path, order: order)
      return name
    }
  }
}

extension ShardTests {
  @Test func `X1: any shard alone is enough where that is all that is asked`() throws {
    let names = try split(by: .maxTensors(2))
    for (index, name) in names.enumerated() {
      for other in names where other != name {
        try? FileManager.default.removeItem(atPath: other.path)
      }
      let file = try GGUFFile.open(name.path, requiring: .presentShards)
      let missing = try #require(file.missingShards)
      #expect(missing.numbers == [1, 2, 3].filter { $0 != index + 1 } && missing.count == 3)
      #expect(missing.tensorCount == model.tensors.count - file.tensors.count)
      #expect(file.files.map(\.name) == [name.path] && file.tensors.allSatisfy { $0.shard == 0 })
      _ = try split(by: .maxTensors(2))
    }
  }

  @Test(arguments: ["0123abcd", "model-00002-of-00003.gguf.part"])
  func `X1: a shard of another name is read alone`(other: String) throws {
    let names = try split(by: .maxTensors(2))
    let path = folder.path(other)
    try FileManager.default.copyItem(atPath: names[1].path, toPath: path)
    let file = try GGUFFile.open(path, requiring: .presentShards)
    #expect(file.missingShards?.numbers == [1, 3])
    let tensors = try GGUFFile.open(names[1].path).tensors.filter { $0.shard == 1 }
    #expect(file.tensors.map(\.name) == tensors.map(\.name))
    #expect(throws: FileError.self) { try GGUFFile.open(path, requiring: .headerOnly) }
  }

  @Test func `X1: shards that are there are put together, and nothing is said of a whole model`()
    throws
  {
    let names = try split(by: .maxTensors(2))
    #expect(try GGUFFile.open(names[1].path, requiring: .presentShards).missingShards == nil)
    Disk.remove(names[1].path)
    let file = try GGUFFile.open(names[2].path, requiring: .presentShards)
    #expect(file.files.map(\.name) == [names[0].path, names[2].path])
    #expect(Set(file.tensors.map(\.shard)) == [0, 1])
    for tensor in file.tensors {
      let place = try #require(model.tensors.firstIndex { $0.name == tensor.name })
      #expect(try file.bytes(of: tensor) == model.contents[place])
    }
    #expect(
      file.missingShards?.sentence.hasPrefix("shard 2 of 3 is not there, with 2 tensors") == true)
  }
}
