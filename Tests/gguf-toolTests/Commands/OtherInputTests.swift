// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Files that are no models, given to commands as models.
@Suite("Inputs of another kind") struct OtherInputTests {
  private let testing: EvaluationTesting

  init() throws {
    testing = try EvaluationTesting()
    let gathered = try testing.run(
      "imatrix", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "-o", "i.gguf")
    #expect(gathered.status == 0, "\(gathered.errors)")
    try Self.projector.write(to: testing.folder.path("mmproj.gguf"))
    try Self.adapter.write(to: testing.folder.path("lora.gguf"))
  }

  private static var projector: ModelFile {
    var file = ModelFile()
    file.metadata["general.architecture"] = .string("clip")
    file.metadata["clip.has_vision_encoder"] = .bool(true)
    file.add("v.blk.0.attn_q.weight", [32, 32])
    return file
  }

  private static var adapter: ModelFile {
    var file = ModelFile()
    file.metadata["general.architecture"] = .string("llama")
    file.metadata["general.type"] = .string("adapter")
    file.add("blk.0.attn_q.weight.lora_a", [32, 4])
    file.add("blk.0.attn_q.weight.lora_b", [4, 32])
    return file
  }

  /// The commands that need a model.
  static let commands: [[String]] = [
    ["perplexity", "MODEL", "--corpus", "text.txt", "--ctx", "16"],
    ["imatrix", "MODEL", "--corpus", "text.txt", "--ctx", "16", "-o", "new.gguf"],
    ["sensitivity", "MODEL", "--corpus", "text.txt", "--ctx", "16", "-o", "d.json"],
    ["hessians", "MODEL", "--corpus", "text.txt", "--ctx", "16", "-o", "h.gguf"],
    ["logits", "MODEL", "--ids", "1,2,3"], ["tokenize", "MODEL", "--text", "a"],
    ["size-estimate", "MODEL"], ["split-experts", "MODEL", "out.gguf", "--layout", "per-expert"],
  ]

  @Test(arguments: commands) func `what is no model is named`(_ command: [String]) throws {
    for (file, words) in [
      ("i.gguf", "expected a model, found an importance matrix"),
      ("mmproj.gguf", "expected a model, found a projector (mmproj)"),
      ("lora.gguf", "expected a model, found an adapter (LoRA)"),
    ] {
      let arguments = command.map { $0 == "MODEL" ? file : $0 }
      let error = try testing.error(arguments, warnings: true)
      #expect(error.hasPrefix("\(file): \(words)"), "\(arguments) \(error)")
    }
  }

  @Test func `an importance matrix is not requantized`() throws {
    let error = try testing.error(["requantize", "i.gguf", "out.gguf", "--type", "Q8_0"])
    #expect(error.contains("expected a model, found an importance matrix"))
    #expect(!FileManager.default.fileExists(atPath: testing.folder.path("out.gguf")))
  }

  @Test func `a configuration given as a model points to the option`() throws {
    _ = try testing.folder.write(Array("{\"model_type\": \"llama\"}".utf8), "config.json")
    let outcome = try testing.run("size-estimate", "config.json")
    #expect(outcome.status == 64 && outcome.errors.contains("--config"), "\(outcome.errors)")
    let other = try testing.error(["inspect", "config.json"])
    #expect(other.contains("JSON text, perhaps the configuration of a model"))
  }

  @Test func `windows beyond the trained context are told of, once`() throws {
    _ = try testing.folder.write(
      Array(String(repeating: EvaluationTesting.text, count: 4).utf8), "long.txt")
    for ctx in [64, 65] {
      let outcome = try testing.run(
        "perplexity", "model.gguf", "--corpus", "long.txt", "long.txt", "--ctx", "\(ctx)",
        "--chunks", "2", "--base", "model.gguf")
      #expect(outcome.status == 0)
      let warnings = outcome.errors.split(separator: "\n").filter { $0.contains("64 tokens") }
      #expect(warnings.count == (ctx > 64 ? 1 : 0), "\(outcome.errors)")
    }
  }

  @Test func `a matrix of a deeper model is told of`() throws {
    let words = ["requantize", "model.gguf", "cut.gguf", "--type", "COPY", "--prune-layers", "0"]
    #expect(try Tool.run(words, in: testing.folder.url).status == 0)
    let outcome = try testing.run(
      "requantize", "cut.gguf", "out.gguf", "--type", "Q8_0", "--imatrix", "i.gguf", "--json")
    #expect(outcome.status == 0 && outcome.errors.contains("blk.1."), "\(outcome.errors)")
    #expect(outcome.output.contains("\"surplus_entries\""))
    let text = ["--corpus", "text.txt", "--ctx", "16", "-o", "x"]
    for words in [
      ["plan", "cut.gguf", "--target-bpw", "14", "-o", "x"],
      ["sensitivity", "cut.gguf", "--types", "Q8_0"] + text,
      ["frontier", "cut.gguf", "--budgets", "16", "--uniform", "Q8_0", "--experts", "0"] + text
        + ["--low-type", "Q8_0"],
    ] {
      let found = try Tool.run(words + ["--imatrix", "i.gguf"], in: testing.folder.url)
      #expect(found.status == 0, "\(words) \(found.errors)")
      let warnings = found.errors.split(separator: "\n").filter { $0.contains("does not have") }
      #expect(warnings.count == 1 && warnings[0].contains("blk.1."), "\(words) \(found.errors)")
    }
    let whole = try testing.run(
      "requantize", "model.gguf", "whole.gguf", "--type", "Q8_0", "--imatrix", "i.gguf")
    #expect(whole.status == 0 && !whole.errors.contains("does not have"), "\(whole.errors)")
  }

  @Test func `weights that are not finite end the command`() throws {
    var model = TinyLlama()
    model.weights["blk.1.attn_norm.weight"]?[3] = .nan
    try model.file().write(to: testing.folder.path("nan.gguf"))
    for words in Self.commands.prefix(4) {
      let error = try testing.error(words.map { $0 == "MODEL" ? "nan.gguf" : $0 }, warnings: true)
      #expect(error.contains("tensor \"blk.1.attn_norm.weight\", layer 1"), "\(error)")
    }
  }
}
