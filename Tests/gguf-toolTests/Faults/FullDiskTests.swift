// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Disks that are full, read-only or broken: real ones, mounted for the test.
@Suite("Failing disks", .enabled(if: TestDisk.isAvailable, "\(TestDisk.need)"))
struct FullDiskTests {
  let testing: EvaluationTesting
  private var folder: TemporaryFolder { testing.folder }

  init() throws { testing = try EvaluationTesting() }

  /// The one sentence of a run that must fail, and notes that came before it.
  private func failure(
    _ words: [String], emulator: [String] = []
  ) throws -> (sentence: String, notes: [String]) {
    let outcome = try Tool.run(words, in: folder.url, emulator: emulator)
    #expect(outcome.status == 1 && outcome.output.isEmpty, "\(words) \(outcome)")
    let lines = outcome.errors.split(separator: "\n").map(String.init)
      .filter { !$0.hasPrefix("warning: ") }
    let errors = lines.filter { $0.hasPrefix("Error: ") }
    #expect(errors.count == 1 && lines.last == errors.last, "\(outcome.errors)")
    return (errors.last ?? "", lines.dropLast())
  }

  /// Takes all that is left of a disk for another file, `hog`.
  private func fill(_ disk: TestDisk) throws {
    let path = disk.path("hog")
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    // The last write of each size fails; then there is less room than that.
    for size in [1 << 18, 1 << 14, 1 << 12] {
      while (try? handle.write(contentsOf: Data(count: size))) != nil {}
    }
    try handle.close()
  }

  @Test func `a disk without room is noticed before the work`() throws {
    let disk = try TestDisk(byteCount: 1 << 14)
    for words in [
      ["requantize", "model.gguf", disk.path("o"), "--type", "F32"],
      ["split-experts", "model.gguf", disk.path("o")],
      [
        "perplexity", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "--save-base",
        disk.path("o"),
      ],
      ["logits", "model.gguf", "-p", EvaluationTesting.text, "-o", disk.path("o")],
    ] {
      let sentence = try failure(words).sentence
      #expect(sentence.hasPrefix("Error: \(disk.path("o")): expected "), "\(sentence)")
      #expect(sentence.contains("bytes free on its disk, found "), "\(sentence)")
      #expect(try disk.names.isEmpty, "\(words)")
    }
  }

