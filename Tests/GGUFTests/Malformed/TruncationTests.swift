// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("Truncated and shrinking files") struct TruncationTests {
  let folder: TemporaryFolder
  let bytes: [UInt8]
  let whole: GGUFFile

  init() throws {
    folder = try TemporaryFolder()
    let path = folder.path("whole.gguf")
    try ModelFile.everyType.write(to: path)
    bytes = Array(try Data(contentsOf: URL(filePath: path)))
    whole = try GGUFFile.open(path)
  }

  /// Where the last tensor ends; only padding follows.
  private var dataEnd: Int { whole.files[0].dataEnd }

  @Test func `H1: a file cut anywhere before its last weight is refused with a place`() throws {
    let path = try folder.write(bytes)
    let handle = try FileHandle(forWritingTo: folder.file("model.gguf"))
    for count in (0..<dataEnd).reversed() {
      try handle.truncate(atOffset: UInt64(count))
      let error = try #require(throws: FileError.self) { try GGUFFile.open(path) }
      guard case .malformed(path, let offset, _, _, _) = error else {
        Issue.record("cut at \(count): \(error)")
        return
      }
      // A fault lies where the missing bytes should be, or at the start of what they belong to.
      #expect((0...count).contains(offset) || offset >= whole.files[0].headerByteCount)
    }
  }

  @Test func `D1: the padding after the last tensor may be missing`() throws {
    #expect(dataEnd < bytes.count)
    for count in dataEnd...bytes.count {
      let cut = try GGUFFile.open(folder.write(Array(bytes[..<count])))
      #expect(cut.metadata == whole.metadata)
      #expect(!cut.files[0].isTruncated && cut.files[0].trailingByteCount == 0)
    }
  }

  @Test func `D2: with the header alone, tensors are refused one by one`() throws {
    let first = whole.tensors[0]
    let end = first.byteOffset + (first.byteCount ?? 0)
    let path = try folder.write(Array(bytes[..<end]))
    #expect(throws: FileError.self) { try GGUFFile.open(path) }
    let cut = try GGUFFile.open(path, requiring: .headerOnly)
    #expect(cut.files[0].isTruncated)
    #expect(cut.metadata == whole.metadata)
    #expect(try cut.bytes(of: first) == whole.bytes(of: first))
    for tensor in cut.tensors.dropFirst() where tensor.byteCount != 0 {
      let error = try #require(throws: FileError.self) { try cut.byteRange(of: tensor) }
      #expect("\(error)".hasPrefix("\(path): byte \(tensor.byteOffset): tensor \"\(tensor.name)\""))
      #expect(throws: FileError.self) { try cut.read(tensor, at: 0, count: 1) }
      #expect(throws: FileError.self) { try cut.bytes(of: tensor) }
    }
  }

  @Test func `D4: reading a file that became shorter is an error`() throws {
    let path = try folder.write(bytes)
    let model = try GGUFFile.open(path)
    let last = try model.tensor("last")
    let handle = try FileHandle(forWritingTo: folder.file("model.gguf"))
    try handle.truncate(atOffset: UInt64(last.byteOffset + 10))
    try handle.close()
    #expect(try model.read(last, at: 0, count: 10).count == 10)
    let error = try #require(throws: FileError.self) { try model.read(last, at: 4, count: 20) }
    #expect("\(error)".hasPrefix("\(path): byte \(last.byteOffset + 10): data: "))
    #expect("\(error)".contains("end of the file"))
  }

  @Test func `other things than files are refused with a reason`() throws {
    let missing = #expect(throws: FileError.self) { try GGUFFile.open(folder.path("nothing")) }
    #expect("\(String(describing: missing))".contains("No such file"))
    let directory = #expect(throws: FileError.self) { try GGUFFile.open(folder.url.path) }
    #expect("\(String(describing: directory))".contains("not a regular file"))
    let pipe = folder.path("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(throws: FileError.self) { try GGUFFile.open(pipe) }
  }
}
