// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// One output, its shards written by separate runs as separate machines would.
@Suite("Shards written apart") struct ShardedOutputTests {
  let folder: TemporaryFolder
  let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path
    for name in ["whole", "apart"] {
      try FileManager.default.createDirectory(
        at: folder.file(name), withIntermediateDirectories: true)
    }
  }

  private func run(_ command: String, _ place: String, _ options: [String]) throws -> Tool.Outcome {
    try Tool.run([command, model, folder.path("\(place)/m.gguf")] + options)
  }

  private func names(_ place: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path(place)).sorted()
  }

  private func json(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// Options of a job in four shards.
  static let jobs = [
    ["requantize", "--type", "Q4_K_M", "--split-max-size", "1500K"],
    ["split-experts", "--split-max-size", "5M"],
    ["split-experts", "--keep", "*:0-3", "--split-max-tensors", "11"],
  ]

  @Test(arguments: jobs)
  func `shards made apart, in any order, are the single run's`(_ job: [String]) throws {
    let (command, options) = (job[0], Array(job.dropFirst()))
    #expect(try run(command, "whole", options).status == 0)
    let files = try names("whole")
    #expect(files.count == 4)
    let plan = try json(run(command, "apart", options + ["--dry-run", "--json"]).output)
    let fingerprint = try #require(plan["plan_fingerprint"] as? String)
    for shard in [3, 1, 4, 2] {
      let outcome = try run(
        command, "apart", options + ["--shard", "\(shard)/4", "--plan-fingerprint", fingerprint])
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    #expect(try names("apart") == files)
    for file in files {
      #expect(
        FileManager.default.contentsEqual(
          atPath: folder.path("whole/\(file)"), andPath: folder.path("apart/\(file)")))
    }
    #expect(try GGUFFile.open(folder.path("apart/\(files[2])")).files.count == 4)
  }

  @Test func `a shard alone writes its own file and leaves the others alone`() throws {
    let outcome = try run(
      "requantize", "apart", Array(Self.jobs[0].dropFirst()) + ["--shard", "2/4"])
    #expect(outcome.status == 0)
    #expect(try names("apart") == ["m-00002-of-00004.gguf"])
  }

  @Test func `another plan is refused by its fingerprint`() throws {
    let options = Array(Self.jobs[0].dropFirst())
    let plan = try json(run("requantize", "apart", options + ["--dry-run", "--json"]).output)
    let fingerprint = try #require(plan["plan_fingerprint"] as? String)
    for other in [["--effort", "fast"], ["--tensor-type", "attn_v=Q5_K"]] {
      let outcome = try run(
        "requantize", "apart",
        options + other + ["--shard", "1/4", "--plan-fingerprint", fingerprint])
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("expected the plan \(fingerprint), found "))
    }
    #expect(try names("apart") == [])
  }

  @Test func `weights of another model of the same shape are another plan`() throws {
    let options = Array(Self.jobs[0].dropFirst()) + ["--dry-run", "--json"]
    let first = try json(run("requantize", "apart", options).output)["plan_fingerprint"] as? String
    // A copy made later is the same model.
    var bytes = try Data(contentsOf: URL(filePath: model))
    try bytes.write(to: URL(filePath: model))
    let again = try json(run("requantize", "apart", options).output)["plan_fingerprint"] as? String
    #expect(first != nil && first == again)
    for place in bytes.count / 3..<bytes.count { bytes[place] ^= 1 }
    try bytes.write(to: URL(filePath: model))
    let other = try json(run("requantize", "apart", options).output)["plan_fingerprint"] as? String
    #expect(other != nil && first != other)
  }

  @Test func `a number of shards that the plan does not have is refused`() throws {
    let outcome = try run(
      "requantize", "apart", Array(Self.jobs[0].dropFirst()) + ["--shard", "1/3"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("expected one of this plan's 4 shards, found one of 3"))
  }

  @Test(arguments: ["0/4", "5/4", "4", "a/b", "1/4/4", "-1/4"])
  func `what is no shard is a wrong argument`(_ shard: String) throws {
    let outcome = try run(
      "requantize", "apart", Array(Self.jobs[0].dropFirst()) + ["--shard=\(shard)"])
    #expect(outcome.status == 64 && outcome.errors.contains("expected k/n with n up to 65536"))
  }

  @Test func `the dry run says what each shard takes`() throws {
    let options = Array(Self.jobs[0].dropFirst()) + ["--dry-run"]
    let plan = try json(run("requantize", "apart", options + ["--json"]).output)
    let files = try #require(plan["files"] as? [[String: Any]])
    #expect(files.count == 4)
    #expect(files.allSatisfy { ($0["estimated_core_seconds"] as? Double ?? -1) >= 0 })
    let encoded = files.compactMap { $0["encoded_weights"] as? Int }.reduce(0, +)
    let read = files.compactMap { $0["source_bytes"] as? Int }.reduce(0, +)
    let tensors = try GGUFFile.open(model).tensors
    // All but the norms and the routers is encoded, and every byte is read once.
    #expect(encoded == tensors.reduce(0) { $0 + ($1.type == .F16 ? $1.weightCount : 0) })
    #expect(read == tensors.reduce(0) { $0 + ($1.byteCount ?? 0) })
    let text = try run("requantize", "apart", options).output
    let table = try #require(text.range(of: "Cost of each shard"))
    #expect(text[table.lowerBound...].contains("4/4"))
    #expect(text[table.lowerBound...].split(separator: "\n").allSatisfy { $0.count <= 80 })
    let one = try json(run("requantize", "apart", options + ["--json", "--shard", "2/4"]).output)
    #expect((one["files"] as? [[String: Any]])?.count == 1)
    #expect(one["plan_fingerprint"] as? String == plan["plan_fingerprint"] as? String)
  }
}
