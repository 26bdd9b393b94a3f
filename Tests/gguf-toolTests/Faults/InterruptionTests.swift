// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Runs that are told to stop: by Ctrl-C, by a scheduler, by a terminal that goes away.
@Suite("Interrupted runs") struct InterruptionTests {
  let testing: EvaluationTesting
  private var folder: TemporaryFolder { testing.folder }
  private let known: [String]

  init() throws {
    testing = try EvaluationTesting()
    // Thousands of windows of 16 tokens.
    let text = String(repeating: EvaluationTesting.text, count: 150 * RunningTool.workFactor)
    _ = try testing.folder.write(Array(text.utf8), "long.txt")
    known = try testing.folder.names(besides: [])
  }

  private func start(_ words: [String], emulator: [String] = []) throws -> RunningTool {
    try RunningTool(words + ["-t", "1"], in: folder, emulator: emulator)
  }

  @Test(arguments: [SIGTERM, SIGHUP, SIGINT])
  func `requantize keeps its work and says how to go on`(number: Int32) throws {
    try ModelFile.long(layers: 8).write(to: folder.path("in.gguf"))
    let words = ["requantize", "in.gguf", "out.gguf", "--type", RunningTool.slowType]
    let run = try start(words)
    try run.wait("three pieces were done") { folder.finishedPieces() >= 3 }
    run.send(number)
    #expect(run.status() == 128 + number)
    #expect(run.errors.contains("interrupted\n"))
    #expect(
      run.errors.contains(
        "kept the unfinished out.gguf: the same command continues it, --restart discards it"))
    #expect(
      try folder.names(besides: known + ["in.gguf"]) == ["out.gguf.journal", "out.gguf.partial"])
    try goesOn(words, "continuing the unfinished out.gguf")
  }

  /// Runs again, long enough to see that the new run goes on where the other ended. `KillTests` and
  /// others run to the end.
  private func goesOn(_ words: [String], _ sentence: String) throws {
    let again = try start(words)
    try again.wait("it went on") { again.errors.contains(sentence) }
    again.send(SIGTERM)
    #expect(again.status() == 128 + SIGTERM)
  }

  @Test func `perplexity removes what it had written of its states`() throws {
    let run = try start(
      ["perplexity", "model.gguf", "--corpus", "long.txt", "--ctx", "16", "--save-base", "b.gguf"])
    try run.wait("the file was begun") { Disk.exists(folder.path("b.gguf.partial")) }
    run.send(SIGTERM)
    #expect(run.status() == 128 + SIGTERM)
    #expect(run.errors == "interrupted\n")
    #expect(try folder.names(besides: known).isEmpty)
  }

  @Test func `perplexity goes on from its state`() throws {
    let words = [
      "perplexity", "model.gguf", "--corpus", "long.txt", "--ctx", "16", "--save-state", "s.gguf",
    ]
    let run = try start(words)
    try run.wait("a layer was done") { Disk.exists(folder.path("s.gguf")) }
    run.send(SIGTERM)
    #expect(run.status() == 128 + SIGTERM)
    #expect(run.errors.contains("kept s.gguf: the same command continues from it"))
    #expect(try folder.names(besides: known) == ["s.gguf"])
    try goesOn(words, "continuing from s.gguf")
    #expect(try folder.names(besides: known) == ["s.gguf"])
  }

  @Test func `sensitivity goes on from its state`() throws {
    let words = [
      "sensitivity", "model.gguf", "--corpus", "long.txt", "--ctx", "16", "--chunks",
      "\(48 * RunningTool.workFactor)", "--types", "Q4_0,Q5_0,Q8_0", "-o", "d.json",
    ]
    let run = try start(words)
    try run.wait("a layer was done") { Disk.exists(folder.path("d.json.state")) }
    run.send(SIGTERM)
    #expect(run.status() == 128 + SIGTERM)
    #expect(run.errors.contains("d.json.state: the same command continues from it"))
    #expect(try folder.names(besides: known) == ["d.json.state"])
    try goesOn(words, "continuing from d.json.state")
    #expect(try folder.names(besides: known) == ["d.json.state"])
  }

  @Test(arguments: [
    ["imatrix", "model.gguf", "--corpus", "long.txt", "--ctx", "16", "-o", "i.gguf"],
    ["perplexity", "model.gguf", "--corpus", "long.txt", "--ctx", "16", "--router-plot", "p.svg"],
  ])
  func `runs that write at their end leave nothing`(words: [String]) throws {
    let run = try start(words)
    usleep(200_000)
    run.send(SIGTERM)
    #expect(run.status() == 128 + SIGTERM)
    #expect(run.errors == "interrupted\n")
    #expect(try folder.names(besides: known).isEmpty)
  }

  @Test(arguments: [".base-0.gguf.partial", ".base-0.gguf"])
  func `variants and base states do not stay behind`(name: String) throws {
    let run = try start([
      "frontier", "model.gguf", "--corpus", "long.txt", "--window", "16", "--budgets", "8",
      "--uniform", "Q8_0", "--experts", "0", "--low-type", "Q5_0", "-o", "f.html",
    ])
    try run.wait("\(name) was there") { Disk.exists(folder.path("f.html" + name)) }
    run.send(SIGTERM)
    #expect(run.status() == 128 + SIGTERM)
    #expect(run.errors.hasSuffix("interrupted\n"), "\(run.errors)")
    #expect(try folder.names(besides: known) == [])
  }

  @Test func `a model changed while it is evaluated has no result`() throws {
    let run = try start(
      ["perplexity", "model.gguf", "--corpus", "long.txt", "--ctx", "16", "--save-base", "b.gguf"])
    try run.wait("the file was begun") { Disk.exists(folder.path("b.gguf.partial")) }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: folder.path("model.gguf"))
    #expect(run.status() == 1)
    #expect(run.errors.contains("model.gguf: the file was changed while it was read"))
    #expect(try folder.names(besides: known).isEmpty)
  }

  @Test func `a run that shall outlive its terminal does`() throws {
    let run = try start(
      ["perplexity", "model.gguf", "--corpus", "long.txt", "--ctx", "16", "--save-base", "b.gguf"],
      emulator: ["/usr/bin/env", "nohup"])
    try run.wait("the file was begun") { Disk.exists(folder.path("b.gguf.partial")) }
    run.send(SIGHUP)
    usleep(20_000)
    // Had the first signal counted, this one would come too late.
    run.send(SIGTERM)
    #expect(run.status() == 128 + SIGTERM)
    #expect(run.errors.hasSuffix("interrupted\n"))
  }

  @Test func `a second signal ends a run that cannot speak`() throws {
    // Standard error is a pipe that is full and that nobody reads.
    let pipe = Pipe()
    let writer = pipe.fileHandleForWriting.fileDescriptor
    _ = fcntl(writer, F_SETFL, fcntl(writer, F_GETFL) | O_NONBLOCK)
    while write(writer, [UInt8](repeating: 0, count: 4096), 4096) > 0 {}
    _ = fcntl(writer, F_SETFL, fcntl(writer, F_GETFL) & ~O_NONBLOCK)
    let process = try Tool.start(
      ["perplexity", "model.gguf", "--corpus", "long.txt", "--ctx", "16", "--save-base", "b.gguf"],
      in: folder.url, errors: pipe)
    let partial = folder.path("b.gguf.partial")
    while process.isRunning && !Disk.exists(partial) { usleep(300) }
    kill(process.processIdentifier, SIGTERM)
    while process.isRunning && Disk.exists(partial) { usleep(300) }
    #expect(process.isRunning, "it was to wait for standard error")
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGTERM)
  }
}
