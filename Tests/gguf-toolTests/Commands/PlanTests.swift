// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("gguf-tool sensitivity, plan and frontier") struct PlanTests {
  private let testing: EvaluationTesting

  init() throws { testing = try EvaluationTesting() }

  private func measured() throws {
    let outcome = try testing.run(
      "sensitivity", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "--types",
      "Q4_0,Q5_0,Q8_0", "-o", "damage.json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("Divergence added"))
    #expect(outcome.errors.contains("without --imatrix"))
  }

  @Test func `a plan is written, measured and kept`() throws {
    try measured()
    let object = try testing.object(
      "plan", "model.gguf", "--sensitivity", "damage.json", "--target-bpw", "14", "--layout",
      "per-expert", "-o", "a.recipe", "--corpus", "text.txt", "--window", "16", "--model-output",
      "a.gguf")
    let size = try #require(object["size_bytes"] as? Int)
    #expect(try GGUFFile.open(testing.folder.path("a.gguf")).byteCount == size)
    let trials = try #require(object["trials"] as? [[String: Any]])
    let names = trials.compactMap { $0["name"] as? String }
    #expect(names.contains("per-expert plan") && names.contains { $0.hasPrefix("uniform ") })
    let divergences = trials.compactMap { $0["measured_divergence"] as? Double }
    #expect(divergences.count == trials.count && divergences == divergences.sorted())
    let recipe = try String(contentsOf: testing.folder.file("a.recipe"), encoding: .utf8)
    #expect(recipe.hasPrefix("# measured: text.txt "))
    let left = try FileManager.default.contentsOfDirectory(atPath: testing.folder.url.path)
    #expect(!left.contains { $0.contains("base-") || $0.contains("variant") }, "\(left)")
    let again = try testing.run(
      "requantize", "model.gguf", "b.gguf", "--recipe", "a.recipe", "--allow-missing-imatrix")
    #expect(again.status == 0, "\(again.errors)")
    #expect(try GGUFFile.open(testing.folder.path("b.gguf")).byteCount == size)
  }

  @Test func `a limit of the divergence is not promised without a measurement`() throws {
    let refused = try testing.run("plan", "model.gguf", "--max-kl", "0.05", "-o", "x")
    #expect(refused.status == 64)
    #expect(refused.errors.contains("--max-kl needs measured damage: expected --sensitivity"))
    try measured()
    let outcome = try testing.run(
      "plan", "model.gguf", "--sensitivity", "damage.json", "--max-kl", "1e-2", "-o", "x")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("only --verify holds the limit"), "\(outcome.errors)")
  }

  @Test func `a limit that the measurement passes leads to a more precise plan`() throws {
    try measured()
    let outcome = try testing.run(
      "plan", "model.gguf", "--sensitivity", "damage.json", "--max-kl", "1e-3", "--verify",
      "--max-perplexity-increase", "1e-4", "--corpus", "text.txt", "--window", "16", "-o",
      "a.recipe")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("trying a more precise one"), "\(outcome.errors)")
    #expect(outcome.output.contains("kept"))
  }

  @Test func `a frontier shows all its variants`() throws {
    try measured()
    let object = try testing.object(
      "frontier", "model.gguf", "--sensitivity", "damage.json", "--corpus", "text.txt",
      "--window", "16", "--budgets", "13,16", "--uniform", "Q8_0", "--experts", "0,3,8",
      "--low-type", "Q4_0", "--machine", "cpu=50,gpu=300,pcie=15,gpu.memory=1MiB", "-o",
      "f.html", "--policy", "quality")
    let points = try #require(object["points"] as? [[String: Any]])
    #expect(points.count == 2 + 2 + 1 + 9)
    for series in ["random", "router", "sensitivity"] {
      let sizes = points.filter { $0["series"] as? String == series }
        .compactMap { $0["size_bytes"] as? Int }
      #expect(sizes.count == 3 && sizes == sizes.sorted(by: >))
    }
    let whole = points.filter { $0["quantized_experts"] as? Int == 0 }
    #expect(whole.allSatisfy { $0["expected_divergence"] as? Double == 0 })
    #expect(points.contains { $0["is_on_front"] as? Bool == true })
    let page = try String(contentsOf: testing.folder.file("f.html"), encoding: .utf8)
    #expect(page.contains("<svg"))
    #expect(FileManager.default.fileExists(atPath: testing.folder.path("f.html.json")))
    let pick = try #require(object["pick"] as? [String: Any])
    #expect(pick["policy"] as? String == "quality" && pick["point"] is Int)
  }

  @Test(arguments: [
    (["--target-size", "10B"], "no choice of the measured types fits in 10 bytes"),
    (["--target-bpw", "9", "--min-type", "attn=F64"], "none of the types allowed"),
  ])
  func `what cannot be planned is one sentence`(words: [String], sentence: String) throws {
    let found = try testing.error(["plan", "model.gguf", "-o", "x"] + words, warnings: true)
    #expect(found.contains(sentence), "\(found)")
  }

  @Test func `the sensitivity of another model is refused`() throws {
    try measured()
    try TinyLlama(seed: 5).file().write(to: testing.folder.path("other.gguf"))
    let found = try testing.error([
      "plan", "other.gguf", "--sensitivity", "damage.json", "--target-bpw", "9", "-o", "x",
    ])
    #expect(found.contains("other.gguf: expected the model that the sensitivity was measured on"))
    _ = try testing.folder.write(Array("{}".utf8), "no.json")
    let other = try testing.error([
      "plan", "model.gguf", "--sensitivity", "no.json", "--target-bpw", "9", "-o", "x",
    ])
    #expect(other.contains("no.json: expected a file written by sensitivity"))
  }

  @Test func `a text too short to calibrate with is refused`() throws {
    _ = try testing.folder.write(Array("a b".utf8), "short.txt")
    let found = try testing.error(
      ["sensitivity", "model.gguf", "--corpus", "short.txt", "-o", "x.json"], warnings: true)
    #expect(found.contains("too few for two windows"), "\(found)")
  }

  @Test(arguments: [
    (
      ["sensitivity", "--memory", "20K"], "--ctx",
      "memory allows 20000: take fewer windows (--chunks)"
    ),
    (["plan", "--target-bpw", "9", "--verify"], "--window", "expected at least 4 (--window)"),
    (["frontier"], "--ctx", "expected at least 4 (--ctx)"),
  ])
  func `refused windows name the command's options`(
    words: [String], option: String, sentence: String
  ) throws {
    let length = words.contains("--memory") ? "16" : "3"
    let more = ["model.gguf", "--corpus", "text.txt", option, length, "-o", "x"]
    let found = try testing.error(words + more, warnings: true)
    #expect(found.hasSuffix(sentence), "\(found)")
  }

  @Test(arguments: [
    ["plan", "model.gguf"], ["plan", "model.gguf", "--target-bpw", "4", "--max-kl", "1"],
    ["plan", "model.gguf", "--max-kl", "0.05"], ["plan", "model.gguf", "--target-size", "24"],
    ["plan", "model.gguf", "--target-size", "many"], ["plan", "model.gguf", "--max-kl", "-1"],
    ["plan", "model.gguf", "--target-bpw", "4", "--verify"],
    ["plan", "model.gguf", "--target-bpw", "4", "--types", "Q9"],
    ["sensitivity", "model.gguf", "--corpus", "text.txt", "-o", "x", "--types", "Q9"],
    ["sensitivity", "model.gguf", "--corpus", "text.txt", "-o", "x", "--probe-windows", "0"],
    ["frontier", "model.gguf", "-o", "x"],
    ["frontier", "model.gguf", "--corpus", "text.txt", "-o", "x", "--budgets", "none"],
    ["frontier", "model.gguf", "--corpus", "text.txt", "-o", "x", "--min-tokens-per-second", "2"],
  ])
  func `wrong arguments are told`(words: [String]) throws {
    let outcome = try Tool.run(words, in: testing.folder.url)
    #expect(outcome.status == 64 && outcome.output.isEmpty, "\(words) \(outcome.status)")
  }

  @Test(arguments: ["merged", "per-expert"])
  func `a model of 46 B weights is planned by its header`(layout: String) throws {
    let header = try Zstd.expand("mixtral-8x7b-f16.header.gguf", into: testing.folder.url)
    // The second once left room that twelve rounds did not use up.
    for target in [15 << 30, 20_209_819_980, 33 << 30] {
      let object = try testing.object(
        "plan", header.path, "--target-size", "\(target)", "--layout", layout, "-o", "m",
        "--types", "IQ4_NL,Q2_K,Q3_K,Q4_K,Q5_K,Q6_K")
      let size = try #require(object["size_bytes"] as? Int)
      #expect(size <= target && Double(size) > 0.995 * Double(target), "\(size) of \(target)")
    }
  }
}
