// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("gguf-tool inspect")
struct InspectTests {
  private let folder: TemporaryFolder
  private let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path
  }

  private func run(_ arguments: String...) throws -> Tool.Outcome {
    try Tool.run(["inspect"] + arguments)
  }

  private func json(_ arguments: String...) throws -> [String: Any] {
    let outcome = try Tool.run(["inspect", "--json"] + arguments)
    try #require(outcome.status == 0, "\(outcome.errors)")
    return try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  @Test func `the model in a few numbers`() throws {
    let outcome = try run(model)
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    for text in [
      "tiny-moe", "8.14 M, 3.42 M of them active per token", "15.59 MiB (16.34 MB)",
      "mostly F16 (> 99 % of weights)", "8, 2 used per token", "GGUF 3, 43 tensors",
      "blk.0-3: 4 layers", "ffn_gate_exps", "256 × 256 × 8",
    ] {
      #expect(outcome.output.contains(text), "\(text)")
    }
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(!outcome.output.contains("\u{1B}"))
  }

  @Test func `parts are chosen one by one`() throws {
    let titles = [
      "--types": "Types", "--experts": "Experts", "--layers": "Layers", "--files": "Files",
      "--metadata": "Metadata", "--tensors": "Tensors",
    ]
    for (flag, title) in titles {
      let outcome = try run(model, flag)
      #expect(outcome.status == 0)
      #expect(outcome.output.hasPrefix(title + "\n"), "\(flag)")
      for other in titles.values where other != title {
        #expect(!outcome.output.contains("\n\(other)\n"), "\(flag)")
      }
    }
    #expect(try run(model, "--summary").output.hasPrefix(model + "\n"))
  }

  @Test func `everything, nothing shortened`() throws {
    let full = try run(model, "--full")
    for title in ["Types", "Experts", "Layers", "Files", "Metadata", "Tensors"] {
      #expect(full.output.contains("\n\(title)\n"))
    }
    #expect(full.output.contains("\"<0xFF>\""))
    #expect(try !run(model, "--metadata").output.contains("\"<0xFF>\""))
  }

  @Test func `a filter chooses tensors`() throws {
    let outcome = try run(model, "--filter", #"blk\.[12]\.attn_q"#)
    let lines = outcome.output.split(separator: "\n").filter { $0.contains("attn_q.weight") }
    #expect(lines.count == 2)
    let bad = try run(model, "--filter", "(")
    #expect(bad.status == 64)
    #expect(bad.errors.contains("is not a regular expression"))
  }

  @Test func `JSON holds every part`() throws {
    let object = try json(model)
    let summary = try #require(object["summary"] as? [String: Any])
    #expect(summary["file_bytes"] as? Int == 16_342_784)
    #expect(summary["active_weight_count"] as? Int == 3_418_368)
    #expect(summary["file_type"] as? String == "F16")
    let tensors = try #require(object["tensors"] as? [[String: Any]])
    #expect(tensors.count == 43)
    #expect(tensors.first?["dimensions"] as? [Int] != nil)
    let metadata = try #require(object["metadata"] as? [String: [String: Any]])
    #expect(metadata["general.name"]?["value"] as? String == "tiny-moe")
    #expect(metadata["tokenizer.ggml.tokens"]?["count"] as? Int == 2048)
    #expect((metadata["tokenizer.ggml.tokens"]?["values"] as? [String])?.count == 64)
    #expect((object["types"] as? [[String: Any]])?.first?["type"] as? String == "F16")
    #expect((object["experts"] as? [String: Any])?["used_count"] as? Int == 2)
    #expect((object["layer_groups"] as? [Any])?.count == 2)
    #expect((object["files"] as? [Any])?.count == 1)
    #expect((object["warnings"] as? [Any])?.isEmpty == true)
    let full = try #require(json(model, "--full")["metadata"] as? [String: [String: Any]])
    #expect((full["tokenizer.ggml.tokens"]?["values"] as? [String])?.count == 2048)
  }

  @Test func `JSON survives values of every type`() throws {
    try ModelFile.everyType.write(to: folder.path("all.gguf"))
    let metadata = try #require(json(folder.path("all.gguf"))["metadata"] as? [String: Any])
    #expect(metadata.count == ModelFile.everyType.metadata.entries.count)
    #expect(try run(folder.path("all.gguf"), "--full").status == 0)
  }

  @Test func `one tensor is decoded and described`() throws {
    let outcome = try run(model, "--tensor", "blk.0.ffn_up_exps.weight", "--values", "5")
    #expect(outcome.status == 0)
    for text in ["256 × 256 × 8", "16.00 bits/weight", "First 5 weights", "Histogram", "█"] {
      #expect(outcome.output.contains(text))
    }
    let object = try json(model, "--tensor", "output_norm.weight")
    let statistics = try #require(object["statistics"] as? [String: Any])
    #expect(statistics["weight_count"] as? Int == 256)
    #expect((statistics["first_values"] as? [Double])?.count == 16)
    let missing = try run(model, "--tensor", "nothing")
    #expect(missing.status == 1)
    #expect(missing.errors.contains("there is no tensor \"nothing\""))
    let near = try run(model, "--tensor", "output_nrom.weight")
    #expect(near.status == 1 && near.errors.contains("(did you mean output_norm.weight?)"))
  }

  @Test func `importance matrices are recognised`() throws {
    for (vector, kind) in [("gguf", "GGUF"), ("dat", "older format")] {
      let path = try Zstd.expand("tiny-moe.imatrix.\(vector)", into: folder.url).path
      let outcome = try run(path)
      #expect(outcome.status == 0)
      #expect(outcome.output.contains("importance matrix (\(kind))"))
      #expect(outcome.output.contains("8 in 12 tensors, all reached"))
      let matrix = try #require(json(path)["importance_matrix"] as? [String: Any])
      #expect((matrix["entries"] as? [Any])?.count == 32)
    }
  }

  @Test func `a download in progress is shown as far as it goes`() throws {
    let handle = try FileHandle(forWritingTo: URL(filePath: model))
    try handle.truncate(atOffset: 8_000_000)
    try handle.close()
    let outcome = try run(model)
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("48.9 % present, 20 of 43 tensors complete"))
    #expect(outcome.output.contains("15.59 MiB (16.34 MB), 7.63 MiB of it present"))
    let tensor = try run(model, "--tensor", "output.weight")
    #expect(tensor.status == 1 && tensor.errors.contains("before the end of the file"))
  }

  @Test func `shards are shown as one model`() throws {
    let split = try Tool.run([
      "requantize", model, folder.path("s.gguf"), "--type", "Q8_0", "--split-max-size", "3M",
    ])
    #expect(split.status == 0, "\(split.errors)")
    let outcome = try run(folder.path("s-00002-of-00004.gguf"))
    #expect(outcome.output.contains("43 tensors in 4 files"))
    #expect(outcome.output.contains("\nFiles\n"))
    #expect(try json(folder.path("s-00001-of-00004.gguf"))["files"] as? [Any] != nil)
  }

  @Test func `one shard is enough, and the others are named`() throws {
    let split = try Tool.run([
      "requantize", model, folder.path("s.gguf"), "--type", "Q8_0", "--split-max-size", "3M",
    ])
    #expect(split.status == 0, "\(split.errors)")
    let whole = try Tool.run(["tokenize", model, "--text", "hi there", "--ids"]).output
    for number in 2...4 {
      try FileManager.default.removeItem(atPath: folder.path("s-0000\(number)-of-00004.gguf"))
    }
    try FileManager.default.copyItem(
      atPath: folder.path("s-00001-of-00004.gguf"), toPath: folder.path("blob"))
    for name in ["s-00001-of-00004.gguf", "blob"] {
      let outcome = try run(folder.path(name))
      #expect(outcome.status == 0, "\(outcome.errors)")
      let sentence = outcome.output.replacing("\n  ", with: " ")
      #expect(sentence.contains("shards 2, 3, 4 of 4 are not there"))
      let object = try json(folder.path(name))
      let warnings = try #require(object["warnings"] as? [[String: Any]])
      #expect(warnings.map { $0["kind"] as? String } == ["missing_shards"])
      let tokens = try Tool.run(["tokenize", folder.path(name), "--text", "hi there", "--ids"])
      #expect(tokens.output == whole && tokens.errors.contains("are not there"))
      let size = try Tool.run(["size-estimate", folder.path(name)])
      #expect(size.status == 0 && size.errors.contains("are not there"), "\(size.errors)")
      #expect(try Tool.run(["verify", folder.path(name)]).status == 1)
    }
  }

  @Test func `all of an importance matrix is shown`() throws {
    let path = try Zstd.expand("tiny-moe.imatrix.gguf", into: folder.url).path
    let short = try run(path).output
    let full = try run(path, "--full").output
    #expect(full.hasPrefix(short) && full.contains("blk.0.attn_q.weight.in_sum2"))
  }

  @Test func `a model of 93 GB is shown at once and in little memory`() throws {
    let url = try Zstd.expand(
      "mixtral-8x7b-f16.header.gguf", into: folder.url, size: 93_408_959_584)
    let start = ContinuousClock.now
    let outcome = try run(url.path)
    // Half a second even on a busy machine; 0.03 s on a quiet one.
    #expect(Sanitizer.isOn || ContinuousClock.now - start < .milliseconds(500))
    #expect(outcome.output.contains("46.7 B, 12.9 B of them active per token"))
    #expect(outcome.output.contains("86.99 GiB (93.41 GB), 16.00 bits/weight"))
  }

  @Test func `what cannot be read is said in a sentence`() throws {
    let cases: [(bytes: [UInt8], text: String)] = [
      ([], "4 bytes"), (Array(repeating: 0, count: 64), "interrupted"),
      (Array("hello, this is no model".utf8), "expected \"GGUF\""),
    ]
    for (bytes, text) in cases {
      let outcome = try run(try folder.write(bytes, "bad.gguf"))
      #expect(outcome.status == 1)
      #expect(outcome.errors.hasPrefix("Error: ") && outcome.errors.contains(text))
      #expect(outcome.output.isEmpty)
    }
    #expect(try run(folder.path("missing.gguf")).errors.contains("open failed"))
    #expect(try run().status == 64)
    #expect(try run(model, "--values", "-1").status == 64)
  }

  @Test func `names in a file cannot steer the terminal`() throws {
    var hostile = ModelFile()
    hostile.metadata["general.name"] = .string("\u{1B}[2Jgone\u{7}")
    hostile.add("a", [4])
    try hostile.write(to: folder.path("hostile.gguf"))
    let outcome = try run(folder.path("hostile.gguf"), "--full")
    #expect(!outcome.output.contains("\u{1B}") && !outcome.output.contains("\u{7}"))
    #expect(outcome.output.contains("\\u{1B}[2Jgone\\u{7}"))
  }

  @Test func `a reader that goes away ends the program quietly`() throws {
    let pipe = Pipe()
    let errors = Pipe()
    try pipe.fileHandleForReading.close()
    let process = try Tool.start(["inspect", model, "--full"], output: pipe, errors: errors)
    process.waitUntilExit()
    try errors.fileHandleForWriting.close()
    #expect(process.terminationStatus == 0)
    #expect(process.terminationReason == .exit)
    #expect(errors.fileHandleForReading.readDataToEndOfFile().isEmpty)
  }

  @Test func `a full disk is an error`() throws {
    let process = try Tool.start(
      ["inspect", model], output: FileHandle(forWritingAtPath: "/dev/full"))
    process.waitUntilExit()
    #expect(process.terminationStatus == 1)
  }
}
