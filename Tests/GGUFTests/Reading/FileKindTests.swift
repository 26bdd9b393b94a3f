// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("Files of other kinds") struct FileKindTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static func littleEndian(_ number: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  private static let name = Array("blk.7.attn_k.weight".utf8)
  private static let text = "Some words, and an ä. "

  static let samples: [(kind: FileKind?, bytes: [UInt8])] = [
    (.safetensors, littleEndian(64, 8) + Array("{\"__metadata__\":{}}".utf8)),
    (
      .legacyImportanceMatrix,
      littleEndian(3, 4) + littleEndian(name.count, 4) + name + littleEndian(5, 4)
    ),
    (.lfsPointer, Array("version https://git-lfs.github.com/spec/v1\noid sha256:0".utf8)),
    (.webPage, Array("\n <HTML><head>".utf8)), (.json, Array("{\"model_type\": \"x\"}".utf8)),
    (.text, Array("Invalid username or password.".utf8)),
    (.zip, [0x50, 0x4B, 3, 4, 20, 0, 0, 0]), (.gzip, [0x1F, 0x8B, 8, 0, 0, 0]),
    (.zstd, [0x28, 0xB5, 0x2F, 0xFD, 4, 0]), (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0]),
    (.bzip2, Array("BZh9".utf8) + [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]),
    (.parquet, Array("PAR1".utf8) + [0x15, 4, 0]), (.pdf, Array("%PDF-1.7\n".utf8)),
    (.utf16, [0xFF, 0xFE] + text.utf16.flatMap { littleEndian(Int($0), 2) }),
    (.utf16, text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }),
    (.zeros, [0, 0, 0, 0, 0, 0, 0, 0, 1]), (nil, [9, 200, 7, 255, 3]), (nil, []),
  ]

  @Test(arguments: samples.indices) func `the first bytes tell the kind`(_ index: Int) {
    let (kind, bytes) = Self.samples[index]
    #expect(FileKind(beginning: bytes) == kind)
    // More bytes than are looked at, and a character cut apart at their end.
    let long = bytes + Array(String(repeating: "ä", count: 3000).utf8)
    if kind == .text || kind == .json { #expect(FileKind(beginning: long) == kind) }
  }

  @Test(arguments: samples.indices) func `opened as a model, each is named`(_ index: Int) throws {
    let (kind, bytes) = Self.samples[index]
    guard let kind, bytes.count >= 4 else { return }
    let path = try folder.write(bytes, "file")
    let error = #expect(throws: FileError.self) { try GGUFFile.open(path) }
    let found = "\(path): byte 0: the magic: expected \"GGUF\", found \(kind.sentence)"
    #expect(error?.description == found)
  }

  @Test func `a folder lists its GGUF files`() throws {
    for name in ["b.gguf", "a.gguf", "notes.txt"] { _ = try folder.write([1], name) }
    let error = #expect(throws: FileError.self) { try GGUFFile.open(folder.url.path) }
    #expect(error?.description.hasSuffix("the GGUF files in it are a.gguf, b.gguf") == true)
    let empty = try TemporaryFolder()
    let other = #expect(throws: FileError.self) { try GGUFFile.open(empty.url.path) }
    #expect(other?.description.hasSuffix("there is no GGUF file in it") == true)
  }

  @Test func `addresses and standard input are no files`() {
    let address = #expect(throws: FileError.self) {
      try GGUFFile.open("https://example.org/a.gguf")
    }
    #expect(address?.description.contains("download the file first") == true)
    let input = #expect(throws: FileError.self) { try GGUFFile.open("-") }
    #expect(input?.description.contains("standard input") == true)
  }
}
