// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// What becomes of runs that were cut off; `KillTests` does it with real processes.
@Suite("Resuming") struct ResumeTests {
  let folder: TemporaryFolder
  let source: String
  let output: OutputNaming
  let recipe = Recipe(preset: FileType(name: "Q8_0"))

  init() throws {
    folder = try TemporaryFolder()
    source = folder.path("source.gguf")
    output = .single(folder.path("out.gguf"))
    try TinyModel.mixture().write(to: source)
  }

  /// The bytes of an undisturbed run, and a journal and partial file as a run leaves them that was
  /// cut off after `records` pieces.
  private func cutOff(after records: Int) async throws -> Data {
    try await TinyModel.requantize(source, recipe, to: .single(folder.path("whole.gguf")))
    let plan = try TinyModel.plan(source, recipe, to: output).plan
    let box = RecordBox(folder.path("out.gguf.journal"))
    // The journal is copied when the last piece is done, before the executor removes it.
    let executor = PlanExecutor(plan: plan, importance: nil, output: output)
    _ = try await executor.run(threads: 1) { _ in box.keep() }
    let whole = try Data(contentsOf: folder.file("out.gguf"))
    #expect(whole == (try Data(contentsOf: folder.file("whole.gguf"))))
    try FileManager.default.moveItem(
      atPath: output.path, toPath: OutputFile.temporaryPath(of: output.path))
    try box.bytes.prefix(24 + 40 * records).write(to: folder.file("out.gguf.journal"))
    return whole
  }

  @Test func `finished pieces are not done again`() async throws {
    let whole = try await cutOff(after: 9)
    let report = try await TinyModel.requantize(source, recipe, to: output)
    #expect(report.resumedSlabs == 9)
    #expect(try Data(contentsOf: folder.file("out.gguf")) == whole)
  }

  @Test func `errors of finished pieces are in the report`() async throws {
    _ = try await cutOff(after: 9)
    let resumed = try await TinyModel.requantize(source, recipe, to: output)
    let fresh = try await TinyModel.requantize(source, recipe, to: .single(folder.path("f.gguf")))
    #expect(resumed.errors == fresh.errors)
  }

  @Test func `pieces whose bytes are damaged are done again`() async throws {
    let whole = try await cutOff(after: 9)
    let partial = folder.file("out.gguf.partial")
    var damaged = try Data(contentsOf: partial)
    for index in stride(from: 2000, to: damaged.count, by: 997) { damaged[index] ^= 0x10 }
    try damaged.write(to: partial)
    let report = try await TinyModel.requantize(source, recipe, to: output)
    #expect(report.resumedSlabs < 9)
    #expect(try Data(contentsOf: folder.file("out.gguf")) == whole)
  }

  @Test func `a cancelled run leaves its work for the next`() async throws {
    try await TinyModel.requantize(source, recipe, to: .single(folder.path("whole.gguf")))
    let plan = try TinyModel.plan(source, recipe, to: output).plan
    let executor = PlanExecutor(plan: plan, importance: nil, output: output)
    let error = await #expect(throws: QuantError.self) {
      try await executor.run(threads: 1) { _ in withUnsafeCurrentTask { $0?.cancel() } }
    }
    #expect(error == .cancelled && !Disk.exists(output.path))
    let report = try await TinyModel.requantize(source, recipe, to: output)
    #expect(report.resumedSlabs == 1)
    let files = try ["out.gguf", "whole.gguf"].map { try Data(contentsOf: folder.file($0)) }
    #expect(files[0] == files[1])
  }

  @Test(arguments: [true, false])
  func `a run that fails leaves its work, if that is of use`(isKept: Bool) async throws {
    let plan = try TinyModel.plan(source, recipe, to: output).plan
    let size = plan.source.byteCount
    try FileHandle(forWritingTo: URL(filePath: source)).truncate(atOffset: UInt64(size / 2))
    let executor = PlanExecutor(plan: plan, importance: nil, output: output)
    let error = await #expect(throws: QuantError.self) {
      try await executor.run(threads: 2, keepsUnfinished: isKept) { _ in }
    }
    #expect(error?.description.contains("found the end of the file") == true)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
      .filter { $0.hasPrefix("out") }.sorted()
    #expect(left == (isKept ? ["out.gguf.journal", "out.gguf.partial"] : []))
    #expect(UnfinishedFiles.kept.contains(.output(output.path)) == isKept)
  }

  @Test func `a torn record ends the journal`() async throws {
    let whole = try await cutOff(after: 9)
    let journal = folder.file("out.gguf.journal")
    try (Data(contentsOf: journal).dropLast(13)).write(to: journal)
    let report = try await TinyModel.requantize(source, recipe, to: output)
    #expect(report.resumedSlabs == 8)
    #expect(try Data(contentsOf: folder.file("out.gguf")) == whole)
  }

  @Test func `a run cut off while it names its files goes on`() async throws {
    let whole = try await cutOff(after: 1000)
    try FileManager.default.moveItem(
      at: folder.file("out.gguf.partial"), to: folder.file("out.gguf"))
    let report = try await TinyModel.requantize(source, recipe, to: output)
    #expect(report.resumedSlabs == report.slabCount)
    #expect(try Data(contentsOf: folder.file("out.gguf")) == whole)
  }

  @Test func `another job's journal is refused`() async throws {
    _ = try await cutOff(after: 9)
    let error = await #expect(throws: QuantError.self) {
      try await TinyModel.requantize(source, Recipe(preset: FileType(name: "BF16")), to: output)
    }
    #expect(error?.description.contains("the journal of another job") == true)
    guard case .setting(.unfinishedOutput, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(Disk.exists(folder.path("out.gguf.partial")))
  }

  @Test func `another effort is another job`() async throws {
    _ = try await cutOff(after: 9)
    var recipe = recipe
    recipe.effort = .best
    let error = await #expect(throws: QuantError.self) {
      try await TinyModel.requantize(source, recipe, to: output)
    }
    #expect(error?.description.contains("another recipe, effort") == true)
  }

  @Test func `a journal without a finished piece stops no other job`() async throws {
    _ = try await cutOff(after: 0)
    let report = try await TinyModel.requantize(
      source, Recipe(preset: FileType(name: "BF16")), to: output)
    #expect(report.resumedSlabs == 0)
    let written = try GGUFFile.open(output.path)
    #expect(try written.tensor("output.weight").type == .BF16)
  }

  @Test func `a changed source is another job`() async throws {
    _ = try await cutOff(after: 9)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: source)
    await #expect(throws: QuantError.self) {
      try await TinyModel.requantize(source, recipe, to: output)
    }
  }
}

/// The last contents of a file that is soon removed.
private final class RecordBox: @unchecked Sendable {
  private let path: String
  private(set) var bytes = Data()

  init(_ path: String) { self.path = path }

  func keep() {
    if let now = FileManager.default.contents(atPath: path) { bytes = now }
  }
}
