// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("Files that change while they are read") struct LostBytesTests {
  @Test func `a changed file is told, one that was replaced is not`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.gguf")
    try ModelFile.everyType.write(to: path)
    let file = try GGUFFile.open(path)
    #expect(throws: Never.self) { try file.checkUnchanged() }
    try ModelFile.random(seed: 3).write(to: path)  // written elsewhere and renamed
    #expect(throws: Never.self) { try file.checkUnchanged() }
    let other = try GGUFFile.open(path)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
    let error = #expect(throws: FileError.self) { try other.checkUnchanged() }
    guard case .changed(path, let what) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(what.hasPrefix("the file was changed while it was read"))
  }

  @Test func `bytes that were cut off are named, on any thread`() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(3), observing: [\.standardErrorContent]
    ) {
      LostBytes.watch { path in
        FileHandle.standardError.write(Data("lost \(path)".utf8))
        exit(3)
      }
      let folder = try TemporaryFolder()
      let path = try folder.write(Array(repeating: 1, count: 1 << 16), "short.gguf")
      let file = try MappedFile(path: path)
      try FileHandle(forWritingTo: folder.file("short.gguf")).truncate(atOffset: 5000)
      let sum = await Task.detached { file.bytes.withUnsafeBytes { Int($0[40_000]) } }.value
      exit(Int32(sum + 3))
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("lost /") && text.hasSuffix("short.gguf"), "\(text)")
  }

  @Test func `bytes lost elsewhere end a process as ever`() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      LostBytes.watch { _ in exit(3) }
      raise(SIGBUS)
    }
  }
}
