// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("OutputFile") struct OutputFileTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("out.gguf")
  }

  @Test func `a file is renamed into place only when complete`() throws {
    let file = try OutputFile(path: path, byteCount: 5)
    #expect(file.temporaryPath == path + ".partial")
    try file.write([1, 2, 3], at: 2)
    #expect(!Disk.exists(path) && Disk.exists(file.temporaryPath))
    try file.finish()
    #expect(Disk.exists(path) && !Disk.exists(file.temporaryPath))
    #expect(try bytes(path) == [0, 0, 1, 2, 3])
  }

  @Test func `finishing replaces an older file, and mappings of it live on`() throws {
    try ModelFile.everyType.write(to: path)
    let old = try GGUFFile.open(path)
    let file = try OutputFile(path: path, byteCount: 1)
    try file.finish()
    #expect(try bytes(path) == [0])
    #expect(try old.bytes(of: old.tensors[0]) == ModelFile.everyType.contents[0])
  }

  @Test func `resuming keeps bytes, starting anew does not`() throws {
    try OutputFile(path: path, byteCount: 4, isKept: true).write([1, 2], at: 1)
    do {
      let resumed = try OutputFile(path: path, byteCount: 6, resuming: true)
      #expect(try read(resumed, at: 0, count: 6) == [0, 1, 2, 0, 0, 0])
    }
    let fresh = try OutputFile(path: path, byteCount: 4)
    #expect(try read(fresh, at: 0, count: 4) == [0, 0, 0, 0])
    let first = try OutputFile(path: folder.path("new.gguf"), byteCount: 3, resuming: true)
    #expect(try read(first, at: 0, count: 3) == [0, 0, 0])
  }

  @Test func `what is not finished goes away, unless it is kept`() throws {
    _ = try Data([7]).write(to: folder.file("out.gguf"))
    for isKept in [false, true] {
      do {
        let file = try OutputFile(path: path, byteCount: 4, isKept: isKept)
        try file.write([1], at: 0)
      }
      #expect(Disk.exists(path + ".partial") == isKept)
      #expect(try bytes(path) == [7])
    }
    // Other tests may be at work on outputs of their own.
    #expect(!UnfinishedFiles.kept.contains(.output(path)))
  }

  @Test func `two files of one name have temporary names of their own`() throws {
    let first = try OutputFile(path: path, byteCount: 1)
    let second = try OutputFile(path: path, byteCount: 2)
    #expect(first.temporaryPath != second.temporaryPath)
    try first.write([1], at: 0)
    try second.write([2, 2], at: 0)
    try first.finish()
    #expect(try bytes(path) == [1])
    try second.finish()
    #expect(try bytes(path) == [2, 2])
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(names == ["out.gguf"])
  }

  @Test func `a file that is kept is one process's at a time`() throws {
    let first = try OutputFile(path: path, byteCount: 1, isKept: true)
    let error = #expect(throws: FileError.self) {
      try OutputFile(path: path, byteCount: 1, isKept: true)
    }
    guard case .inUse(path + ".partial", let what) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(what == "another process is writing the same output")
    try first.finish()
    #expect(throws: Never.self) { try OutputFile(path: path, byteCount: 1, isKept: true) }
  }

  @Test func `a symbolic link is replaced and what it leads to is not`() throws {
    let target = try folder.write([9], "target")
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    let file = try OutputFile(path: path, byteCount: 1)
    try file.finish()
    #expect(try bytes(target) == [9] && bytes(path) == [0])
    // Nor is a link of the temporary name followed, which others may have put there.
    try FileManager.default.createSymbolicLink(
      atPath: path + ".partial", withDestinationPath: target)
    #expect(throws: FileError.self) { try OutputFile(path: path, byteCount: 1) }
    #expect(try bytes(target) == [9])
  }

  @Test func `names that no file can have are refused at once`() throws {
    let cases = [
      ("", "expected a file or nothing"), (folder.url.path, "expected a file or nothing"),
      ("/dev/null", "expected a file or nothing"), (folder.path("a/b"), "/a: writing into this"),
      (path + "/b", "Not a directory"),
      (folder.path(String(repeating: "x", count: 250)), "File name too long"),
    ]
    _ = try folder.write([1], "out.gguf")
    for (name, words) in cases {
      let error = #expect(throws: FileError.self) { try OutputFile(path: name, byteCount: 1) }
      #expect(error?.description.contains(words) == true, "\(name): \(String(describing: error))")
    }
  }

  @Test func `discarding removes the unfinished file alone`() throws {
    try Data([7]).write(to: folder.file("out.gguf"))
    let file = try OutputFile(path: path, byteCount: 4)
    file.discard()
    #expect(!Disk.exists(file.temporaryPath))
    #expect(try bytes(path) == [7])
  }

  @Test func `a file of no bytes, and writes of none`() throws {
    let file = try OutputFile(path: path, byteCount: 0)
    try file.write([], at: 0)
    try file.finish()
    #expect(try bytes(path).isEmpty)
  }

  @Test func `tasks write out of order`() async throws {
    let model = ModelFile.random(seed: 3)
    let whole = folder.path("whole.gguf")
    try model.write(to: whole)
    let layout = try GGUFLayout(path: path, metadata: model.metadata, tensors: model.tensors)
    let file = try OutputFile(path: path, byteCount: layout.byteCount)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in model.tensors.indices.reversed() {
        group.addTask {
          // In two halves, the later one first.
          let content = model.contents[index]
          let (offset, middle) = (layout.tensorOffsets[index], content.count / 2)
          try file.write(Array(content[middle...]), at: offset + middle)
          try file.write(Array(content[..<middle]), at: offset)
        }
      }
      group.addTask { try file.write(layout.header, at: 0) }
      try await group.waitForAll()
    }
    try file.finish()
    #expect(FileManager.default.contentsEqual(atPath: path, andPath: whole))
  }

  @Test func `errors name file and call`() throws {
    let nowhere = folder.path("missing/out.gguf")
    let error = try #require(throws: FileError.self) {
      try OutputFile(path: nowhere, byteCount: 1)
    }
    #expect("\(error)".hasPrefix("\(folder.path("missing")): writing into this folder failed: "))
    let huge = #expect(throws: FileError.self) {
      try OutputFile(path: folder.path("huge.gguf"), byteCount: .max)
    }
    guard case .noSpace(_, let what) = huge else {
      Issue.record("\(String(describing: huge))")
      return
    }
    #expect(what.contains("bytes free on its disk"))
    #expect(!Disk.exists(folder.path("huge.gguf.partial")))
    let file = try OutputFile(path: path, byteCount: 4)
    try Data([1]).write(to: URL(filePath: file.temporaryPath))
    #expect(throws: FileError.self) { try read(file, at: 0, count: 4) }
  }

  @Test func `places on disk`() throws {
    let file = try OutputFile(path: path, byteCount: 1 << 30)
    #expect(Disk.allocatedBytes(of: file.temporaryPath) < 1 << 20)
    try file.write([UInt8](repeating: 1, count: 8192), at: 4096)
    try file.synchronize()
    #expect(Disk.allocatedBytes(of: file.temporaryPath) >= 8192)
    #expect(try Disk.freeBytes(for: path) > 0)
    #expect(throws: FileError.self) { try Disk.freeBytes(for: "/no/such/folder/file") }
    let link = folder.path("link")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: file.temporaryPath)
    #expect(Disk.identity(of: link) == Disk.identity(of: file.temporaryPath))
    #expect(Disk.identity(of: link) != Disk.identity(of: path))
  }

  private func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path)))
  }

  private func read(_ file: OutputFile, at offset: Int, count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0xEE, count: count)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    try file.read(at: offset, into: &raw)
    return bytes
  }
}
