// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Names of outputs under which there is something else, or nothing can be.
@Suite("Places of outputs") struct OutputPlaceTests {
  let testing: EvaluationTesting
  private var folder: TemporaryFolder { testing.folder }

  init() throws {
    testing = try EvaluationTesting()
    try FileManager.default.createDirectory(
      at: folder.file("folder"), withIntermediateDirectories: false)
  }

  private func check(_ output: String, _ message: String, streams: Bool = false) throws {
    let before = try folder.names(besides: [])
    for words in FullDiskTests.writers(to: output) {
      // Some commands can write to a stream, but no model.
      if streams, StreamTests.streaming.contains(words[0]), !words.contains("--model-output") {
        continue
      }
      let found = try testing.error(words, warnings: true)
      #expect(found.contains(message), "\(words) \(found)")
    }
    #expect(try folder.names(besides: []) == before)
  }

  @Test func `a folder that is not there is named`() throws {
    try check("none/o", "none: writing into this folder failed: No such file or directory")
  }

  @Test func `a folder is not written over`() throws {
    try check("folder", "expected a file or nothing, found a folder or a device")
  }

  @Test func `a device is not written over`() throws {
    try check(
      "/dev/null", "/dev/null: expected a file or nothing, found a folder or a device",
      streams: true)
    #expect(!Disk.isReplaceable("/dev/null"))
  }

  @Test func `a file is no folder`() throws {
    try check("text.txt/o", "text.txt: writing into this folder failed: Not a directory")
  }

