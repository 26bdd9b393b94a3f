// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Damage that `verify` must find, through the tool.
@Suite("gguf-tool verify") struct VerifyTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// What `--json` gives, as far as these tests look.
  private struct Result: Decodable {
    struct Fault: Decodable, Equatable {
      var kind: String
      var tensor: String?
      var field: String?
      var block: Int?
      var row: Int?
      var column: Int?
      var offset_bytes: Int?
      var expected: String
      var found: String
    }
    struct Tensor: Decodable {
      var name: String
      var faulty_blocks: Int
      var sha256: String?
    }
    struct File: Decodable {
      var path: String
      var sha256: String?
      var data_sha256: String?
    }
    struct Difference: Decodable {
      var name: String
      var relative_error: Double?
      var largest_difference: Double
    }
    struct Against: Decodable {
      var whole: Difference
      var tensors: [Difference]
    }
    struct Warning: Decodable { var kind: String }
    var is_sound: Bool
    var fault_count: Int
    var faults: [Fault]
    var warnings: [Warning]
    var tensors: [Tensor]
    var files: [File]
    var against: Against?
  }

  private func run(_ arguments: String...) throws -> Tool.Outcome {
    try Tool.run(["verify"] + arguments, in: folder.url)
  }

  private func verify(_ arguments: String..., status: Int32) throws -> Result {
    let outcome = try Tool.run(["verify", "-t", "2"] + arguments + ["--json"], in: folder.url)
    #expect(outcome.status == status, "\(outcome.errors)")
    #expect(outcome.errors == "")
    return try JSONDecoder().decode(Result.self, from: Data(outcome.output.utf8))
  }

  /// Blocks of several types, all of them sound: what is not random is zero.
  private var model: ModelFile {
    var model = TinyLlama().file()
    model.add("blk.0.more.weight", [64, 40_000], .Q8_0)
    model.add("blk.1.exponents.weight", [32, 3], .MXFP4)
    model.add("blk.1.digits.weight", [256, 2], .TQ2_0, bytes: Array(repeating: 0, count: 132))
    return model
  }

  /// Writes the model with some bytes of a tensor changed.
  private func write(
    _ tensor: String = "", at offset: Int = 0, _ bytes: [UInt8] = [], to name: String = "m.gguf"
  ) throws {
    var model = model
    if let place = model.tensors.firstIndex(where: { $0.name == tensor }) {
      model.contents[place].replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
    try model.write(to: folder.path(name))
  }

  private func offset(of tensor: String) throws -> Int {
    try GGUFFile.open(folder.path("m.gguf")).tensor(tensor).byteOffset
  }

  @Test func `a sound model has no faults`() throws {
    try write()
    let found = try verify("m.gguf", status: 0)
    #expect(found.is_sound && found.faults == [] && found.fault_count == 0)
    let text = try run("m.gguf")
    #expect(text.status == 0 && text.output.contains("no faults"))
    #expect(text.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test func `a scale turned into NaN is found with its place`() throws {
    // Two blocks a row of 34 bytes each: block 70,001 is the second of row 35,000.
    try write("blk.0.more.weight", at: 70_001 * 34, [0x01, 0x7E])
    let found = try verify("m.gguf", status: 1)
    let place = try offset(of: "blk.0.more.weight") + 70_001 * 34
    #expect(
      found.faults == [
        .init(
          kind: "not_finite", tensor: "blk.0.more.weight", field: "d", block: 70_001, row: 35_000,
          column: 32, offset_bytes: place, expected: "a finite number", found: "nan")
      ])
    let text = try run("m.gguf")
    #expect(text.status == 1 && text.output.contains("1 fault"))
    let words = text.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(words.contains("block 70001 (row 35000, column 32), byte \(place), d: expected a"))
  }

  @Test func `weights that are infinite are found`() throws {
    try write("output_norm.weight", at: 4 * 5, [0, 0, 0x80, 0xFF])
    let found = try verify("m.gguf", status: 1)
    #expect(found.faults.map(\.tensor) == ["output_norm.weight"])
    #expect(found.faults.first?.column == 5 && found.faults.first?.found == "-inf")
  }

  @Test func `an exponent that stands for NaN is found`() throws {
    try write("blk.1.exponents.weight", at: 17, [255])
    let found = try verify("m.gguf", status: 1)
    #expect(found.faults.map(\.kind) == ["code"] && found.faults.map(\.block) == [1])
    #expect(found.faults.first?.field == "e" && found.faults.first?.found == "255")
  }

  @Test func `an invalid code is found`() throws {
    try write("blk.1.digits.weight", at: 66 + 9, [0b1100])
    let found = try verify("m.gguf", status: 1)
    #expect(found.faults.map(\.kind) == ["code"] && found.faults.map(\.field) == ["q[9]"])
    #expect(found.faults.first?.row == 1 && found.faults.first?.expected.contains("digits") == true)
  }

  @Test func `many faults are counted, and the first are listed`() throws {
    try write("blk.0.more.weight", at: 34 * 100, Array(repeating: 0xFF, count: 34 * 2_000))
    let found = try verify("m.gguf", status: 1)
    #expect(found.fault_count == 2_000 && found.faults.map(\.block) == Array(100..<108))
    #expect(found.tensors.first { $0.name == "blk.0.more.weight" }?.faulty_blocks == 2_000)
    #expect(try run("m.gguf").output.contains("2,000 blocks with faults in all"))
  }

  @Test func `a last tensor cut short is found, and the others are looked at`() throws {
    try write("output_norm.weight", at: 0, [0, 0, 0xC0, 0x7F])
    let size = try Data(contentsOf: folder.file("m.gguf")).count
    try FileHandle(forWritingTo: folder.file("m.gguf")).truncate(atOffset: UInt64(size - 40))
    let found = try verify("m.gguf", status: 1)
    #expect(found.faults.map(\.kind) == ["truncated", "not_finite"])
    #expect(found.faults.first?.tensor == "blk.1.digits.weight")
    #expect(found.faults.first?.expected == "132 bytes")
  }

  @Test func `tensors that overlap are found`() throws {
    var file = FileBuilder()
    file.header(tensors: 2)
    file.tensor("first", [32])
    file.tensor("second", [32], offset: 64)
    file.pad()
    file.zeros(256)
    try file.write(to: folder.file("m.gguf"))
    let found = try verify("m.gguf", status: 1)
    #expect(found.faults.map(\.kind) == ["structure"])
    #expect(found.faults.first?.field == "tensor \"second\"" && found.faults.first?.found == "64")
    #expect(try run("m.gguf").output.contains("expected offset 128"))
  }

  @Test func `keys that contradict tensors are found`() throws {
    var model = model
    model.metadata["llama.block_count"] = .uint32(0)
    try model.write(to: folder.path("m.gguf"))
    let found = try verify("m.gguf", status: 1)
    #expect(found.faults.map(\.kind) == ["metadata"])
    #expect(found.faults.first?.field == "llama.block_count" && found.faults.first?.found == "0")
  }

  @Test func `a shard that is missing is found`() throws {
    try write()
    let outcome = try Tool.run(
      ["requantize", "m.gguf", "s.gguf", "--type", "COPY", "--split-max-tensors", "10"],
      in: folder.url)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let shards = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
      .filter { $0.hasPrefix("s-") }.sorted()
    #expect(shards.count == 3)
    #expect(try verify(shards[1], status: 0).files.map(\.path) == shards)
    try FileManager.default.removeItem(at: folder.file(shards[2]))
    #expect(try verify(shards[0], status: 1).faults.map(\.kind) == ["missing"])
  }

  @Test func `damage in a big-endian file is found`() throws {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    // The same bits as a little-endian number would be finite.
    model.add("a", [2], .F32, bytes: [0x7F, 0xC0, 0, 0, 0, 0, 0xC0, 0x7F])
    try model.write(to: folder.path("m.gguf"), order: .big)
    #expect(try verify("m.gguf", status: 1).faults.map(\.block) == [0])
  }

  // MARK: Hashes

  @Test func `hashes are those of the bytes`() throws {
    try write()
    let found = try verify("m.gguf", "--hash", status: 0)
    let file = try GGUFFile.open(folder.path("m.gguf"))
    let small = found.tensors.filter { $0.name.contains("norm") || $0.name.contains("digits") }
    #expect(small.count == 6)
    for tensor in small {
      #expect(try tensor.sha256 == SHA256.hex(file.bytes(of: file.tensor(tensor.name))))
    }
    #expect(found.tensors.allSatisfy { $0.sha256?.count == 64 })
    // The hash of nothing, and of "abc", as FIPS 180-4 has them, by way of a model's data.
    var model = ModelFile()
    model.add("abc", [3], .I8, bytes: Array("abc".utf8))
    model.add("none", [0], .I8, bytes: [])
    try model.write(to: folder.path("abc.gguf"))
    let abc = try verify("abc.gguf", "--hash", status: 0)
    #expect(abc.tensors[0].sha256?.hasPrefix("ba7816bf8f01cfea414140de5dae2223") == true)
    #expect(abc.tensors[1].sha256?.hasPrefix("e3b0c44298fc1c149afbf4c8996fb924") == true)
    #expect(abc.files[0].data_sha256 == abc.tensors[0].sha256)
    let bytes = try Data(contentsOf: folder.file("abc.gguf"))
    #expect(try abc.files[0].sha256 == SHA256.hex(Array(bytes)))
  }

  @Test func `a digest stands for a file of one`() throws {
    try write()
    let digest = try SHA256.hex(Array(Data(contentsOf: folder.file("m.gguf"))))
    #expect(try verify("m.gguf", "--check", digest, status: 0).faults == [])
    let other = String(repeating: "a", count: 64)
    #expect(try verify("m.gguf", "--check", "sha256:\(other)", status: 1).faults.count == 1)
    let words = ["requantize", folder.path("m.gguf"), folder.path("s.gguf"), "--type", "COPY"]
    #expect(try Tool.run(words + ["--split-max-tensors", "4"]).status == 0)
    let names = try folder.names(besides: ["m.gguf"]).sorted()
    let split = try run(names[0], "--check", digest)
    #expect(split.status == 1)
    #expect(split.errors.contains("files, found a digest without a name"), "\(split.errors)")
  }

  @Test func `a model is as its manifest says`() throws {
    try write()
    #expect(try run("m.gguf", "--manifest", "m.sha256").status == 0)
    #expect(try verify("m.gguf", "--check", "m.sha256", status: 0).faults == [])
    // Under another name, the tensors are still known.
    try FileManager.default.moveItem(at: folder.file("m.gguf"), to: folder.file("other.gguf"))
    #expect(try verify("other.gguf", "--check", "m.sha256", status: 0).faults == [])
    let lines = try String(contentsOf: folder.file("m.sha256"), encoding: .utf8)
      .split(separator: "\n")
    #expect(lines[0].hasPrefix("sha256    ") && lines[0].hasSuffix("  m.gguf:token_embd.weight"))
    #expect(lines.last?.hasSuffix("  m.gguf") == true && lines.last?.first?.isHexDigit == true)
  }

  @Test func `a wrong hash is found with the name of the tensor`() throws {
    try write()
    #expect(try run("m.gguf", "--manifest", "m.sha256").status == 0)
    try write("blk.0.more.weight", at: 34 * 9 + 5, [0x11])
    let found = try verify("m.gguf", "--check", "m.sha256", status: 1)
    #expect(found.faults.map(\.kind) == ["hash"])
    #expect(found.faults.map(\.tensor) == ["blk.0.more.weight"])
    #expect(found.faults.first?.expected.count == 64 && found.faults.first?.found.count == 64)
  }

  @Test func `tensors that only the model or the manifest has are found`() throws {
    try write()
    #expect(try run("m.gguf", "--manifest", "m.sha256").status == 0)
    var changed = model
    changed.tensors[changed.tensors.count - 1].name = "blk.1.renamed.weight"
    try changed.write(to: folder.path("m.gguf"))
    let found = try verify("m.gguf", "--check", "m.sha256", status: 1)
    #expect(found.faults.map(\.kind) == ["extra", "missing"])
    #expect(found.faults.map(\.tensor) == ["blk.1.renamed.weight", "blk.1.digits.weight"])
  }

  @Test func `a changed header is found by the hash of the file alone`() throws {
    try write()
    #expect(try run("m.gguf", "--manifest", "m.sha256").status == 0)
    var changed = model
    changed.metadata["general.name"] = .string("tinY")
    try changed.write(to: folder.path("m.gguf"))
    let found = try verify("m.gguf", "--check", "m.sha256", status: 1)
    #expect(found.faults.map(\.kind) == ["hash"] && found.faults.first?.tensor == nil)
    #expect(found.faults.first?.field?.contains("outside its tensors") == true)
  }

  @Test func `a damaged model gets no manifest`() throws {
    try write("output_norm.weight", at: 0, [0, 0, 0x80, 0x7F])
    let outcome = try run("m.gguf", "--manifest", "m.sha256")
    #expect(outcome.status == 1 && outcome.errors.contains("m.sha256 is not written"))
    #expect(!FileManager.default.fileExists(atPath: folder.path("m.sha256")))
  }

  @Test func `the manifest does not replace the model`() throws {
    try write()
    let before = try Data(contentsOf: folder.file("m.gguf"))
    let outcome = try run("m.gguf", "--manifest", "m.gguf")
    #expect(outcome.status == 1 && outcome.errors.contains("would replace its own source"))
    #expect(try Data(contentsOf: folder.file("m.gguf")) == before)
  }

  // MARK: Another model

  @Test func `a model does not differ from itself, merged or not`() throws {
    try TinyLlama().file().write(to: folder.path("merged.gguf"))
    try TinyLlama().file(separatesExperts: true).write(to: folder.path("apart.gguf"))
    for (one, other) in [("merged", "merged"), ("merged", "apart"), ("apart", "merged")] {
      let found = try verify("\(one).gguf", "--against", "\(other).gguf", status: 0)
      #expect(found.against?.whole.relative_error == 0)
      #expect(found.against?.tensors.count == (one == other ? 23 : 41))
    }
  }

  @Test func `the difference is that of the weights`() throws {
    let tiny = TinyLlama()
    var changed = tiny
    let name = "blk.1.attn_q.weight"
    changed.weights[name]?[77] += 0.5
    try tiny.file().write(to: folder.path("a.gguf"))
    try changed.file().write(to: folder.path("b.gguf"))
    let found = try verify("b.gguf", "--against", "a.gguf", status: 0)
    let squares = tiny.weights[name]?.reduce(0.0) { $0 + Double($1) * Double($1) } ?? 0
    let tensor = try #require(found.against?.tensors.first { $0.name == name })
    #expect(abs((tensor.relative_error ?? 0) - 0.5 / squares.squareRoot()) < 1e-6)
    #expect(abs(tensor.largest_difference - 0.5) < 1e-6)
    let table = try run("b.gguf", "--against", "a.gguf").output
    #expect(table.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(table.contains(name) && !table.contains("blk.0.attn_q.weight"))
  }

  @Test func `tensors of another shape, or of one model alone, are named`() throws {
    var small = TinyLlama().file()
    try small.write(to: folder.path("a.gguf"))
    small.metadata["general.architecture"] = .string("martian")
    small.tensors[0].dimensions = [16, 268]
    small.contents[0] = Array(repeating: 0, count: 16 * 268 * 4)
    small.tensors[1].name = "new"
    try small.write(to: folder.path("b.gguf"))
    let found = try verify("b.gguf", "--against", "a.gguf", status: 1)
    #expect(found.faults.map(\.kind) == ["shape", "extra", "missing"])
    #expect(
      found.faults.compactMap(\.tensor) == ["token_embd.weight", "new", "blk.0.attn_norm.weight"])
  }

  // MARK: Wrong use

  @Test func `wrong arguments and files that are no manifests are told`() throws {
    try write()
    #expect(try run("m.gguf", "--tensors").status == 64)
    #expect(try run("absent.gguf").status == 1)
    for text in ["sha256 xyz m.gguf:a\n", "what is this\n", "\u{0}\u{1}\u{2}\n", ""] {
      _ = try folder.write(Array(text.utf8), "bad")
      let outcome = try run("m.gguf", "--check", "bad")
      #expect(outcome.status == 1 && outcome.errors.hasPrefix("Error: bad: "))
      #expect(outcome.errors.split(separator: "\n").count == 1)
    }
  }
}