  @Test func `a disk that becomes full stops requantize, which then goes on`() throws {
    let disk = try TestDisk(byteCount: 12 << 20)
    try ModelFile.long(layers: 4).write(to: folder.path("in.gguf"))
    let type = RunningTool.slowType
    let words = ["requantize", "in.gguf", disk.path("out.gguf"), "--type", type]
    let whole = try Tool.run(
      ["requantize", "in.gguf", "whole.gguf", "--type", type], in: folder.url)
    #expect(whole.status == 0)
    let run = try RunningTool(words + ["-t", "1"], in: folder)
    let journal = URL(filePath: disk.path("out.gguf.journal"))
    try run.wait("a piece was done") { (try? Data(contentsOf: journal).count) ?? 0 > 64 }
    try fill(disk)
    #expect(run.status() == 1)
    #expect(run.errors.contains("No space left on device"), "\(run.errors)")
    #expect(run.errors.contains("the same command continues"), "\(run.errors)")
    #expect(try disk.names == ["hog", "out.gguf.journal", "out.gguf.partial"])
    // Still full: said before the work.
    #expect(try failure(words).sentence.contains("bytes free on its disk, found 0"))
    try FileManager.default.removeItem(atPath: disk.path("hog"))
    let again = try Tool.run(words, in: folder.url)
    #expect(again.status == 0 && again.output.contains("resumed from"), "\(again.errors)")
    #expect(
      FileManager.default.contentsEqual(
        atPath: disk.path("out.gguf"), andPath: folder.path("whole.gguf")))
    #expect(try disk.names == ["out.gguf"])
  }

  @Test func `a disk that becomes full leaves nothing of other outputs`() throws {
    let disk = try TestDisk(byteCount: 32 << 20)
    let text = String(repeating: EvaluationTesting.text, count: 150 * RunningTool.workFactor)
    _ = try folder.write(Array(text.utf8), "long.txt")
    let run = try RunningTool(
      [
        "perplexity", "model.gguf", "--corpus", "long.txt", "--ctx", "16", "--save-base",
        disk.path("b.gguf"),
      ], in: folder)
    try run.wait("the file was begun") { Disk.exists(disk.path("b.gguf.partial")) }
    try fill(disk)
    #expect(run.status() == 1)
    #expect(run.errors.contains("b.gguf.partial: write failed: No space left"), "\(run.errors)")
    #expect(try disk.names == ["hog"])
  }

  @Test func `a read-only disk is told by its folder, before the work`() throws {
    let disk = try TestDisk(byteCount: 1 << 20)
    try disk.makeReadOnly()
    for words in Self.writers(to: disk.path("o")) {
      let sentence = try failure(words).sentence
      #expect(
        sentence
          == "Error: \(disk.url.path): writing into this folder failed: Read-only file system",
        "\(words) \(sentence)")
    }
  }

  /// Every command that writes a file, with the name of the file.
  static func writers(to output: String) -> [[String]] {
    let text = ["--corpus", "text.txt", "--ctx", "16"]
    return [
      ["requantize", "model.gguf", output, "--type", "F16"],
      ["split-experts", "model.gguf", output],
      ["imatrix", "model.gguf", "-o", output] + text,
      ["logits", "model.gguf", "--ids", "1,2", "-o", output],
      ["perplexity", "model.gguf", "--save-base", output] + text,
      ["perplexity", "model.gguf", "--save-state", output] + text,
      ["perplexity", "model.gguf", "--router-plot", output] + text,
      ["hessians", "model.gguf", "-o", output] + text,
      ["sensitivity", "model.gguf", "--types", "Q8_0", "-o", output] + text,
      ["plan", "model.gguf", "--target-bpw", "12", "-o", output],
      [
        "plan", "model.gguf", "--target-bpw", "12", "-o", "x", "--model-output", output,
        "--corpus", "text.txt", "--window", "16",
      ],
      ["frontier", "model.gguf", "--corpus", "text.txt", "--window", "16", "-o", output],
    ]
  }

  @Test(.enabled(if: TestDisk.canBreak, "needs loop devices and mkfs.ext4"))
  func `sectors that cannot be read are one sentence`() throws {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    for index in 0..<8 { model.add("blk.\(index).ffn_up.weight", [256, 256], .F16) }
    let disk = try TestDisk(unreadable: model.fileBytes(), from: 1 << 19)
    let source = disk.path("model.gguf")
    let found = try failure(["requantize", source, "out.gguf", "--type", "COPY", "-t", "1"])
    #expect(found.sentence == "Error: \(source): read failed: Input/output error")
    #expect(found.notes.contains { $0.contains("kept the unfinished out.gguf") })
    #expect(Disk.exists(folder.path("out.gguf.partial")))
    #expect(!Disk.exists(folder.path("out.gguf")))
  }

  @Test(.enabled(if: TestDisk.canBreak, "needs loop devices and mkfs.ext4"))
  func `a header that cannot be read is one sentence`() throws {
    let disk = try TestDisk(unreadable: testing.modelBytes(), from: 4096)
    let sentence = try failure(["inspect", disk.path("model.gguf")]).sentence
    #expect(sentence.contains("model.gguf: expected the bytes present when it was opened"))
  }

  @Test(.enabled(if: TestDisk.canBreak, "needs loop devices and mkfs.ext4"))
  func `what cannot be synced gets no name, and is done anew`() throws {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    for index in 0..<64 { model.add("blk.\(index).ffn_up.weight", [256, 256], .F16) }
    try model.write(to: folder.path("in.gguf"))
    let disk = try TestDisk(promised: 64 << 20, kept: 4 << 20)
    let output = disk.path("out.gguf")
    let words = ["requantize", "in.gguf", output, "--type", "COPY", "-t", "1"]
    for _ in 0..<2 {
      let found = try failure(words)
      #expect(found.sentence == "Error: \(output).partial: sync failed: No space left on device")
      #expect(found.notes.contains { $0.contains("kept the unfinished \(output)") })
      #expect(!Disk.exists(output) && Disk.exists(output + ".partial"))
    }
    // Pieces that the journal names, but the disk lost, are found out and done again.
    try disk.grow(to: 32 << 20)
    let outcome = try Tool.run(words, in: folder.url)
    #expect(outcome.status == 0 && outcome.errors.hasPrefix("continuing "), "\(outcome.errors)")
    // What is in memory may be what the disk has lost.
    try disk.remount()
    let whole = folder.path("whole.gguf")
    #expect(try Tool.run(words.map { $0 == output ? whole : $0 }, in: folder.url).status == 0)
    #expect(FileManager.default.contentsEqual(atPath: output, andPath: whole))
    #expect(try disk.names == ["lost+found", "out.gguf"])
  }

  @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer writes a file of its own"))
  func `a limit on the size of files is like a full disk`() throws {
    let shell = ["/bin/sh", "-c", "ulimit -f 8; exec \"$@\"", "sh"]
    let sentence = try failure(
      ["logits", "model.gguf", "--ids", "1,2,3,4,5,6,7,8", "-o", "l.gguf"], emulator: shell
    ).sentence
    #expect(sentence.contains("l.gguf.partial") && sentence.contains("File too large"))
    #expect(try !folder.names(besides: []).contains { $0.hasPrefix("l.") })
  }
}

extension EvaluationTesting {
  /// The bytes of the model.
  func modelBytes() throws -> [UInt8] { Array(try Data(contentsOf: folder.file("model.gguf"))) }
}
