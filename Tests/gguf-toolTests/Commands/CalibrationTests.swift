// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Calibration on the command line: with a text, and with second moments gathered before.
@Suite("gguf-tool requantize with calibration") struct CalibrationTests {
  private let testing: EvaluationTesting
  private let text = ["--ctx", "16"]

  init() throws { testing = try EvaluationTesting() }

  private func data(_ name: String) throws -> Data {
    try Data(contentsOf: testing.folder.file(name))
  }

  @discardableResult
  private func succeed(_ words: [String]) throws -> Tool.Outcome {
    let outcome = try Tool.run(words, in: testing.folder.url)
    #expect(outcome.status == 0, "\(words) \(outcome.errors)")
    return outcome
  }

  private func object(_ words: [String]) throws -> [String: Any] {
    let outcome = try succeed(words + ["--json"])
    return try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  private let gather = ["hessians", "model.gguf", "--corpus", "text.txt", "--ctx", "16"]
  private func quantize(_ output: String, _ more: [String]) -> [String] {
    ["requantize", "model.gguf", output, "--type", "Q4_0", "--pure"] + more
  }

  @Test func `Hessians calibrate as the text itself, each matrix alone`() throws {
    let found = try object(gather + ["-o", "h.gguf"])
    let inputs = try #require(found["inputs"] as? [[String: Any]])
    #expect(inputs.contains { $0["tensors"] as? [String] == ["output.weight"] })
    #expect(inputs.allSatisfy { ($0["tokens"] as? Int ?? 0) > 0 })
    try succeed(quantize("a.gguf", ["--hessians", "h.gguf"]))
    let report = try object(
      quantize("b.gguf", ["--calibrate", "text.txt", "--one-shot"] + text))
    try succeed(quantize("plain.gguf", []))
    let tensors = try ["a", "b", "plain"].map { name in
      let file = try GGUFFile.open(testing.folder.path("\(name).gguf"))
      return try file.tensors.map { try file.bytes(of: $0) }
    }
    #expect(tensors[0] == tensors[1])
    #expect(tensors[0] != tensors[2])
    let calibration = try #require(report["calibration"] as? [String: Any])
    let origin = try #require(calibration["origin"] as? [String: Any])
    #expect(origin["method"] as? String == "one-shot")
    let roles = try #require(calibration["roles"] as? [[String: Any]])
    let output = try #require(roles.first { $0["role"] as? String == "output" })
    #expect(output["improved"] as? Int == 1)
    let errors = try [
      #require(output["error"] as? Double), #require(output["plain_error"] as? Double),
    ]
    #expect(errors[0] < errors[1])
    #expect((calibration["uncalibrated_tensors"] as? [String]) == ["token_embd.weight"])
  }

  @Test func `parts of Hessians are put together`() throws {
    let whole = try object(gather + ["-o", "whole.gguf"])
    for part in 1...2 {
      try succeed(gather + ["--part", "\(part)/2", "-o", "\(part).gguf"])
    }
    #expect(
      try testing.error(quantize("x.gguf", ["--hessians", "1.gguf"]))
        .contains("expected second moments of a whole text, found part 1"))
    #expect(
      try testing.error(["merge-results", "1.gguf", "-o", "x.gguf"]).contains("2/2 is missing"))
    #expect(
      try testing.error(["merge-results", "1.gguf", "2.gguf", "-o", "2.gguf"])
        .contains("overwrite the partial result"))
    let merged = try object(["merge-results", "2.gguf", "1.gguf", "-o", "merged.gguf"])
    let tokens = try [whole, merged].map { found in
      try #require(found["inputs"] as? [[String: Any]]).map { $0["tokens"] as? Int }
    }
    #expect(tokens[0] == tokens[1])
    try succeed(quantize("m.gguf", ["--hessians", "merged.gguf"]))
  }

  @Test func `parts of a window each keep what is held out`() throws {
    let gather = gather + ["--chunks", "8"]
    let whole = try object(gather + ["-o", "whole.gguf"])
    let parts = (1...8).map { "\($0).gguf" }
    for (index, part) in parts.enumerated() {
      try succeed(gather + ["--part", "\(index + 1)/8", "-o", part])
    }
    let merged = try object(["merge-results"] + parts + ["-o", "merged.gguf"])
    for key in ["tokens", "held_out_tokens"] {
      let counts = try [whole, merged].map { found in
        try #require(found["inputs"] as? [[String: Any]]).map { $0[key] as? Int }
      }
      #expect(counts[0] == counts[1])
      #expect(counts[0].contains { ($0 ?? 0) > 0 })
    }
  }

  @Test func `a text of one window leaves nothing to test on`() throws {
    let error = try testing.error(gather + ["--chunks", "1", "-o", "h.gguf"])
    #expect(error.contains("1 window: expected at least 2"))
    #expect(!Disk.exists(testing.folder.path("h.gguf")))
  }

  @Test func `a dry run needs no more than the header`() throws {
    try succeed(gather + ["-o", "h.gguf"])
    let model = try data("model.gguf")
    try model.prefix(model.count - 64).write(to: testing.folder.file("model.gguf"))
    try succeed(quantize("x.gguf", ["--hessians", "h.gguf", "--dry-run"]))
  }

  @Test func `the report and the dry run tell of it`() throws {
    let words = quantize("q.gguf", ["--calibrate", "text.txt"] + text)
    let dry = try succeed(words + ["--dry-run"])
    #expect(dry.output.contains("sequential, "))
    #expect(!Disk.exists(testing.folder.path("q.gguf")))
    let planned = try object(words + ["--dry-run"])
    let origin = try #require(planned["calibration"] as? [String: Any])
    #expect(origin["window_length"] as? Int == 16)
    let outcome = try succeed(words)
    for word in ["Calibration", "error left", "attn_q", "improved"] {
      #expect(outcome.output.contains(word))
    }
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(outcome.errors.contains("token_embd.weight is not calibrated"))
  }

  @Test func `shards are calibrated apart only one by one`() throws {
    try succeed(gather + ["-o", "h.gguf"])
    let split = ["--split-max-tensors", "8"]
    let calibrated = ["--hessians", "h.gguf"]
    try FileManager.default.createDirectory(
      at: testing.folder.file("whole"), withIntermediateDirectories: true)
    let plan = try object(quantize("whole/q.gguf", split + calibrated))
    let files = try #require(plan["files"] as? [[String: Any]]).count
    #expect(files > 1)
    for shard in 1...files {
      try succeed(quantize("q.gguf", split + calibrated + ["--shard", "\(shard)/\(files)"]))
      let name = String(format: "q-%05d-of-%05d.gguf", shard, files)
      #expect(try data(name) == data("whole/\(name)"))
    }
    let refused = try Tool.run(
      quantize("q.gguf", split + ["--calibrate", "text.txt", "--shard", "1/\(files)"] + text),
      in: testing.folder.url)
    #expect(refused.status == 64 && refused.errors.contains("expected --one-shot"))
  }

  @Test func `moments of another model, and files of another kind, are refused`() throws {
    try TinyLlama(seed: 5).file().write(to: testing.folder.path("other.gguf"))
    try succeed([
      "hessians", "other.gguf", "--corpus", "text.txt", "--ctx", "16", "-o", "other.h.gguf",
    ])
    #expect(
      try testing.error(quantize("x.gguf", ["--hessians", "other.h.gguf"]))
        .contains("expected second moments of model.gguf, found those of another model"))
    #expect(
      try testing.error(quantize("x.gguf", ["--hessians", "other.gguf"]))
        .contains("expected second-moments, found a file of another type"))
    #expect(!Disk.exists(testing.folder.path("x.gguf")))
  }

  @Test(arguments: [
    ["--hessians", "h.gguf", "--calibrate", "text.txt"], ["--hessians", "h.gguf", "--ctx", "16"],
    ["--one-shot"], ["--chunks", "3"], ["--memory", "1G"],
  ])
  func `options that do not go together`(_ more: [String]) throws {
    let outcome = try Tool.run(quantize("x.gguf", more), in: testing.folder.url)
    #expect(outcome.status == 64, "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }

  /// Types of the embedding and the output matrix in a dry run.
  private func ends(
    _ more: [String], of model: String = "tiny-moe-f16.gguf"
  ) throws -> [String?] {
    try Zstd.expand("tiny-moe-f16.gguf", into: testing.folder.url)
    let plan = try object(
      ["requantize", model, "x.gguf", "--dry-run", "--type", "Q3_K_M"] + more)
    let tensors = try #require(plan["tensors"] as? [[String: Any]])
    return ["token_embd.weight", "output.weight"].map { name in
      tensors.first { $0["name"] as? String == name }?["type"] as? String
    }
  }

  @Test func `a preset gives the embedding bits of the output matrix`() throws {
    let calibrated = ["--calibrate", "text.txt"] + text
    #expect(try ends([]) == ["Q3_K", "Q6_K"])
    #expect(try ends(calibrated) == ["Q4_K", "Q5_K"])
    #expect(try ends(calibrated + ["--pure"]) == ["Q3_K", "Q3_K"])
    #expect(try ends(calibrated + ["--output-tensor-type", "Q6_K"]) == ["Q3_K", "Q6_K"])
    #expect(try ends(calibrated + ["--tensor-type", "output=Q8_0"]) == ["Q3_K", "Q8_0"])
  }

  @Test func `tensors that are quantized already keep their types`() throws {
    try Zstd.expand("tiny-moe-f16.gguf", into: testing.folder.url)
    try succeed([
      "requantize", "tiny-moe-f16.gguf", "half.gguf", "--type", "F16", "--output-tensor-type",
      "Q6_K",
    ])
    #expect(
      try ends(["--calibrate", "text.txt"] + text, of: "half.gguf") == ["Q3_K", "Q6_K"])
  }

  @Test func `a plan leaves room for what is said of the calibration`() throws {
    try Zstd.expand("tiny-moe-f16.gguf", into: testing.folder.url)
    let model = "tiny-moe-f16.gguf"
    try succeed([
      "plan", model, "--target-size", "4300000", "--calibrated", "-o", "p.recipe",
    ])
    let dry = try object(
      [
        "requantize", model, "x.gguf", "--recipe", "p.recipe", "--allow-missing-imatrix",
        "--dry-run",
      ]
        + ["--calibrate", "text.txt"] + text)
    #expect(try #require(dry["total_bytes"] as? Int) <= 4_300_000)
  }

  @Test func `a plan for calibration may leave all as it is`() throws {
    try Zstd.expand("tiny-moe-f16.gguf", into: testing.folder.url)
    let words = ["plan", "tiny-moe-f16.gguf", "--calibrated", "--vram", "16GiB", "--ctx", "512"]
    #expect(try succeed(words).output.contains("--calibrate TEXT"))
  }

  @Test func `a plan for calibration gives the embedding more`() throws {
    try Zstd.expand("tiny-moe-f16.gguf", into: testing.folder.url)
    let words = ["plan", "tiny-moe-f16.gguf", "--target-bpw", "4.5"]
    let plain = try succeed(words)
    let calibrated = try succeed(words + ["--calibrated"])
    #expect(calibrated.output.contains("--calibrate TEXT"))
    #expect(!plain.output.contains("--calibrate TEXT"))
    #expect(calibrated.output != plain.output)
    let both = try Tool.run(
      words + ["--calibrated", "--verify", "--corpus", "text.txt"], in: testing.folder.url)
    #expect(both.status == 64 && both.errors.contains("expected no --calibrated"))
  }
}
