// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Manifests") struct ManifestTests {
  private let folder: TemporaryFolder
  private let model: Verification

  init() async throws {
    folder = try TemporaryFolder()
    var file = ModelFile()
    file.add("a", [2], bytes: Array(repeating: 0, count: 8))
    file.add("b:c", [1], bytes: Array(repeating: 0, count: 4))
    file.add("d e", [1], bytes: Array(repeating: 0, count: 4))
    try file.write(to: folder.path("m.gguf"))
    model = try await ModelVerifier.verify(folder.path("m.gguf"), threads: 2, hashes: true)
  }

  private func faults(_ text: String) throws -> [Fault] {
    try Manifest(path: "list", text: text, for: model).faults(in: model)
  }

  private func digest(_ name: String) -> String {
    model.tensors.first { $0.name == name }?.sha256 ?? ""
  }

  @Test func `what is written is understood`() throws {
    #expect(try faults(Manifest.text(of: model)) == [])
    let rewritten = Manifest.text(of: model).uppercased()
      .replacing("SHA256", with: "sha256").replacing(":A", with: ":a")
      .replacing(":B:C", with: ":b:c").replacing(":D E", with: ":d e").replacing("\n", with: "\r\n")
    // Hexadecimal digits of either case; the file's own lines name another file then.
    #expect(try faults(rewritten) == [])
  }

  @Test func `lines of other hashes, comments and empty lines are passed over`() throws {
    let text = """
      # a comment
      xxh64     f66e9cd66a4396a0  m.gguf:a

      sha256    \(digest("a"))  some:where/m.gguf:a
      sha1      59f79ecefd8125a996fdf419239051a7e99e5f20  m.gguf:a
      sha256    \(digest("b:c"))  m.gguf:b:c
      sha256    \(digest("d e"))  m.gguf:d e
      """
    #expect(try faults(text) == [])
    #expect(
      try faults(text.replacing("m.gguf:d e", with: "m.gguf:x")).map(\.kind) == [.extra, .missing])
  }

  @Test func `sha256sum's list is enough`() throws {
    let digest = try #require(model.files[0].sha256)
    let other = String(repeating: "0", count: 64)
    #expect(try faults("\(digest)  m.gguf\n\(other)  unknown.gguf\n") == [])
    #expect(try faults("\(digest) *sub/m.gguf\n") == [])
    #expect(try faults("\(other)  m.gguf\n").map(\.kind) == [.hash])
    let error = #expect(throws: QuantError.self) { try faults("\(other)  unknown.gguf\n") }
    #expect(error?.description.contains("expected SHA-256 hashes of") == true)
  }

  @Test func `the digest of the only file is enough, in the forms that sites show`() throws {
    let digest = try #require(model.files[0].sha256)
    let other = String(repeating: "0", count: 64)
    let forms: [(String) -> String] = [
      { "\($0)\n" }, { "sha256:\($0)" }, { "SHA256:\($0.uppercased())\n\n" },
      { "version https://git-lfs.github.com/spec/v1\noid sha256:\($0)\nsize 1\n" },
    ]
    for form in forms {
      #expect(try faults(form(digest)) == [])
      #expect(try faults(form(other)).map(\.kind) == [.hash])
    }
    #expect(Manifest.isDigest(digest) && Manifest.isDigest("sha256:\(digest)"))
    #expect(!Manifest.isDigest("m.sha256") && !Manifest.isDigest(String(digest.dropLast())))
  }

  @Test(arguments: ["sha256 12 m.gguf:a", "hello", "md5 00 m.gguf", "sha256"])
  func `a line that is none of a manifest is told by its number`(_ line: String) throws {
    let error = #expect(throws: QuantError.self) { try faults("# first\n\(line)\n") }
    #expect(
      error?.description.hasPrefix("list: line 2: expected \"sha256 HEX FILE:TENSOR\"") == true)
  }
}

@Suite("Looking through models") struct ModelVerifierTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Tensors longer than a piece, with damage on both sides of the pieces' ends.
  @Test(arguments: [1, 3]) func `faults at the ends of pieces`(_ threads: Int) async throws {
    var model = ModelFile()
    let count = (1 << 18) + 4096
    var bytes = [UInt8](repeating: 0, count: 4 * count)
    for place in [0, (1 << 18) - 1, 1 << 18, count - 1] { bytes[4 * place + 3] = 0x7F }
    for place in [0, (1 << 18) - 1, 1 << 18, count - 1] { bytes[4 * place + 2] = 0x80 }
    model.add("long", [count], .F32, bytes: bytes)
    model.add("after", [1], .F32, bytes: [0, 0, 0x80, 0x7F])
    try model.write(to: folder.path("m.gguf"))
    let found = try await ModelVerifier.verify(
      folder.path("m.gguf"), threads: threads, hashes: threads > 1)
    #expect(found.faults.compactMap(\.block) == [0, (1 << 18) - 1, 1 << 18, count - 1, 0])
    #expect(found.faults.map(\.tensor).last == "after")
    #expect(found.checkedBytes == 4 * count + 4)
    if threads > 1 { #expect(try found.tensors[0].sha256 == SHA256.hex(bytes)) }
  }

  @Test func `a file cut short while it is read is an error`() async throws {
    var model = ModelFile()
    model.add("a", [1 << 20], .I8)
    try model.write(to: folder.path("m.gguf"))
    let path = folder.path("m.gguf")
    await #expect(throws: QuantError.self) {
      _ = try await ModelVerifier.verify(path, threads: 1, hashes: false) { _ in
        try? FileHandle(forWritingTo: URL(filePath: path)).truncate(atOffset: 1000)
      }
    }
  }

  @Test func `differences are those of plain loops`() async throws {
    let rows = FormatTesting.rows(8, of: 256, seed: 5)
    let encoded = try FormatTesting.encoder("Q4_K").encoded(rows, rowWeights: 256)
    let decoded = try FormatTesting.format("Q4_K").decoded(encoded)
    var (plain, packed) = (ModelFile(), ModelFile())
    plain.add("blk.0.ffn_up.weight", [256, 8], bytes: TinyLlama.bytes(rows))
    packed.add("blk.0.ffn_up.weight", [256, 8], .Q4_K, bytes: encoded)
    try plain.write(to: folder.path("plain.gguf"))
    try packed.write(to: folder.path("packed.gguf"))
    let found = try await ModelComparison(
      GGUFFile.open(folder.path("packed.gguf")), against: GGUFFile.open(folder.path("plain.gguf")),
      threads: 2)
    let error = FormatTesting.relativeError(rows, decoded, importance: nil)
    #expect(abs((found.whole.relativeError ?? 0) - error) < 1e-9)
    #expect(found.tensors.map(\.type) == ["Q4_K"] && found.tensors.map(\.otherType) == ["F32"])
    let largest = zip(rows, decoded).map { abs(Double($0) - Double($1)) }.max()
    #expect(found.whole.largest == largest)
    #expect((found.whole.cosine ?? 0) > 0.99 && (found.whole.cosine ?? 2) < 1)
  }
}
