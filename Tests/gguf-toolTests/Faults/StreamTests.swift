// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Outputs that are no files: they are streamed to where that can be, and nothing takes their place.
@Suite("Outputs that are streams") struct StreamTests {
  let testing: EvaluationTesting
  private var folder: TemporaryFolder { testing.folder }

  init() throws { testing = try EvaluationTesting() }

  /// Runs a command line of a shell in the folder, the tool as `$TOOL`.
  private func shell(_ line: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = folder.url
    process.environment = ProcessInfo.processInfo.environment
      .merging(["TOOL": Tool.url.path]) { $1 }
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  private func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.file(name)) }

  @Test(arguments: [
    "logits model.gguf --ids 1,2,3", "plan model.gguf --target-bpw 12",
    "sensitivity model.gguf --corpus text.txt --ctx 16 --types Q8_0",
    "frontier model.gguf --corpus text.txt --ctx 16 --budgets 24 --uniform Q8_0 --experts 0"
      + " --low-type Q8_0",
  ])
  func `are sent what a file would hold`(words: String) throws {
    try #require(try shell("$TOOL \(words) -o file >/dev/null 2>&1") == 0)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: "/proc/self/fd/1")
    for output in ["-", "/dev/stdout", "/proc/self/fd/1", "link"] {
      #expect(try shell("$TOOL \(words) -o \(output) 2>errors >found") == 0, "\(output)")
      #expect(try bytes("found") == bytes("file"), "\(output)")
      #expect(try shell("$TOOL \(words) -o \(output) 2>errors | cat >piped") == 0)
      #expect(try bytes("piped") == bytes("file"), "\(output)")
    }
    #expect(
      try shell("mkfifo p; timeout 60 cat p >found & $TOOL \(words) -o p >/dev/null 2>&1; wait")
        == 0)
    #expect(try bytes("found") == bytes("file"))
    #expect(try shell("$TOOL \(words) -o /dev/null >/dev/null 2>&1") == 0)
    #expect(try shell("$TOOL \(words) -o - --json >/dev/null 2>&1") == 64)
    #expect(try shell("$TOOL \(words) -o /dev/full >/dev/null 2>errors") == 1)
    #expect(try String(decoding: bytes("errors"), as: UTF8.self).contains("No space left"))
    #expect(!Disk.isReplaceable("/dev/null") && !Disk.exists(folder.path("-")))
  }

  /// The commands whose output may be a stream.
  private let streaming = ["logits", "plan", "sensitivity", "frontier"]

  @Test(arguments: ["sensitivity model.gguf --types Q8_0", "frontier model.gguf"])
  func `leave nothing beside them, and hold no part of a job`(words: String) throws {
    let known = try folder.names(besides: [])
    let line = "$TOOL \(words) --corpus text.txt --ctx 16 --chunks 2 -o -"
    #expect(try shell("\(line) >found 2>errors") == 0)
    #expect(try folder.names(besides: known) == ["errors", "found"])
    #expect(try shell("\(line) --part 1/2 >found 2>errors") == 1)
    #expect(try String(decoding: bytes("errors"), as: UTF8.self).contains("must be a file"))
  }

  @Test func `are refused by what needs a file, and stay as they are`() throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("stdout"), withDestinationPath: "/proc/self/fd/1")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("twice"), withDestinationPath: "stdout")
    for output in ["stdout", "twice", "-", "/proc/self/fd/1", "/dev/stdout", "/dev/none"] {
      for words in FullDiskTests.writers(to: output) where !streaming.contains(words[0]) {
        let line = words.map { "'\($0)'" }.joined(separator: " ")
        #expect(try shell("$TOOL \(line) >found 2>errors") == 1, "\(words)")
        let errors = try String(decoding: bytes("errors"), as: UTF8.self)
        #expect(
          errors.contains("expected a file or") || errors.contains("must be a file"), "\(errors)")
        #expect(try bytes("found").isEmpty)
      }
    }
    let type = try FileManager.default.attributesOfItem(atPath: folder.path("stdout"))[.type]
    #expect(type as? FileAttributeType == .typeSymbolicLink)
    #expect(!Disk.exists("/dev/none") && !Disk.exists(folder.path("-")))
  }
}
