// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Runs of the tool that something happens to on the way.
final class RunningTool {
  private let process: Process
  private let errorFile: URL

  /// Starts the tool; what it says on standard error goes to a file in `folder`.
  init(_ words: [String], in folder: TemporaryFolder, emulator: [String] = []) throws {
    errorFile = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data().write(to: errorFile)
    process = try Tool.start(
      words, in: folder.url, errors: FileHandle(forWritingTo: errorFile), emulator: emulator)
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    try? FileManager.default.removeItem(at: errorFile)
  }

  var isRunning: Bool { process.isRunning }

  /// Waits until a condition holds; the run must not be over by then.
  func wait(_ what: String, until condition: () throws -> Bool) throws {
    while process.isRunning {
      if try condition() { return }
      usleep(300)
    }
    Issue.record("the run was over before \(what): \(errors)")
  }

  /// Sends a signal.
  func send(_ number: Int32) { kill(process.processIdentifier, number) }

  /// A type that takes long to encode: long enough to see a run at work, also where the compiler has
  /// optimized, and short enough where it has not.
  static var slowType: String {
    #if DEBUG
      "Q8_0"
    #else
      "Q4_K"
    #endif
  }

  /// How much more an optimized tool gets to do, so that it is still at work when a test looks.
  static var workFactor: Int {
    #if DEBUG
      1
    #else
      8
    #endif
  }

  /// What standard error has so far.
  var errors: String { (try? String(contentsOf: errorFile, encoding: .utf8)) ?? "" }

  /// Waits for the end; a signal that ended the run counts as 128 and its number, as in shells.
  func status() -> Int32 {
    process.waitUntilExit()
    let status = process.terminationStatus
    return process.terminationReason == .uncaughtSignal ? 128 + status : status
  }
}

extension TemporaryFolder {
  /// The names of the files, but for those that were there from the start.
  func names(besides known: [String]) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: url.path)
      .filter { !known.contains($0) }.sorted()
  }

  /// Pieces that the journal of an output names.
  func finishedPieces(_ output: String = "out.gguf") -> Int {
    let size =
      (try? FileManager.default.attributesOfItem(atPath: path(output + ".journal"))[.size] as? Int)
      ?? 0
    return max(0, size - 24) / 40
  }
}
