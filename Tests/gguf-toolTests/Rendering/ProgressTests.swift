// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing
import gguf_tool

// Foundation has a class of this name.
private typealias Progress = gguf_tool.Progress

@Suite("Progress") struct ProgressTests {
  @Test func `the line tells amount, rate and time left`() {
    let bytes = ProgressLine("requantizing", total: 93_408_959_584, unit: .bytes)
    #expect(
      bytes.text(done: 13_207_024_435, rate: 225_758_412)
        == "requantizing  12.30 GiB of 86.99 GiB (14 %)  215.30 MiB/s  5 min 55 s left")
    let tokens = ProgressLine("measuring", total: 2048, unit: .items("tokens"))
    #expect(
      tokens.text(done: 512, rate: 102.4)
        == "measuring  512 of 2,048 (25 %)  102 tokens/s  15.0 s left")
    #expect(tokens.text(done: 0, rate: 0) == "measuring  0 of 2,048 (0 %)  0 tokens/s")
    let work = ProgressLine("measuring", total: 200, unit: .share)
    #expect(work.text(done: 50, rate: 10) == "measuring  25 %  15.0 s left")
    #expect(ProgressLine("verifying", total: 0, unit: .bytes).text(done: 0, rate: 0) == "verifying")
  }

  @Test func `a time left runs down between reports, and none is told once it is over`() {
    let work = ProgressLine("measuring", total: 200, unit: .share)
    #expect(work.text(done: 50, rate: 10, seconds: 5) == "measuring  25 %  10.0 s left")
    #expect(work.text(done: 50, rate: 10, seconds: 16) == "measuring  25 %")
    #expect(work.text(done: 200, rate: 10) == "measuring  100 %")
    #expect(
      ProgressLine("writing variant 2", total: 200, unit: .step).text(done: 50, rate: 10)
        == "writing variant 2  25 %")
  }

  /// What a job writes where there is no terminal, after some reports.
  private func line(
    _ label: String = "testing", total: Int? = nil, unit: ProgressUnit = .share,
    _ report: (Progress) async -> Void
  ) async throws -> String {
    let lines = Locked<[String]>([])
    let progress = Progress(
      label, total: total, unit: unit, mode: .plain, interval: .milliseconds(10)
    ) { line in lines.withLock { $0.append(line) } }
    await report(progress)
    let before = lines.withLock { $0.count }
    // The one drawn while the last report came may be older than that.
    while lines.withLock({ $0.count }) < before + 2 { try await Task.sleep(for: .milliseconds(5)) }
    progress.finish()
    let count = lines.withLock { $0.count }
    try await Task.sleep(for: .milliseconds(50))
    #expect(lines.withLock { $0.count } == count, "a line after the end")
    return lines.withLock { $0.last ?? "" }
  }

  @Test func `any thread may report`() async throws {
    let line = try await line(total: 16_000, unit: .items("things")) { progress in
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask { for _ in 0..<1000 { progress.advance(by: 1) } }
        }
      }
    }
    #expect(line.hasPrefix("testing  8,000 of 16,000 (50 %)  "), "\(line)")
  }

  @Test func `phases have their share of one bar, whatever they count`() async throws {
    let line = try await line { progress in
      progress.begin(of: 100, whole: 400)
      progress.advance(by: 60)
      progress.begin("comparing", of: 10, share: 300)
      progress.advance(by: 5)
    }
    // All of the first phase, and half of the second.
    #expect(line.hasPrefix("comparing  62 %"), "\(line)")
  }

  @Test func `a job that is told of as it goes has one phase`() async throws {
    let line = try await line(unit: .bytes) { $0.update(to: 1 << 20, of: 1 << 22) }
    #expect(line.hasPrefix("testing  1.00 MiB of 4.00 MiB (25 %)"), "\(line)")
  }

  @Test func `what an earlier run did takes no time`() async throws {
    let line = try await line(total: 1000) { $0.update(to: 500, earlier: 500) }
    #expect(line == "testing  50 %")
  }

  @Test func `there is no time left where nobody knows how many steps follow`() async throws {
    let line = try await line(unit: .step) { progress in
      progress.begin("writing variant 1", of: 100)
      progress.update(to: 100)
      progress.begin("measuring variant 1", of: 8)
      progress.update(to: 2)
    }
    #expect(line == "measuring variant 1  25 %")
  }

  @Test func `without progress nothing is written`() async throws {
    let lines = Locked(0)
    let progress = Progress("testing", total: 9, mode: .none, interval: .milliseconds(1)) { _ in
      lines.withLock { $0 += 1 }
    }
    progress.advance(by: 3)
    try await Task.sleep(for: .milliseconds(50))
    progress.finish()
    #expect(lines.withLock { $0 } == 0)
  }
}

@Suite("--progress and --quiet") struct ProgressOptionTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url)
    try FileManager.default.moveItem(at: model, to: folder.file("m"))
  }

  private func run(_ words: String...) throws -> Tool.Outcome {
    try Tool.run(words, in: folder.url)
  }

  @Test func `short jobs write no progress`() throws {
    for mode in ["auto", "plain", "none"] {
      let outcome = try run("verify", "m", "--progress", mode)
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
    }
    let wrong = try run("verify", "m", "--progress", "loud")
    #expect(wrong.status == 64 && wrong.errors.contains("--progress"), "\(wrong.errors)")
  }

  /// The lines of a plan but for the one that says how long encoding takes.
  private func withoutTimes(_ outcome: Tool.Outcome) -> [Substring] {
    outcome.output.split(separator: "\n").filter { !$0.contains("encoding") }
  }

  @Test func `quiet drops notes and keeps warnings and errors`() throws {
    let words = [
      "requantize", "m", "o", "--type", "Q4_K_S", "--tensor-type",
      "blk.*.experts[0,2].ffn_up=Q6_K", "--promote", "--tensor-type", "nothing=Q8_0", "--dry-run",
    ]
    let loud = try Tool.run(words, in: folder.url)
    let quiet = try Tool.run(words + ["--quiet"], in: folder.url)
    #expect(loud.status == 0 && quiet.status == 0)
    #expect(withoutTimes(loud) == withoutTimes(quiet))
    #expect(loud.errors.contains("promoted to the best type"), "\(loud.errors)")
    #expect(quiet.errors == "warning: the rule nothing matches no tensor that may be quantized\n")
    let failed = try run("verify", "missing", "--quiet")
    #expect(failed.status == 1 && failed.errors.contains("missing"), "\(failed.errors)")
  }
}
