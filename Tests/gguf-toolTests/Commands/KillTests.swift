// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Runs that are killed without warning, and run again.
@Suite("Killed runs") struct KillTests {
  let folder: TemporaryFolder
  private static let headerBytes = 24
  private static let recordBytes = 40
  private static let layers = 24

  init() throws {
    folder = try TemporaryFolder()
    try ModelFile.long(layers: Self.layers).write(to: folder.path("in.gguf"))
  }

  private func arguments(_ output: String) -> [String] {
    ["requantize", folder.path("in.gguf"), folder.path(output), "--type", "Q4_K_M", "-t", "1"]
  }

  private func finishedPieces() -> Int {
    let path = folder.path("out.gguf.journal")
    let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    return max(0, size - Self.headerBytes) / Self.recordBytes
  }

  /// Kills a run as soon as so many pieces are done; the peak of its memory in bytes.
  private func killedRun(at pieces: Int) throws -> Int {
    let process = try Tool.start(arguments("out.gguf"))
    var peak = 0
    while process.isRunning && finishedPieces() < pieces {
      peak = max(peak, Self.peakMemory(process.processIdentifier))
      usleep(500)
    }
    #expect(process.isRunning, "the run ended before it was killed")
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    return peak
  }

  /// The most memory that a process ever had resident (Linux; zero elsewhere).
  private static func peakMemory(_ process: Int32) -> Int {
    let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
  }

  @Test func `a run killed five times ends in the same bytes as one left alone`() throws {
    #expect(try Tool.run(arguments("whole.gguf")).status == 0)
    let pieces = Self.layers * 8
    for tenth in [1, 3, 5, 7, 9] {
      let peak = try killedRun(at: pieces * tenth / 10)
      // A sanitizer takes memory of its own.
      #expect(Sanitizer.isOn || peak < 256 << 20)
      #expect(!Disk.exists(folder.path("out.gguf")))
    }
    let before = finishedPieces()
    let last = try Tool.run(arguments("out.gguf"))
    #expect(last.status == 0, "\(last.errors)")
    #expect(last.errors.contains("continuing the unfinished"))
    #expect(last.output.contains("resumed from"))
    #expect(before >= pieces * 9 / 10)
    let (out, whole) = (folder.path("out.gguf"), folder.path("whole.gguf"))
    #expect(FileManager.default.contentsEqual(atPath: out, andPath: whole))
    #expect(!Disk.exists(folder.path("out.gguf.partial")))
    #expect(!Disk.exists(folder.path("out.gguf.journal")))
  }

  @Test func `two runs cannot write one output`() throws {
    let first = try Tool.start(arguments("out.gguf"))
    while first.isRunning && finishedPieces() < 3 { usleep(500) }
    let second = try Tool.run(arguments("out.gguf"))
    #expect(second.status == 1)
    #expect(second.errors.contains("another process is writing the same output"))
    first.waitUntilExit()
    #expect(first.terminationStatus == 0)
  }

  @Test func `--restart gives an unfinished run up`() throws {
    _ = try killedRun(at: 20)
    let other = try Tool.run(
      ["requantize", folder.path("in.gguf"), folder.path("out.gguf"), "--type", "Q8_0"])
    #expect(other.status == 1)
    #expect(other.errors.contains("--restart"))
    let fresh = try Tool.run(arguments("out.gguf") + ["--restart"])
    #expect(fresh.status == 0)
    #expect(!fresh.output.contains("resumed from"))
  }
}
