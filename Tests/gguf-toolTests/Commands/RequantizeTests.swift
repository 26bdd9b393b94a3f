// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("gguf-tool requantize") struct RequantizeTests {
  let folder: TemporaryFolder
  let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path
  }

  private func run(_ arguments: String...) throws -> Tool.Outcome {
    try Tool.run(["requantize", model] + arguments)
  }

  private func json(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test func `the file written has the size that the dry run said`() throws {
    let out = folder.path("q.gguf")
    let dry = try run(out, "--type", "Q4_K_M", "--dry-run", "--json")
    #expect(dry.status == 0)
    #expect(!Disk.exists(out))
    let total = try #require(json(dry.output)["total_bytes"] as? Int)
    let wet = try run(out, "--type", "Q4_K_M", "--json")
    #expect(wet.status == 0)
    let size = try FileManager.default.attributesOfItem(atPath: out)[.size] as? Int
    #expect(size == total)
    let roles = try #require(json(wet.output)["roles"] as? [[String: Any]])
    let up = try #require(roles.first { $0["role"] as? String == "ffn_up_exps" })
    #expect(up["type"] as? String == "Q4_K")
    #expect((0.05..<0.10).contains(try #require(up["relative_error"] as? Double)))
  }

  @Test func `the report is a table of roles`() throws {
    let outcome = try Tool.run(
      ["requantize", "tiny-moe-f16.gguf", "q.gguf", "--type", "Q5_K_S"], in: folder.url)
    #expect(outcome.status == 0)
    for word in ["Tensors by role", "ffn_down_exps", "Q5_K", "bits per weight", "exact size"] {
      #expect(outcome.output.contains(word))
    }
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test func `rules and switches decide before the preset`() throws {
    try Data("blk\\.1\\. = Q8_0  # whole layer\n".utf8).write(to: folder.file("recipe.txt"))
    let outcome = try run(
      folder.path("q.gguf"), "--type", "Q4_K_S", "--dry-run", "--json", "--tensor-type",
      "ffn_up=q6_k", "--recipe", folder.path("recipe.txt"), "--output-tensor-type", "f16",
      "--token-embedding-type", "Q5_0", "--tensor-type", "attn_q=keep", "--tensor-type",
      "nowhere=Q8_0")
    let tensors = try #require(json(outcome.output)["tensors"] as? [[String: Any]])
    let types = Dictionary(
      uniqueKeysWithValues: tensors.map { ($0["name"] as? String ?? "", $0["type"] as? String) })
    #expect(types["blk.1.ffn_up_exps.weight"] == "Q6_K")
    #expect(types["blk.1.attn_k.weight"] == "Q8_0")
    #expect(types["blk.1.attn_q.weight"] == "F16")
    #expect(types["blk.2.ffn_down_exps.weight"] == "Q4_K")
    #expect(types["output.weight"] == "F16")
    #expect(types["token_embd.weight"] == "Q5_0")
    #expect(outcome.errors.contains("the rule nowhere matches no tensor"))
  }

  @Test func `the importance matrix is used and named in the metadata`() throws {
    let matrix = try Zstd.expand("tiny-moe.imatrix.gguf", into: folder.url).path
    let out = folder.path("q.gguf")
    #expect(try run(out, "--type", "Q3_K_M", "--imatrix", matrix).status == 0)
    #expect(try run(folder.path("plain.gguf"), "--type", "Q3_K_M").status == 0)
    let written = try GGUFFile.open(out)
    #expect(written.metadata["quantize.imatrix.file"]?.text == matrix)
    #expect((written.metadata["quantize.imatrix.entries_count"]?.integer ?? 0) > 20)
    #expect(written.metadata["quantize.recipe"]?.text == "Q3_K_M")
    let plain = try GGUFFile.open(folder.path("plain.gguf"))
    let name = "blk.1.ffn_up_exps.weight"
    #expect(
      try written.bytes(of: written.tensor(name)) != plain.bytes(of: plain.tensor(name)))
  }

  @Test func `more effort means less error, and the file tells of it`() throws {
    try Data("effort = fast\n".utf8).write(to: folder.file("recipe.txt"))
    let recipe = folder.path("recipe.txt")
    var errors: [String: Double] = [:]
    for (effort, options) in [
      ("default", []), ("fast", ["--recipe", recipe]), ("best", ["--effort", "best"]),
    ] as [(String, [String])] {
      let out = folder.path("\(effort).gguf")
      let outcome = try Tool.run(
        ["requantize", model, out, "--type", "Q4_K_S", "--json"] + options)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let report = try json(outcome.output)
      #expect(report["effort"] as? String == effort)
      let roles = try #require(report["roles"] as? [[String: Any]])
      let up = try #require(roles.first { $0["role"] as? String == "ffn_up_exps" })
      errors[effort] = up["relative_error"] as? Double
      let text = try GGUFFile.open(out).metadata["quantize.recipe"]?.text
      #expect(text == "Q4_K_S" + (effort == "default" ? "" : "; effort=\(effort)"))
    }
    let (fast, usual) = (try #require(errors["fast"]), try #require(errors["default"]))
    #expect(try usual < fast && #require(errors["best"]) < usual)
  }

  @Test func `an option goes before the recipe file's effort`() throws {
    try Data("effort = fast\n".utf8).write(to: folder.file("recipe.txt"))
    let dry = try run(
      folder.path("q.gguf"), "--type", "Q4_0", "--recipe", folder.path("recipe.txt"), "--effort",
      "best", "--dry-run", "--json")
    #expect(try json(dry.output)["effort"] as? String == "best")
  }

  @Test func `shards have the reference's names and keys`() throws {
    #expect(try run(folder.path("s.gguf"), "--type", "Q8_0", "--split-max-size", "3M").status == 0)
    let file = try GGUFFile.open(folder.path("s-00002-of-00004.gguf"))
    #expect(file.files.count == 4)
    #expect(file.tensors.count == 43)
    #expect(file.metadata["split.count"] == .uint16(4))
    #expect(file.metadata["split.tensors.count"] == .int32(43))
    let again = try Tool.run([
      "requantize", folder.path("s-00001-of-00004.gguf"), folder.path("k.gguf"), "--type", "COPY",
      "--keep-split",
    ])
    #expect(again.status == 0, "\(again.errors)")
    let kept = try GGUFFile.open(folder.path("k-00004-of-00004.gguf"))
    #expect(kept.tensors.map(\.shard) == file.tensors.map(\.shard))
    let merged = try Tool.run([
      "requantize", folder.path("s-00003-of-00004.gguf"), folder.path("m.gguf"), "--type", "COPY",
    ])
    #expect(merged.status == 0)
    #expect(try GGUFFile.open(folder.path("m.gguf")).metadata["split.count"] == nil)
  }

  @Test func `metadata can be overridden`() throws {
    let out = folder.path("o.gguf")
    let outcome = try run(
      out, "--type", "Q8_0", "--override-kv", "llama.expert_used_count=int:3", "--override-kv",
      "general.name=str:a=b:c", "--override-kv", "x.y=float:1.5", "--override-kv", "z=bool:true",
      "--override-kv", "n=int:5000000000")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let metadata = try GGUFFile.open(out).metadata
    #expect(metadata["llama.expert_used_count"] == .uint32(3))
    #expect(metadata["general.name"]?.text == "a=b:c")
    #expect(metadata["x.y"] == .float32(1.5))
    #expect(metadata["z"] == .bool(true))
    #expect(metadata["n"] == .uint64(5_000_000_000))
  }

  @Test func `what cannot be done is said in a sentence`() throws {
    let out = folder.path("q.gguf")
    let quantized = folder.path("q8.gguf")
    #expect(try run(quantized, "--type", "Q8_0").status == 0)
    let matrix = try Zstd.expand("tiny-moe.imatrix.gguf", into: folder.url).path
    let cases: [([String], Int32, String)] = [
      ([matrix, out, "--type", "Q8_0"], 1, "expected a model, found an importance matrix"),
      ([folder.url.path, out, "--type", "Q8_0"], 1, "files in it are q8.gguf, tiny-moe-f16.gguf"),
      ([quantized, out, "--type", "Q4_K_M"], 1, "--allow-requantize"),
      ([model, model, "--type", "Q8_0"], 1, "would replace its own source"),
      ([model, out, "--type", "Q9"], 64, "there is no preset \"Q9\""),
      ([model, out], 64, "Expected --type, as in --type Q4_K_M, or --recipe"),
      (
        [model, out, "--type", "Q8_0", "--leave-output-tensor", "--output-tensor-type", "F16"], 64,
        "Only one of --leave-output-tensor"
      ),
      ([model, out, "--type", "Q8_0", "--layout", "mixed"], 64, "per-expert"),
      ([model, out, "--type", "Q8_0", "--effort", "most"], 64, "fast"),
      ([model, out, "--type", "IQ2_XXS", "--pure"], 1, "--allow-missing-imatrix"),
      ([model, out, "--type", "Q8_0", "--prune-layers", "9"], 64, "expected layers from 0 to 3"),
      ([model, out, "--type", "Q8_0", "--override-kv", "a=1"], 64, "--override-kv"),
      ([model, out, "--type", "Q8_0", "--imatrix", model], 1, "tiny-moe-f16.gguf"),
      (
        [model, out, "--type", "COPY", "--tensor-type", "attn_q=Q8_0"], 64, "COPY keeps all types"
      ),
      (
        [model, out, "--type", "COPY", "--imatrix", matrix, "--missing-type", "Q8_0", "--promote"],
        64, "found --missing-type"
      ),
      ([model, out, "--type", "copy", "--imatrix", matrix], 64, "expected no --imatrix"),
      ([model, out, "--type", "Q8_0", "--missing-type", "Q8_0"], 64, "expected --imatrix"),
      ([model, folder.url.path, "--type", "Q8_0"], 1, "found a folder"),
      ([model, folder.path("no/q.gguf"), "--type", "Q8_0"], 1, "no"),
      ([folder.path("missing.gguf"), out, "--type", "Q8_0"], 1, "missing.gguf: open failed"),
    ]
    for (arguments, status, text) in cases {
      let outcome = try Tool.run(["requantize"] + arguments)
      #expect(outcome.status == status, "\(arguments) \(outcome.errors)")
      #expect(outcome.errors.contains(text), "\(arguments) \(outcome.errors)")
      #expect(!Disk.exists(out))
    }
  }

  @Test func `a quantized model may be quantized again with leave`() throws {
    let quantized = folder.path("q8.gguf")
    #expect(try run(quantized, "--type", "Q8_0").status == 0)
    let dry = try Tool.run([
      "requantize", quantized, folder.path("q4.gguf"), "--type", "Q4_0", "--dry-run",
    ])
    #expect(dry.errors.contains("without --allow-requantize will be refused"))
    let again = try Tool.run([
      "requantize", quantized, folder.path("q4.gguf"), "--type", "Q4_0", "--allow-requantize",
    ])
    #expect(again.status == 0, "\(again.errors)")
  }

  @Test func `a model of 93 GB is planned from its header`() throws {
    let url = try Zstd.expand(
      "mixtral-8x7b-f16.header.gguf", into: folder.url, size: 93_408_959_584)
    let outcome = try Tool.run([
      "requantize", url.path, folder.path("q.gguf"), "--type", "Q4_K_M", "--dry-run", "--json",
    ])
    #expect(outcome.status == 0)
    #expect(try json(outcome.output)["tensors_lacking_importance"] as? [String] == [])
    let total = try #require(json(outcome.output)["total_bytes"] as? Int)
    #expect((28_448_472_160..<28_448_473_000).contains(total))
  }

  @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer leaves no room to map terabytes"))
  func `a full disk is noticed before the first byte`() throws {
    // Eight terabytes of holes, which no test machine has room to copy.
    let tensor = TensorDescription(
      name: "blk.0.ffn_up.weight", dimensions: [1 << 23, 1 << 20], type: .I8)
    let layout = try GGUFLayout(path: "", metadata: Metadata(), tensors: [tensor])
    let path = try folder.write(layout.header, "huge.gguf")
    let handle = try FileHandle(forWritingTo: folder.file("huge.gguf"))
    try handle.truncate(atOffset: UInt64(layout.byteCount))
    let outcome = try Tool.run(["requantize", path, folder.path("q.gguf"), "--type", "COPY"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("bytes free on its disk"))
    #expect(!Disk.exists(folder.path("q.gguf.partial")))
    #expect(!Disk.exists(folder.path("q.gguf.journal")))
  }

  /// A model in F32 with a weight that no 16-bit scale reaches, and rows that K-quants do not fit.
  private func writeOddModel() throws -> String {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    model.metadata["llama.block_count"] = .uint32(9)
    for layer in 0..<9 {
      var bytes = [UInt8](repeating: 0x3C, count: 288 * 4 * 4)
      if layer == 4 { bytes.replaceSubrange(40..<44, with: [0, 0, 0, 0x7D]) }
      model.add("blk.\(layer).attn_q.weight", [288, 4], .F32, bytes: bytes)
    }
    try model.write(to: folder.path("odd.gguf"))
    return folder.path("odd.gguf")
  }

  @Test func `a lost weight is a warning, and an error of a strict run`() throws {
    let (odd, out) = (try writeOddModel(), folder.path("out.gguf"))
    let told = try Tool.run(["requantize", odd, out, "--type", "Q8_0", "--json"])
    #expect(told.status == 0)
    #expect(told.errors.contains("blk.4.attn_q.weight: 1 weight is larger than Q8_0 can hold"))
    #expect(told.errors.contains("1.0633824e+37"))
    let losses = try #require(json(told.output)["losses"] as? [[String: Any]])
    #expect(losses.count == 1 && losses[0]["weights"] as? Int == 1)
    try FileManager.default.removeItem(atPath: out)
    let strict = try Tool.run(["requantize", odd, out, "--type", "Q8_0", "--strict"])
    #expect(strict.status == 1)
    #expect(strict.errors.contains("tensor \"blk.4.attn_q.weight\": row 0, column 10: expected"))
    #expect(!strict.errors.contains("kept"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
        .allSatisfy { !$0.hasPrefix("out") })
  }

  @Test func `tensors that get another type are told in one line`() throws {
    let outcome = try Tool.run(
      ["requantize", try writeOddModel(), folder.path("out.gguf"), "--type", "Q4_K_S", "--dry-run"])
    let lines = outcome.errors.split(separator: "\n").filter { $0.contains("whole blocks") }
    #expect(lines.count == 1)
    #expect(lines.first?.contains("288 weights are not whole blocks of Q4_K: using Q5_0") == true)
    #expect(lines.first?.contains("for 9 tensors, blk.0.attn_q.weight") == true)
    #expect(lines.first?.hasSuffix("and 1 more") == true)
  }

  @Test(arguments: ["Q8_K", "Q8_1"])
  func `a type for activations is a warning, and an error of a strict run`(type: String) throws {
    let options = ["--type", "Q8_0", "--dry-run", "--tensor-type", "blk.0.attn_q=\(type)"]
    let told = try Tool.run(["requantize", model, folder.path("out.gguf")] + options)
    #expect(told.status == 0)
    #expect(told.errors.contains("blk.0.attn_q.weight: \(type) is a type for activations"))
    let strict = try Tool.run(["requantize", model, folder.path("out.gguf"), "--strict"] + options)
    #expect(strict.status == 1 && strict.errors.contains("is a type for activations"))
  }

  @Test func `a window that moves with its layer is told`() throws {
    var gemma = ModelFile()
    gemma.metadata["general.architecture"] = .string("gemma2")
    gemma.metadata["gemma2.block_count"] = .uint32(4)
    for layer in 0..<4 { gemma.add("blk.\(layer).attn_q.weight", [32, 4]) }
    try gemma.write(to: folder.path("g.gguf"))
    let words = ["requantize", folder.path("g.gguf"), folder.path("out.gguf"), "--type", "COPY"]
    let told = try Tool.run(words + ["--prune-layers", "1"])
    #expect(told.status == 0)
    #expect(told.errors.contains("the key gemma2.attention.sliding_window_pattern now lists"))
    let quiet = try Tool.run(words + ["--prune-layers", "0-1"])
    #expect(quiet.status == 0 && !quiet.errors.contains("sliding_window_pattern"))
    let strict = try Tool.run(words + ["--prune-layers", "1", "--strict", "--dry-run"])
    #expect(strict.status == 1 && strict.errors.contains("sliding_window_pattern"))
  }
}