  @Test(.enabled(if: unprivileged != nil, "needs setpriv where tests run as root"))
  func `a folder of others is named`() throws {
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o555], ofItemAtPath: folder.path("folder"))
    let outcome = try Tool.run(
      ["logits", "model.gguf", "--ids", "1,2", "-o", "folder/o"], in: folder.url,
      emulator: Self.unprivileged ?? [])
    #expect(outcome.status == 1)
    #expect(
      outcome.errors == "Error: folder: writing into this folder failed: Permission denied\n")
  }

  /// How to run as a user without rights: as we are, unless that is root.
  private static let unprivileged: [String]? = {
    guard getuid() == 0 else { return [] }
    let words = [
      "/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
    ]
    return (try? Tool.run(["--version"], emulator: words))?.status == 0 ? words : nil
  }()

  @Test func `no name leads to the model`() throws {
    let manager = FileManager.default
    try manager.createSymbolicLink(
      atPath: folder.path("symbolic"), withDestinationPath: "model.gguf")
    try manager.linkItem(at: folder.file("model.gguf"), to: folder.file("hard"))
    let before = try testing.modelBytes()
    for name in ["model.gguf", "./model.gguf", "folder/../model.gguf", "symbolic", "hard"] {
      try check(name, "the output would replace its own source model.gguf")
    }
    #expect(try testing.modelBytes() == before)
  }

  @Test func `nor to its temporary name`() throws {
    _ = try testing.folder.write(testing.modelBytes(), "o.partial")
    for words in FullDiskTests.writers(to: "o") {
      let words = words.map { $0 == "model.gguf" ? "o.partial" : $0 }
      let found = try testing.error(words, warnings: true)
      #expect(found.contains("o.partial: the output would replace its own source"), "\(found)")
    }
  }

  @Test(arguments: [
    ["imatrix", "model.gguf", "--corpus", "text.txt", "-o", "text.txt"],
    ["imatrix", "model.gguf", "--corpus", "text.txt", "--merge", "other", "-o", "other"],
    ["perplexity", "model.gguf", "--corpus", "text.txt", "--save-state", "text.txt"],
    ["perplexity", "model.gguf", "--corpus", "folder", "--router-plot", "folder/t"],
    [
      "perplexity", "model.gguf", "--corpus", "text.txt", "--base", "other", "--save-base",
      "other",
    ],
    [
      "perplexity", "model.gguf", "--corpus", "text.txt", "--base-file", "other", "--save-state",
      "other",
    ],
    ["sensitivity", "model.gguf", "--corpus", "text.txt", "--imatrix", "other", "-o", "other"],
    ["hessians", "model.gguf", "--corpus", "text.txt", "-o", "text.txt"],
    ["requantize", "model.gguf", "text.txt", "--calibrate", "text.txt", "--type", "Q8_0"],
    ["plan", "model.gguf", "--target-bpw", "9", "--sensitivity", "other", "-o", "other"],
    ["frontier", "model.gguf", "--corpus", "text.txt", "-o", "text.txt"],
    ["requantize", "model.gguf", "other", "--imatrix", "other", "--type", "Q8_0"],
  ])
  func `nor to what else is read`(words: [String]) throws {
    // A matrix that can be read, where one is named.
    let matrix = try testing.run(
      "imatrix", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "-o", "other")
    #expect(matrix.status == 0)
    _ = try folder.write(Array("a b c".utf8), "folder/t")
    let found = try testing.error(words, warnings: true)
    #expect(found.contains("the output would replace its own source"), "\(found)")
  }

  @Test func `two outputs have two names`() throws {
    let found = try testing.error([
      "perplexity", "model.gguf", "--corpus", "text.txt", "--save-base", "x", "--router-plot", "x",
    ])
    #expect(found == "x: expected a different name for each output, found this one twice")
  }

  @Test func `a symbolic link is replaced, and what it leads to stays`() throws {
    for words in FullDiskTests.writers(to: "link").filter({ $0[0] != "frontier" }) {
      let target = try folder.write([1, 2, 3], "target")
      try? FileManager.default.removeItem(at: folder.file("link"))
      try FileManager.default.createSymbolicLink(
        atPath: folder.path("link"), withDestinationPath: "target")
      let outcome = try Tool.run(words, in: folder.url)
      // A state that cannot be read is not replaced.
      let isState = words.contains("--save-state")
      #expect(outcome.status == (isState ? 1 : 0), "\(words) \(outcome.errors)")
      #expect(try Data(contentsOf: URL(filePath: target)) == Data([1, 2, 3]), "\(words)")
      let type = try FileManager.default.attributesOfItem(atPath: folder.path("link"))[.type]
      #expect(type as? FileAttributeType == (isState ? .typeSymbolicLink : .typeRegular))
    }
  }

  @Test func `two runs for one name leave one whole file`() throws {
    let text = String(repeating: EvaluationTesting.text, count: 100 * RunningTool.workFactor)
    _ = try folder.write(Array(text.utf8), "long.txt")
    let words = ["perplexity", "model.gguf", "--ctx", "16", "--save-base", "b.gguf", "-t", "1"]
    let first = try RunningTool(words + ["--corpus", "long.txt"], in: folder)
    try first.wait("it began") { Disk.exists(folder.path("b.gguf.partial")) }
    let second = try Tool.run(words + ["--corpus", "text.txt"], in: folder.url)
    #expect(first.isRunning && second.status == 0, "\(second.errors)")
    let short = try GGUFFile.open(folder.path("b.gguf"))
    #expect(first.status() == 0, "\(first.errors)")
    let long = try GGUFFile.open(folder.path("b.gguf"))
    #expect(long.byteCount > 50 * short.byteCount / 2)
    #expect(try !folder.names(besides: []).contains { $0.contains("partial") })
    // Each is what it would be alone.
    for (file, corpus) in [(short, "text.txt"), (long, "long.txt")] {
      var alone = words
      alone[5] = "alone.gguf"
      #expect(try Tool.run(alone + ["--corpus", corpus], in: folder.url).status == 0)
      let expected = try GGUFFile.open(folder.path("alone.gguf"))
      let states = try expected.bytes(of: expected.tensor("states"))
      #expect(try file.bytes(of: file.tensor("states")) == states)
    }
  }

  @Test func `a reader that has gone ends a run quietly, a full one does not`() throws {
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let quiet = try Tool.start(
      ["inspect", "model.gguf"], in: folder.url, output: pipe, errors: FileHandle.nullDevice)
    quiet.waitUntilExit()
    #expect(quiet.terminationReason == .exit && quiet.terminationStatus == 0)
    guard let full = FileHandle(forWritingAtPath: "/dev/full") else { return }  // Linux has it
    let errors = Pipe()
    let loud = try Tool.start(
      ["inspect", "model.gguf"], in: folder.url, output: full, errors: errors)
    let said = errors.fileHandleForReading.readDataToEndOfFile()
    loud.waitUntilExit()
    #expect(loud.terminationStatus == 1)
    #expect(
      String(decoding: said, as: UTF8.self)
        == "Error: standard output: write failed: No space left on device\n")
  }

  @Test func `another way to split gives an unfinished run up only when told to`() throws {
    let words = ["requantize", "model.gguf", "out.gguf", "--type", "Q8_0"]
    // As a run of another job left it: a header and a record.
    _ = try folder.write(
      Array("GGUFJRNL".utf8) + Array(repeating: 1, count: 56), "out.gguf.journal")
    let other = "out-00001-of-00002.gguf.partial"
    _ = try folder.write([1], other)
    let refused = try Tool.run(words + ["--split-max-tensors", "4"], in: folder.url)
    #expect(refused.status == 1, "\(refused.errors)")
    #expect(refused.errors.contains("pass --restart to discard it"), "\(refused.errors)")
    let outcome = try Tool.run(
      words + ["--split-max-tensors", "4", "--restart"], in: folder.url)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(!Disk.exists(folder.path("out.gguf.journal")))
    // Nobody can tell whether another job's files are still wanted.
    #expect(Disk.exists(folder.path(other)))
  }

  @Test func `two runs that measure variants do not share their names`() throws {
    let running = try RecordFile(path: folder.path("f.html.lock"))
    let found = try testing.error(
      [
        "frontier", "model.gguf", "--corpus", "text.txt", "--window", "16", "--budgets", "8",
        "--uniform", "Q8_0", "--experts", "0", "--low-type", "Q5_0", "-o", "f.html",
      ], warnings: true)
    #expect(found.contains("f.html.lock: another process is writing the same output"))
    #expect(Disk.exists(running.path))
  }
}
